#include "run/journal.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "input/finding.hpp"
#include "input/names.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Of the tables below. A journal with a larger number was written by a newer stepop; a smaller one
// is brought up to date.
constexpr std::int64_t kSchemaVersion = 1;

constexpr const char* kSchema = R"sql(
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  pipeline_name TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  stack TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL,
  cancel_asked INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) WITHOUT ROWID;
CREATE INDEX runs_by_age ON runs (created_at);
CREATE TABLE steps (
  run_id TEXT NOT NULL REFERENCES runs (id),
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  step_operator TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL DEFAULT '{}',
  submitted INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL DEFAULT 0,
  made_by_host INTEGER NOT NULL DEFAULT 0,
  log_complete INTEGER NOT NULL DEFAULT 0,
  forget_asked INTEGER NOT NULL DEFAULT 0,
  forgotten INTEGER NOT NULL DEFAULT 0,
  request TEXT NOT NULL DEFAULT '',
  operator_used TEXT NOT NULL DEFAULT '{}',
  submitted_at INTEGER,
  ended_at INTEGER,
  PRIMARY KEY (run_id, position)
) WITHOUT ROWID;
)sql";

constexpr const char* kRunColumns =
    "SELECT id, name, pipeline, stack, options, state, cancel_asked, finished, created_at, "
    "ended_at FROM runs ";

json::object parse_object(const std::string& text) {
  return json::parse(text).as_object();
}

// For LIKE: the text itself, with no wildcard in it.
std::string escaped_for_like(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

Journal::Statements::Statements(Database& database)
    : add_run(database,
              "INSERT INTO runs (id, name, pipeline_name, pipeline, stack, options, state, "
              "created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      add_step(database,
               "INSERT INTO steps (run_id, position, name, step_operator, state) "
               "VALUES (?, ?, ?, ?, ?)"),
      run_by_name(database, std::string(kRunColumns) + "WHERE name = ?1 OR id = ?1"),
      runs_by_id(database, std::string(kRunColumns) + "WHERE id LIKE ? || '%' ESCAPE '\\' LIMIT 2"),
      all_runs(database, std::string(kRunColumns) + "ORDER BY created_at DESC, id LIMIT ?"),
      names(database, "SELECT name FROM runs ORDER BY created_at DESC LIMIT 1000"),
      steps(database,
            "SELECT name, step_operator, state, attempt, detail, submitted, created, made_by_host, "
            "log_complete, forget_asked, forgotten, request, operator_used, submitted_at, ended_at "
            "FROM steps WHERE run_id = ? ORDER BY position"),
      name_taken(database, "SELECT 1 FROM runs WHERE name = ?"),
      count_of_pipeline(database, "SELECT count(*) FROM runs WHERE pipeline_name = ?"),
      ask_to_cancel(database, "UPDATE runs SET cancel_asked = 1 WHERE id = ?"),
      cancel_asked(database, "SELECT cancel_asked FROM runs WHERE id = ?"),
      write_request(database,
                    "UPDATE steps SET request = ?, operator_used = ?, submitted_at = ? "
                    "WHERE run_id = ? AND position = ?"),
      write_step(database,
                 "UPDATE steps SET state = ?, attempt = ?, detail = ?, submitted = ?, created = ?, "
                 "made_by_host = ?, log_complete = ?, forget_asked = ?, forgotten = ?, "
                 "ended_at = coalesce(ended_at, ?) WHERE run_id = ? AND position = ?"),
      write_run(database,
                "UPDATE runs SET state = ?, finished = ?, ended_at = coalesce(ended_at, ?) "
                "WHERE id = ?") {}

Journal::Journal(const std::string& file) : database_(file) {
  database_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  {
    // Two first processes may come here at once: the lock decides, and the second finds the tables.
    Transaction transaction(database_);
    const std::int64_t version = database_.integer("PRAGMA user_version");
    if (version > kSchemaVersion) {
      throw SqliteError(file + " was written by a newer stepop (journal version " + std::to_string(version) +
                        ", this one knows " + std::to_string(kSchemaVersion) + ")");
    }
    if (version == 0) {
      database_.execute(kSchema);
      database_.execute("PRAGMA user_version = " + std::to_string(kSchemaVersion));
    }
    transaction.commit();
  }
  statements_.emplace(database_);
}

std::string Journal::add_run(JournalledRun run, const std::string& pipeline_name,
                             const std::optional<std::string>& wanted_name) {
  Statements& s = *statements_;
  Transaction transaction(database_);
  const auto taken = [&](const std::string& name) {
    s.name_taken.bind(name);
    const bool found = s.name_taken.next();
    s.name_taken.reset();
    return found;
  };
  if (wanted_name) {
    if (taken(*wanted_name))
      throw BadInput("there is already a run named \"" + *wanted_name + "\"; choose another --run-name");
    run.name = *wanted_name;
  } else {
    s.count_of_pipeline.bind(pipeline_name);
    std::int64_t number = s.count_of_pipeline.next() ? s.count_of_pipeline.integer(0) : 0;
    s.count_of_pipeline.reset();
    do {
      run.name = pipeline_name + "-" + std::to_string(++number);
    } while (taken(run.name));
  }
  s.add_run
      .bind(run.id, run.name, pipeline_name, json::serialize(run.pipeline), json::serialize(run.stack),
            json::serialize(run.options), to_text(run.state), run.created_at)
      .run();
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const JournalledStep& step = run.steps[i];
    s.add_step.bind(run.id, i, step.name, step.step_operator, to_text(step.record.state)).run();
  }
  transaction.commit();
  return run.name;
}

