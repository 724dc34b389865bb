// What the verbs of the command line do. Each returns the exit status.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "commands/output.hpp"
#include "commands/stack_commands.hpp"

namespace stepop::orchestrator {

// Exit statuses.
inline constexpr int kAllSucceeded = 0;
inline constexpr int kStepDidNotSucceed = 1;
inline constexpr int kNotWell = 1;       // of doctor: a check found an error
inline constexpr int kBadInput = 2;      // nothing was created
inline constexpr int kStepopFailed = 3;  // this process could not go on; what runs, runs on
// As a shell has it for a process that SIGINT ended: the user left, the steps run on.
inline constexpr int kLeft = 130;

struct RunCommand {
  std::string pipeline;               // a file; empty with `resume`
  std::optional<std::string> stack;   // a file or a name; else $STEPOP_STACK, else the active one
  std::optional<std::string> config;  // a file: the runtime configuration
  std::string resume;                 // a run
  std::optional<std::string> run_name;
  std::size_t max_parallel = 0;
  bool fail_fast = false;
  bool dry_run = false;
  Output output = Output::text;
  std::vector<std::string> plugin_directories;
  std::optional<std::string> state_directory;
};
int run(const RunCommand&);
int resume(const RunCommand&);

struct LogsCommand {
  std::string run;
  std::string step;
  bool follow = false;
  std::optional<std::string> state_directory;
};
int logs(const LogsCommand&);

struct PsCommand {
  Output output = Output::text;
  std::size_t most = 20;
  std::optional<std::string> state_directory;
};
int ps(const PsCommand&);

struct CancelCommand {
  std::string run;
  std::vector<std::string> plugin_directories;
  std::optional<std::string> state_directory;
};
int cancel(const CancelCommand&);

struct DoctorCommand {
  StackOptions options;
  std::string name;  // of a step operator; "" for all
};
int doctor(const DoctorCommand&);

struct VersionCommand {
  Output output = Output::text;
};
int version(const VersionCommand&);
std::string version_line();  // for people

}  // namespace stepop::orchestrator
