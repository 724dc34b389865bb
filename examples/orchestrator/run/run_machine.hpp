// Decides what a run does next. Pure: observations in, actions out; no I/O, no clock.
//
// A step's way:   waiting -> (submitted) accepted .. running -> ended -> its log is complete ->
// forget asked -> forgotten
//                 waiting -> skipped
//
// The one rule that makes a run survive the host's death: `journal` actions of an observation are
// carried out, and committed, before its other actions. A record that was committed is given to the
// next life's machine as it was.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "run/step_state.hpp"

namespace stepop::orchestrator {

// A step as the journal keeps it.
struct StepRecord {
  StepState state = StepState::waiting;
  std::uint32_t attempt = 0;
  boost::json::object detail;  // of the newest event, or the host's own {"reason","message"}
  bool submitted = false;      // its request is journalled: it may exist outside
  bool created = false;        // an event at or after `pending` came: it did exist outside
  bool made_by_host = false;   // its end was judged here; no plugin has anything to forget
  bool log_complete = false;   // the host's copy of its log will not grow
  bool forget_asked = false;
  bool forgotten = false;
};

struct StepNode {
  std::string name;
  std::vector<std::size_t> needs;  // indexes of other steps; no cycle
};

struct Limits {
  std::size_t max_parallel = 0;  // steps submitted and not ended; 0: no limit
  bool fail_fast = false;        // the first step that does not succeed stops the run
};

struct Action {
  enum class Kind {
    journal,   // write the step's record
    submit,    // hand the journalled request to its operator
    open_log,  // start copying its log
    cancel,    // ask for its end
    forget,    // acknowledge its end
    finish,    // nothing is left to do: write the run's state and stop
  };
  Kind kind = Kind::journal;
  std::size_t step = 0;
  bool report_lost = false;  // of submit: it was there once, never create it again
  bool operator==(const Action&) const = default;
};
using Actions = std::vector<Action>;

struct StepObservation {
  std::size_t step = 0;
  StepState state = StepState::accepted;
  std::uint32_t attempt = 0;
  boost::json::object detail;
};

class RunMachine {
 public:
  // `records`: empty for a new run, else one a step. `cancel_asked`: by an earlier life.
  RunMachine(std::vector<StepNode> steps, Limits limits, std::vector<StepRecord> records = {},
             bool cancel_asked = false);

  Actions start();                   // once, first
  Actions observe(StepObservation);  // a STATE event
  Actions refused(std::size_t step, std::string reason, std::string message, std::string hint);
  // `submit` did not take the step, or its request could not be made
  Actions log_complete(std::size_t step);  // its end was read, or it is no longer waited for
  Actions forgotten(std::size_t step);     // FORGOTTEN came
  Actions stop_waiting();                  // for acknowledgements; the next resume asks again
  Actions cancel();                        // the user wants the run's end

  const std::vector<StepNode>& steps() const { return steps_; }
  const StepRecord& record(std::size_t step) const { return states_[step].record; }
  bool cancel_asked() const { return cancel_asked_; }
  bool all_ended() const;
  bool all_settled() const;  // and every end is acknowledged
  // All have ended, and some end is not acknowledged yet. The outcome is known, so the host bounds
  // its waiting for the rest.
  bool only_acknowledgements_missing() const;
  RunState state() const;  // running until all steps have ended

 private:
  struct State {
    StepRecord record;
    bool in_operator = false;        // submitted in this life
    bool ended_in_operator = false;  // the operator has reported its end in this life
    bool log_opened = false;
    bool settled = false;   // nothing is left to do for it
    std::size_t unmet = 0;  // needs that have not succeeded
  };

  void submit_what_may_run(Actions&);
  void submit(std::size_t step, Actions&);
  void end_by_host(std::size_t step, StepState, std::string reason, std::string message, std::string hint, Actions&);
  void skip_waiting(const std::string& message, Actions&);
  void skip_descendants(std::size_t step, Actions&);
  void cancel_active(Actions&);
  void after_end(std::size_t step, Actions&);
  void open_log(std::size_t step, Actions&);
  void forget_when_ready(std::size_t step, Actions&);
  void finish_when_done(Actions&);
  void set_state(std::size_t step, StepState);
  void settle(std::size_t step);
  void stop_because_of(std::size_t step, Actions&);

  std::vector<StepNode> steps_;
  Limits limits_;
  std::vector<State> states_;
  std::vector<std::vector<std::size_t>> dependents_;
  std::set<std::size_t> ready_;  // waiting, with all needs met; in the file's order
  std::size_t active_ = 0;
  std::size_t ended_ = 0;
  std::size_t settled_ = 0;
  bool cancel_asked_ = false;
  bool failed_fast_ = false;
  bool finished_ = false;
};

}  // namespace stepop::orchestrator