JournalledRun Journal::read_run(const Statement& row) {
  JournalledRun run;
  run.id = row.text(0);
  run.name = row.text(1);
  run.pipeline = parse_object(row.text(2));
  run.stack = parse_object(row.text(3));
  run.options = parse_object(row.text(4));
  run.state = run_state_from_text(row.text(5)).value_or(RunState::running);
  run.cancel_asked = row.integer(6) != 0;
  run.finished = row.integer(7) != 0;
  run.created_at = row.integer(8);
  run.ended_at = row.optional_integer(9);
  return run;
}

void Journal::read_steps(JournalledRun& run) {
  Statement& row = statements_->steps.bind(run.id);
  while (row.next()) {
    JournalledStep step;
    step.name = row.text(0);
    step.step_operator = row.text(1);
    step.record.state = step_state_from_text(row.text(2)).value_or(StepState::waiting);
    step.record.attempt = static_cast<std::uint32_t>(row.integer(3));
    step.record.detail = parse_object(row.text(4));
    step.record.submitted = row.integer(5) != 0;
    step.record.created = row.integer(6) != 0;
    step.record.made_by_host = row.integer(7) != 0;
    step.record.log_complete = row.integer(8) != 0;
    step.record.forget_asked = row.integer(9) != 0;
    step.record.forgotten = row.integer(10) != 0;
    step.request = row.text(11);
    step.operator_used = parse_object(row.text(12));
    step.submitted_at = row.optional_integer(13);
    step.ended_at = row.optional_integer(14);
    run.steps.push_back(std::move(step));
  }
}

JournalledRun Journal::find_run(const std::string& name_or_id) {
  std::vector<JournalledRun> found;
  Statement& exact = statements_->run_by_name.bind(name_or_id);
  while (exact.next()) found.push_back(read_run(exact));
  if (found.empty() && !name_or_id.empty()) {
    Statement& beginning = statements_->runs_by_id.bind(escaped_for_like(name_or_id));
    while (beginning.next()) found.push_back(read_run(beginning));
    if (found.size() > 1) throw BadInput("more than one run's id begins with \"" + name_or_id + "\"; give more of it");
  }
  if (found.empty()) {
    std::vector<std::string> names;
    Statement& row = statements_->names.bind();
    while (row.next()) names.push_back(row.text(0));
    const auto meant = nearest_name(name_or_id, names);
    throw BadInput("there is no run \"" + name_or_id + "\"" +
                   (meant.empty() ? "; `stepop ps` lists the runs" : "; did you mean \"" + meant + "\"?"));
  }
  read_steps(found.front());
  return std::move(found.front());
}

std::vector<JournalledRun> Journal::runs(std::size_t most) {
  std::vector<JournalledRun> runs;
  Statement& row = statements_->all_runs.bind(most);
  while (row.next()) runs.push_back(read_run(row));
  for (JournalledRun& run : runs) read_steps(run);
  return runs;
}

void Journal::ask_to_cancel(const std::string& run_id) {
  Transaction transaction(database_);
  statements_->ask_to_cancel.bind(run_id).run();
  transaction.commit();
}

bool Journal::cancel_asked(const std::string& run_id) {
  Statement& row = statements_->cancel_asked.bind(run_id);
  const bool asked = row.next() && row.integer(0) != 0;
  row.reset();
  return asked;
}

Journal::Turn::Turn(Journal& journal, std::string run_id)
    : journal_(journal), run_id_(std::move(run_id)), transaction_(journal.database_) {}

void Journal::Turn::write_request(std::size_t position, const std::string& request, const json::object& operator_used,
                                  Microseconds submitted_at) {
  journal_.statements_->write_request.bind(request, json::serialize(operator_used), submitted_at, run_id_, position)
      .run();
}

void Journal::Turn::write_step(std::size_t position, const StepRecord& record, std::optional<Microseconds> ended_at) {
  journal_.statements_->write_step
      .bind(to_text(record.state), record.attempt, json::serialize(record.detail), record.submitted, record.created,
            record.made_by_host, record.log_complete, record.forget_asked, record.forgotten, ended_at, run_id_,
            position)
      .run();
}

void Journal::Turn::write_run(RunState state, bool finished, std::optional<Microseconds> ended_at) {
  journal_.statements_->write_run.bind(to_text(state), finished, ended_at, run_id_).run();
}

void Journal::Turn::write_cancel_asked() {
  journal_.statements_->ask_to_cancel.bind(run_id_).run();
}

void Journal::Turn::commit() {
  transaction_.commit();
}

}  // namespace stepop::orchestrator
