#include "run/run_machine.hpp"

#include <algorithm>
#include <string_view>

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Whether there can be a log at all: code that never ran has written none.
bool may_have_log(const StepRecord& record) {
  if (record.made_by_host) return false;
  const json::value* ran = record.detail.if_contains("user_code_ran");
  return ran == nullptr || !ran->is_string() || ran->get_string() != "no";
}

// "step a ..."
std::string verdict(StepState state) {
  switch (state) {
    case StepState::cancelled:
      return "was cancelled";
    case StepState::lost:
      return "was lost";
    case StepState::skipped:
      return "was skipped";
    default:
      return "failed";
  }
}

}  // namespace

RunMachine::RunMachine(std::vector<StepNode> steps, Limits limits, std::vector<StepRecord> records, bool cancel_asked)
    : steps_(std::move(steps)),
      limits_(limits),
      states_(steps_.size()),
      dependents_(steps_.size()),
      cancel_asked_(cancel_asked) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    states_[i].unmet = steps_[i].needs.size();
    for (const std::size_t need : steps_[i].needs) dependents_[need].push_back(i);
  }
  for (std::size_t i = 0; i < records.size() && i < states_.size(); ++i) {
    const StepState journalled = records[i].state;
    states_[i].record = std::move(records[i]);
    states_[i].record.state = StepState::waiting;
    if (journalled != StepState::waiting) set_state(i, journalled);
    const StepRecord& record = states_[i].record;
    if (has_ended(record.state) && (record.forgotten || record.made_by_host)) settle(i);
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].unmet == 0 && states_[i].record.state == StepState::waiting) ready_.insert(i);
  }
}

Actions RunMachine::start() {
  Actions actions;
  // What an earlier life submitted comes first. Also steps that ended: an operator can acknowledge
  // only what it knows, and with the request it knows the step's own settings.
  for (std::size_t i = 0; i < states_.size(); ++i) {
    State& state = states_[i];
    if (!state.record.submitted || state.settled) continue;
    state.in_operator = true;
    actions.push_back({Action::Kind::submit, i, state.record.created});
  }
  if (cancel_asked_) {
    cancel_asked_ = false;
    for (const Action& action : cancel()) actions.push_back(action);
    return actions;
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const StepState state = states_[i].record.state;
    if (has_ended(state) && state != StepState::succeeded && state != StepState::skipped) stop_because_of(i, actions);
  }
  submit_what_may_run(actions);
  finish_when_done(actions);
  return actions;
}

Actions RunMachine::observe(StepObservation seen) {
  Actions actions;
  State& state = states_[seen.step];
  StepRecord& record = state.record;
  if (!record.submitted) return actions;
  if (has_ended(record.state)) {
    // Its end is journalled. A later life's report of it only tells that the operator knows the
    // step again.
    if (has_ended(seen.state) && !state.ended_in_operator && !record.made_by_host) {
      state.ended_in_operator = true;
      after_end(seen.step, actions);
    }
    return actions;
  }
  // A new life of the plugin begins again at `accepted`, and what is journalled stays true. Its end
  // is taken whatever the attempt: nothing else follows.
  const bool backwards = seen.attempt < record.attempt || (seen.attempt == record.attempt && seen.state < record.state);
  if (backwards && !has_ended(seen.state)) return actions;
  set_state(seen.step, seen.state);
  record.attempt = seen.attempt;
  record.detail = std::move(seen.detail);
  if (seen.state >= StepState::pending) record.created = true;
  actions.push_back({Action::Kind::journal, seen.step, false});
  if (seen.state == StepState::running) open_log(seen.step, actions);
  if (!has_ended(seen.state)) return actions;
  state.ended_in_operator = true;
  after_end(seen.step, actions);
  if (record.state != StepState::succeeded) stop_because_of(seen.step, actions);
  submit_what_may_run(actions);
  finish_when_done(actions);
  return actions;
}

Actions RunMachine::refused(std::size_t step, std::string reason, std::string message, std::string hint) {
  Actions actions;
  if (has_ended(states_[step].record.state)) {
    // It ended in an earlier life, and its operator does not take it again: nothing is left to
    // acknowledge it to.
    StepRecord& record = states_[step].record;
    record.log_complete = true;
    record.forgotten = true;
    settle(step);
    actions.push_back({Action::Kind::journal, step, false});
    finish_when_done(actions);
    return actions;
  }
  end_by_host(step, StepState::failed, std::move(reason), std::move(message), std::move(hint), actions);
  stop_because_of(step, actions);
  submit_what_may_run(actions);
  finish_when_done(actions);
  return actions;
}

Actions RunMachine::log_complete(std::size_t step) {
  Actions actions;
  StepRecord& record = states_[step].record;
  if (record.log_complete) return actions;
  record.log_complete = true;
  actions.push_back({Action::Kind::journal, step, false});
  forget_when_ready(step, actions);
  return actions;
}

Actions RunMachine::forgotten(std::size_t step) {
  Actions actions;
  StepRecord& record = states_[step].record;
  if (record.forgotten || !record.forget_asked) return actions;
  record.forgotten = true;
  settle(step);
  actions.push_back({Action::Kind::journal, step, false});
  finish_when_done(actions);
  return actions;
}

Actions RunMachine::stop_waiting() {
  Actions actions;
  if (!only_acknowledgements_missing()) return actions;
  finished_ = true;
  actions.push_back({Action::Kind::finish, 0, false});
  return actions;
}

