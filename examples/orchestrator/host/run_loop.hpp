// Drives one run to its end: carries out what the run machine asks, journal first, and tells it
// what happens.
//
// One thread. It sleeps in one epoll over each operator's event_fd, the signals, the run's control
// pipe and, on a terminal, a timer for the elapsed times. A turn of the loop takes what came from
// all of them, writes it in one transaction, and only then acts on it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/log_streams.hpp"
#include "host/open_operators.hpp"
#include "host/poll_set.hpp"
#include "host/signals.hpp"
#include "input/pipeline_file.hpp"
#include "run/journal.hpp"
#include "run/run_machine.hpp"
#include "run/state_directory.hpp"
#include "screen/progress.hpp"
#include "screen/run_view.hpp"

namespace stepop::orchestrator {

class RunLoop {
 public:
  // All but `run` and `pipeline` outlive the loop. REQUIRES: the run's lock is held; `operators`
  // has each step operator that an unsettled step names.
  RunLoop(const StateDirectory&, Journal&, JournalledRun run, Pipeline pipeline,
          const std::vector<OpenOperator>& operators, Progress&);

  enum class End {
    finished,            // every step has ended
    steps_left_running,  // the user asked twice: the run can be resumed
  };
  // Throws SqliteError, std::runtime_error: this process cannot go on; the run can be resumed.
  End drive();

  const RunView& view() const { return view_; }

 private:
  using Clock = LogStreams::Clock;

  void take_over(const Actions&);
  void settle();
  void make_requests(Actions&);
  void write_down(const Actions&);
  void act_on(const Action&);
  void submit(const Action&);
  void open_log(std::size_t step);
  void cancel(std::size_t step);
  void forget(std::size_t step);
  void ask_to_cancel();

  std::optional<std::chrono::milliseconds> patience() const;
  void wait_and_take();
  void take_events(std::size_t operator_index);
  void take_event(std::size_t operator_index, const host::Event&);
  void take_state(std::size_t step, const host::Event&);
  void keep_result(std::size_t step);
  void take_signals();
  void copy_logs();
  void give_up_acknowledgements();
  void draw();
  void note(const std::string& line);

  const OpenOperator& operator_of(std::size_t step) const;
  void refresh_view(std::size_t step);

  const StateDirectory& state_directory_;
  Journal& journal_;
  RunNames names_;
  Pipeline pipeline_;
  const std::vector<OpenOperator>& operators_;
  Progress& progress_;

  RunMachine machine_;
  std::vector<std::string> requests_;        // by step; "" until it is made
  std::vector<bool> log_marked_;             // by step: its copy is marked as complete
  std::vector<std::uint64_t> dropped_;       // by operator; events that it has told to have dropped
  std::vector<std::size_t> operator_index_;  // by step; of operators_, or its size when none is open
  std::unordered_map<std::string, std::size_t> step_of_id_;
  Results results_;
  RunView view_;

  Signals signals_;
  Descriptor control_;
  Descriptor timer_;
  PollSet poll_;
  LogStreams logs_;

  Actions actions_;  // asked for and not carried out
  bool write_cancel_ = false;
  bool finished_ = false;
  bool leave_ = false;
  bool dirty_screen_ = true;
  Clock::time_point last_drawn_{};
  Clock::time_point last_progress_ = Clock::now();
};

}  // namespace stepop::orchestrator
