// The host's own copy of a step's log: it is there when the step's pod is gone.
//
// The copy only grows, but for a line that its writer left unfinished: that is taken off, and stands there again when it was
// read again, or at the end. When a log is read again from its beginning (after a resume), the lines that the copy has are
// skipped, pod by pod (LogCatchUp). What cannot be read again any more is no loss where the copy has it: a gap is told only
// when the next line of its pod is new.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "run/log_catch_up.hpp"

namespace stepop::orchestrator {

class LogCopy {
 public:
  // Opens or makes the file (mode 0600). Throws std::runtime_error.
  LogCopy(std::filesystem::path file, std::filesystem::path complete_file);
  ~LogCopy();
  LogCopy(const LogCopy&) = delete;
  LogCopy& operator=(const LogCopy&) = delete;

  // A pod's line, without its newline, or with `partial` a piece of one, which only the first pod may give.
  void add_line(std::uint32_t pod, std::string_view data, bool partial);
  // Says in the copy, by this line, that lines of this pod were lost where they were kept.
  void add_gap(std::uint32_t pod, std::string_view line);
  // What was added is in the file when this returns.
  void flush();
  // Nothing follows: makes the file that says so.
  void complete();

 private:
  void add_whole_line(std::uint32_t pod, const std::string& line);
  void end_catching_up(std::uint32_t pod);
  void append(std::string_view line);

  std::filesystem::path file_;
  std::filesystem::path complete_file_;
  int fd_ = -1;
  LogCatchUp catch_up_;
  std::map<std::uint32_t, std::vector<std::string>> gaps_;  // of pods that are catching up: perhaps none for the copy
  std::string torn_;                                        // the unfinished line that was taken off
  std::string piece_;                                       // of a line that is compared when it is whole
  std::string pending_;                                     // not written yet
};

// What stands in a copy for lines that were lost. `detail`: a gap record's JSON.
std::string gap_line(std::string_view detail);

// The last `most` lines of a file, each shortened to `longest` bytes; empty when it cannot be read.
std::string last_lines(const std::filesystem::path& file, std::size_t most, std::size_t longest);

}  // namespace stepop::orchestrator