Actions RunMachine::cancel() {
  Actions actions;
  if (cancel_asked_ || finished_) return actions;
  cancel_asked_ = true;
  skip_waiting("the run was cancelled", actions);
  cancel_active(actions);
  finish_when_done(actions);
  return actions;
}

bool RunMachine::all_ended() const {
  return ended_ == states_.size();
}

bool RunMachine::all_settled() const {
  return settled_ == states_.size();
}

bool RunMachine::only_acknowledgements_missing() const {
  return !finished_ && all_ended();
}

RunState RunMachine::state() const {
  if (!all_ended()) return RunState::running;
  const bool good = std::all_of(states_.begin(), states_.end(),
                                [](const State& state) { return state.record.state == StepState::succeeded; });
  if (good) return RunState::succeeded;
  return cancel_asked_ ? RunState::cancelled : RunState::failed;
}

// The one place where a record's state changes: the counters and `ready_` follow it.
void RunMachine::set_state(std::size_t step, StepState next) {
  StepState& state = states_[step].record.state;
  if (is_active(state)) --active_;
  if (is_active(next)) ++active_;
  if (has_ended(next) && !has_ended(state)) ++ended_;
  if (next != StepState::waiting) ready_.erase(step);
  if (next == StepState::succeeded && state != StepState::succeeded) {
    for (const std::size_t dependent : dependents_[step]) {
      State& waiting = states_[dependent];
      if (--waiting.unmet == 0 && waiting.record.state == StepState::waiting) ready_.insert(dependent);
    }
  }
  state = next;
}

void RunMachine::settle(std::size_t step) {
  if (states_[step].settled) return;
  states_[step].settled = true;
  ++settled_;
}

void RunMachine::submit_what_may_run(Actions& actions) {
  if (cancel_asked_ || failed_fast_) return;
  while (!ready_.empty() && (limits_.max_parallel == 0 || active_ < limits_.max_parallel)) {
    const std::size_t step = *ready_.begin();
    states_[step].record.submitted = true;
    states_[step].in_operator = true;
    set_state(step, StepState::accepted);
    actions.push_back({Action::Kind::journal, step, false});
    actions.push_back({Action::Kind::submit, step, false});
  }
}

void RunMachine::end_by_host(std::size_t step, StepState end, std::string reason, std::string message, std::string hint,
                             Actions& actions) {
  StepRecord& record = states_[step].record;
  set_state(step, end);
  settle(step);
  record.made_by_host = true;
  record.log_complete = true;
  record.detail = {{"reason", reason}, {"message", message}};
  if (!hint.empty()) record.detail["hint"] = hint;
  record.detail["user_code_ran"] = record.created ? "maybe" : "no";
  actions.push_back({Action::Kind::journal, step, false});
}

void RunMachine::skip_waiting(const std::string& message, Actions& actions) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (states_[i].record.state == StepState::waiting)
      end_by_host(i, StepState::skipped, "Skipped", message, "", actions);
  }
}

void RunMachine::skip_descendants(std::size_t step, Actions& actions) {
  std::vector<std::size_t> todo{step};
  while (!todo.empty()) {
    const std::size_t bad = todo.back();
    todo.pop_back();
    for (const std::size_t next : dependents_[bad]) {
      if (states_[next].record.state != StepState::waiting) continue;
      end_by_host(next, StepState::skipped, "Skipped",
                  "it needs " + steps_[bad].name + ", which " + verdict(states_[bad].record.state), "", actions);
      todo.push_back(next);
    }
  }
}

// A step did not succeed: what needs it never runs, and with fail_fast nothing new does.
void RunMachine::stop_because_of(std::size_t step, Actions& actions) {
  skip_descendants(step, actions);
  if (!limits_.fail_fast || failed_fast_ || cancel_asked_) return;
  failed_fast_ = true;
  skip_waiting("step " + steps_[step].name + " " + verdict(states_[step].record.state) +
                   ", and the run was started with --fail-fast",
               actions);
  cancel_active(actions);
}

void RunMachine::cancel_active(Actions& actions) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    const State& state = states_[i];
    if (state.in_operator && !has_ended(state.record.state)) actions.push_back({Action::Kind::cancel, i, false});
  }
}

void RunMachine::after_end(std::size_t step, Actions& actions) {
  StepRecord& record = states_[step].record;
  if (!record.log_complete && !states_[step].log_opened && !may_have_log(record)) {
    record.log_complete = true;
    actions.push_back({Action::Kind::journal, step, false});
  }
  if (!record.log_complete) open_log(step, actions);
  forget_when_ready(step, actions);
}

void RunMachine::open_log(std::size_t step, Actions& actions) {
  State& state = states_[step];
  if (state.log_opened || state.record.log_complete) return;
  state.log_opened = true;
  actions.push_back({Action::Kind::open_log, step, false});
}

void RunMachine::forget_when_ready(std::size_t step, Actions& actions) {
  StepRecord& record = states_[step].record;
  if (!has_ended(record.state) || !record.log_complete || record.forgotten || record.made_by_host) return;
  record.forget_asked = true;
  actions.push_back({Action::Kind::journal, step, false});
  actions.push_back({Action::Kind::forget, step, false});
}

void RunMachine::finish_when_done(Actions& actions) {
  if (finished_ || settled_ != states_.size()) return;
  finished_ = true;
  actions.push_back({Action::Kind::finish, 0, false});
}

}  // namespace stepop::orchestrator
