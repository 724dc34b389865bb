// From a step's log file into the pipe of one who reads it.
#pragma once

#include <stepop/plugin.hpp>

#include "descriptor.hpp"

namespace stepop::local {

class LogReader {
 public:
  LogReader(std::string file, const plugin::LogOptions& options, std::shared_ptr<plugin::LogPipe> pipe);

  // Hands on what is in the file, until the pipe is full. `ended`: nothing is written to it any more. Returns true when the
  // reader is done: its END is in the pipe, or the host has closed it.
  bool pump(bool ended);

 private:
  // Where to begin: at the last `tail_lines` lines.
  void seek_tail();
  void push_line(std::string_view line, bool partial);

  std::string path_;
  Descriptor file_;
  bool follow_;
  std::optional<std::int64_t> tail_lines_;
  std::shared_ptr<plugin::LogPipe> pipe_;
  std::string line_;  // begun, and its newline not seen yet
  bool full_ = false;
};

}  // namespace stepop::local
