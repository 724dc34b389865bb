#include "outcome.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <system_error>

namespace stepop::local {
namespace {

using plugin::State;
using plugin::StepState;

// What a shell reports for a command that a signal ended.
constexpr long long signal_exit_code = 128;

StepState not_well(const std::string& step_run_id, State state, std::string_view reason, std::string message,
                   std::string_view hint, bool retryable, std::string_view user_code_ran) {
  StepState out;
  out.step_run_id = step_run_id;
  out.state = state;
  out.detail = {{"reason", reason},
                {"message", std::move(message)},
                {"hint", hint},
                {"retryable", retryable},
                {"user_code_ran", user_code_ran}};
  return out;
}

std::string error_text(long long error) {
  return std::generic_category().message(static_cast<int>(error));
}

StepState not_started(const std::string& id, const End& end) {
  const std::string why = error_text(*end.exec_errno);
  if (end.what == "working_directory")
    return not_well(id, State::failed, "CannotRun", "cannot enter the working directory: " + why,
                    "see settings.working_directory", false, "no");
  if (end.what == "supervisor")
    return not_well(id, State::failed, "CannotRun", "the step's supervisor did not start: " + why,
                    "see whether the state directory's disk is full, and the plugin is installed "
                    "whole",
                    true, "no");
  if (end.what == "log")
    return not_well(id, State::failed, "CannotRun", "cannot write the step's log: " + why,
                    "see whether the state directory's disk is full", true, "no");
  return not_well(id, State::failed, "CannotRun", "cannot run the command: " + why,
                  *end.exec_errno == ENOENT ? "is it installed, and in PATH?" : "see the first word of `command`",
                  false, "no");
}

// JSON has numbers that no double can hold (9e999). Boost.JSON reads them as an infinity, or as NaN, and would write them
// as a word that is no JSON.
bool is_within_doubles(const json::value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* array = value.if_array()) return std::all_of(array->begin(), array->end(), is_within_doubles);
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(),
                       [](const auto& member) { return is_within_doubles(member.value()); });
  }
  return true;
}

StepState by_itself(const std::string& id, const StepDirectory& directory, const End& end) {
  if (end.signal) {
    const auto number = static_cast<int>(*end.signal);
    StepState out = not_well(id, State::failed, "NonZeroExit",
                             "ended by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")",
                             number == SIGKILL ? "was the machine out of memory?" : "", false, "yes");
    out.detail["exit_code"] = signal_exit_code + number;
    return out;
  }
  const long long exit_code = end.exit_code.value_or(0);
  if (exit_code != 0) {
    StepState out = not_well(id, State::failed, "NonZeroExit", "ended with exit code " + std::to_string(exit_code),
                             "see the step's log", false, "yes");
    out.detail["exit_code"] = exit_code;
    return out;
  }

  StepState out;
  out.step_run_id = id;
  out.state = State::succeeded;
  out.detail = {{"exit_code", 0}, {"user_code_ran", "yes"}};
  const std::optional<std::string> result = directory.result();
  if (!result || result->empty()) return out;
  json::error_code error;
  if (result->size() <= max_result_size) {
    json::value value = json::parse(*result, error);
    if (!error && !is_within_doubles(value)) error = json::error::exponent_overflow;
    if (!error) {
      out.detail["result"] = std::move(value);
      return out;
    }
  }
  out = not_well(
      id, State::failed, "InvalidResult",
      error ? "what the step wrote to STEPOP_RESULT_PATH is not JSON: " + error.message()
            : "what the step wrote to STEPOP_RESULT_PATH has more than " + std::to_string(max_result_size) + " bytes",
      error ? "write one JSON value" : "put large outputs into an artifact store", false, "yes");
  out.detail["exit_code"] = 0;
  return out;
}

}  // namespace

std::vector<std::string> reasons() {
  return {"CannotRun",   "Cancelled",        "Conflict",       "InvalidResult",
          "NonZeroExit", "StartInterrupted", "SupervisorLost", "WorkloadVanished"};
}

json::object workload(const StepDirectory& directory) {
  json::object out{{"kind", "Process"}, {"directory", directory.path()}};
  if (const auto started = directory.started()) out["pid"] = started->pid;
  return out;
}

StepState outcome(const std::string& id, const StepDirectory& directory, const End& end) {
  StepState out;
  if (end.exec_errno) {
    out = not_started(id, end);
  } else if (end.cancelled) {
    const bool ran = end.started_us != 0;
    out =
        not_well(id, State::cancelled, "Cancelled",
                 ran ? "stopped on request" : "stopped on request, before its code ran", "", true, ran ? "yes" : "no");
    if (end.exit_code) out.detail["exit_code"] = *end.exit_code;
    if (end.signal) out.detail["exit_code"] = signal_exit_code + *end.signal;
  } else {
    out = by_itself(id, directory, end);
  }
  if (out.state == State::failed) {
    if (std::string tail = directory.log_tail(); !tail.empty()) out.detail["log_tail"] = std::move(tail);
  }
  if (end.started_us != 0) out.detail["started_at"] = rfc3339(end.started_us);
  if (end.finished_us != 0) out.detail["finished_at"] = rfc3339(end.finished_us);
  out.detail["workload"] = workload(directory);
  return out;
}

StepState vanished(const std::string& id) {
  return not_well(id, State::lost, "WorkloadVanished", "the step was here, and its directory is gone",
                  "who removed it from the state directory?", true, "maybe");
}

StepState supervisor_lost(const std::string& id, const StepDirectory& directory) {
  StepState out =
      not_well(id, State::lost, "SupervisorLost", "the step's supervisor ended without writing down how the step ended",
               "the machine went down, or something killed it", true, directory.started() ? "yes" : "maybe");
  out.detail["workload"] = workload(directory);
  return out;
}

StepState conflict(const std::string& id, const StepDirectory& directory) {
  StepState out = not_well(id, State::failed, "Conflict", "a step with this id and another request is here already",
                           "give the step an id of its own, or submit the request it had", false, "no");
  out.detail["workload"] = workload(directory);
  return out;
}

}  // namespace stepop::local
