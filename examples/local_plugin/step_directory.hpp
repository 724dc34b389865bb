// One step on the disk (see record.hpp for its files): who runs it, how far it is, how it ended.
#pragma once

#include <optional>
#include <string>

#include "descriptor.hpp"
#include "record.hpp"
#include "request.hpp"

namespace stepop::local {

// The file `step`.
struct StepRecord {
  std::string owner;
  std::string step_run_id;
  std::string hash;
  Cleanup cleanup = Cleanup::on_success;
  std::chrono::milliseconds termination_grace{};
  std::map<std::string, std::string> labels;
};

// The file `begun`.
struct Supervisor {
  pid_t pid = 0;
  long long start_time = 0;
};

// The file `end`.
struct End {
  std::optional<long long> exit_code;
  std::optional<long long> signal;
  std::optional<long long> exec_errno;  // it could not be started
  std::string what;                     // what could not: "command", "working_directory", "log"
  bool cancelled = false;
  long long started_us = 0;  // 0: its code never ran
  long long finished_us = 0;
};

class StepDirectory {
 public:
  // Of one step. Touches nothing.
  StepDirectory(const std::string& state_directory, std::string_view owner, std::string_view step_run_id);
  explicit StepDirectory(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  std::string log() const { return path_ + "/log"; }
  bool exists() const;

  // Makes the directory, for us alone to read. Throws plugin::Error.
  void create() const;

  enum class Lock { absent, held, ours };
  // Tries to take the step's lock. `absent`: there is no such directory. `ours`: nobody else starts or runs the step
  // while `*lock` is open. Throws plugin::Error for what else may go wrong.
  Lock lock(Descriptor* lock) const;

  std::optional<StepRecord> record() const;
  void write(const StepRecord& record) const;  // throws plugin::Error
  std::optional<Supervisor> begun() const;
  // Its pid and when it started.
  struct Started {
    pid_t pid = 0;
    long long started_us = 0;
  };
  std::optional<Started> started() const;
  std::optional<End> end() const;
  // Writes an end for a step whose code never ran; with the lock ours. Throws plugin::Error.
  void write_end(const End& end) const;
  // Whose it is from now on, and is; an operator's name is its instance. Throws plugin::Error.
  void hand_to(const std::string& instance) const;
  std::optional<std::string> instance() const;
  // Asks the supervisor to stop it; takes effect when that is told, or looks. Throws plugin::Error.
  void ask_to_cancel(std::chrono::milliseconds grace) const;
  bool asked_to_cancel() const;
  // What it wrote as its result, one byte more than allowed at most.
  std::optional<std::string> result() const;
  // The last lines of its log, bounded.
  std::string log_tail() const;

  // Removes the directory; with the lock ours. False when something is left.
  bool remove() const;

 private:
  std::string path_;
};

// What the name of a directory that is being removed ends with.
inline constexpr std::string_view removed_suffix = ".removed";

// How large a result may be: as in a pod with one container, so that a step can move between flavors.
inline constexpr std::size_t max_result_size = 4096;

// "2026-01-31T12:00:00.000000Z"
std::string rfc3339(long long us);

}  // namespace stepop::local
