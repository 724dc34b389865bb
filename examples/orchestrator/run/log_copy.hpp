// The host's own copy of a step's log: it is there when the step's pod is gone.
//
// The copy only grows. When a log is read again from its beginning (after a resume), the lines that
// the copy has are skipped: each line of the stream is looked for in the copy, onward from the line
// found last, until one is not there; from then on everything is new. So a log whose older lines
// were rotated away meanwhile repeats nothing.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace stepop::orchestrator {

class LogCopy {
 public:
  // Opens or makes the file (mode 0600). Throws std::runtime_error.
  LogCopy(std::filesystem::path file, std::filesystem::path complete_file);
  ~LogCopy();
  LogCopy(const LogCopy&) = delete;
  LogCopy& operator=(const LogCopy&) = delete;

  // A line, without its newline, or with `partial` a piece of one.
  void add_line(std::string_view data, bool partial);
  // Says in the copy that lines were lost where they were kept. `detail`: the gap record's JSON.
  void add_gap(std::string_view detail);
  // What was added is in the file when this returns.
  void flush();
  // Nothing follows: makes the file that says so.
  void complete();

 private:
  bool is_in_copy(const std::string& line);
  void add_whole_line(const std::string& line);

  std::filesystem::path file_;
  std::filesystem::path complete_file_;
  int fd_ = -1;
  std::ifstream old_;  // open while the stream catches up with the copy
  bool catching_up_ = false;
  std::string piece_;    // of a line, while catching up
  std::string pending_;  // not written yet
};

// The last `most` lines of a file, each shortened to `longest` bytes; empty when it cannot be read.
std::string last_lines(const std::filesystem::path& file, std::size_t most, std::size_t longest);

}  // namespace stepop::orchestrator
