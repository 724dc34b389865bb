// The journal: what must outlive this process, in SQLite. A run and its steps are written before
// anything is submitted; a step's request before it is submitted; its states before they are acted
// on. When `commit` of a turn returns it is on the disk (WAL, synchronous=FULL). Several processes
// may have it open; only the one that holds a run's lock writes that run, but for `ask_to_cancel`.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run/run_machine.hpp"
#include "run/sqlite.hpp"

namespace stepop::orchestrator {

// Microseconds since 1970-01-01 UTC.
using Microseconds = std::int64_t;

struct JournalledStep {
  std::string name;
  std::string step_operator;
  StepRecord record;
  std::string request;                // JSON, as it was submitted; "" before
  boost::json::object operator_used;  // {"flavor","configuration","plugin_file"}; {} before
  std::optional<Microseconds> submitted_at;
  std::optional<Microseconds> ended_at;
};

struct JournalledRun {
  std::string id;
  std::string name;
  boost::json::object pipeline;  // to_json(Pipeline)
  boost::json::object stack;     // to_json(Stack)
  boost::json::object options;   // {"max_parallel","fail_fast"}
  RunState state = RunState::running;
  bool cancel_asked = false;
  bool finished = false;  // every end is acknowledged; otherwise a resume has something to do
  Microseconds created_at = 0;
  std::optional<Microseconds> ended_at;
  std::vector<JournalledStep> steps;  // in the pipeline's order
};

class Journal {
 public:
  // Creates it when it is not there. Throws SqliteError, also for one of a newer stepop.
  explicit Journal(const std::string& file);

  // Writes a run with its steps, all waiting, and returns its name. Without a name it is
  // `<pipeline>-<number>`. Throws BadInput when the name is taken.
  std::string add_run(JournalledRun run, const std::string& pipeline_name,
                      const std::optional<std::string>& wanted_name);

  // By name, id, or the beginning of an id that fits only one. Throws BadInput, with the nearest
  // name.
  JournalledRun find_run(const std::string& name_or_id);
  std::vector<JournalledRun> runs(std::size_t most);  // newest first

  // Whoever runs it learns of it by the control channel, or when it is resumed.
  void ask_to_cancel(const std::string& run_id);
  bool cancel_asked(const std::string& run_id);

  // One turn of the event loop: everything in one transaction.
  class Turn {
   public:
    Turn(Journal&, std::string run_id);
    void write_request(std::size_t position, const std::string& request, const boost::json::object& operator_used,
                       Microseconds submitted_at);
    // `ended_at` is kept from the first time it is given.
    void write_step(std::size_t position, const StepRecord&, std::optional<Microseconds> ended_at);
    void write_run(RunState, bool finished, std::optional<Microseconds> ended_at);
    void write_cancel_asked();
    void commit();

   private:
    Journal& journal_;
    std::string run_id_;
    Transaction transaction_;
  };

 private:
  JournalledRun read_run(const Statement& row);
  void read_steps(JournalledRun&);

  Database database_;
  struct Statements {
    explicit Statements(Database&);
    Statement add_run, add_step, run_by_name, runs_by_id, all_runs, names, steps, name_taken, count_of_pipeline,
        ask_to_cancel, cancel_asked, write_request, write_step, write_run;
  };
  std::optional<Statements> statements_;  // after the schema is there
};

}  // namespace stepop::orchestrator
