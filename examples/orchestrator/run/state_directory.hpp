// Where stepop keeps what must outlive it:
//
//   <state directory>/journal.db          the journal
//                     owner               the id of this state directory, the `owner` of all its
//                     step operators runs/<run id>/lock      held by the process that drives the
//                     run
//                                   control   a pipe to that process
//                                   <step>.log, <step>.log.complete    the host's copy of a step's
//                                   log
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace stepop::orchestrator {

class StateDirectory {
 public:
  // Makes it (mode 0700). Throws BadInput when that is not possible.
  // `chosen`: --state-dir; else $STEPOP_STATE_DIR, $XDG_STATE_HOME/stepop, ~/.local/state/stepop.
  static StateDirectory open(const std::optional<std::string>& chosen);
  // Whether `open` would find it; makes nothing.
  static bool is_there(const std::optional<std::string>& chosen);

  std::filesystem::path path() const { return path_; }
  std::string journal_file() const { return path_ / "journal.db"; }
  // Made once (mode 0600), 32 hexadecimal digits. Two processes that make it at once get the same.
  std::string owner() const;
  std::filesystem::path run_directory(const std::string& run_id) const;
  std::filesystem::path log_file(const std::string& run_id, const std::string& step) const;
  // An empty file: it is there when the log copy will not grow any more.
  std::filesystem::path log_complete_file(const std::string& run_id, const std::string& step) const;

 private:
  explicit StateDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// 32 hexadecimal digits from the kernel's random source.
std::string random_id();

}  // namespace stepop::orchestrator
