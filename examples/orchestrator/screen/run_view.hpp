// A run as it is shown: a copy of what is known, without the means to change it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/journal.hpp"
#include "run/run_machine.hpp"

namespace stepop::orchestrator {

struct StepView {
  std::string name;
  std::string step_operator;
  StepRecord record;
  std::optional<Microseconds> submitted_at;
  std::optional<Microseconds> ended_at;
};

struct RunView {
  std::string id;
  std::string name;
  RunState state = RunState::running;
  std::vector<StepView> steps;
  Microseconds created_at = 0;
  std::optional<Microseconds> ended_at;
};

RunView view_of(const JournalledRun&);

// A member of the detail as text, fit for a terminal: strings as they are, all else as JSON; ""
// when it is absent.
std::string detail_text(const StepRecord&, const char* member);
// Where the step ran inside its step operator, from the detail's `workload`; "" when it is not
// known.
std::string workload_text(const StepRecord&, const char* member);
std::string pod_name(const StepRecord&);  // "" when the workload is no pod
// One line, for a table: the reason and what is behind it. "" when there is nothing to explain.
std::string why(const StepRecord&);
// "cluster on node-1"
std::string where(const StepView&);

}  // namespace stepop::orchestrator
