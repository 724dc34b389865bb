// A step's log, as streams.
#include <algorithm>
#include <cstring>

#include "host.hpp"

namespace stepop::conformance {
namespace {

std::vector<std::string> lines_of(const std::vector<Record>& records) {
  std::vector<std::string> lines;
  bool goes_on = false;
  for (const Record& record : records) {
    if (record.kind != STEPOP_LOG_DATA) continue;
    if (goes_on)
      lines.back() += record.data;
    else
      lines.push_back(record.data);
    goes_on = (record.flags & STEPOP_LOG_FLAG_PARTIAL) != 0;
  }
  return lines;
}

void ends_with_end(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  Logs logs(op, id);
  const std::vector<Record> records = logs.read_all();
  const auto ends =
      std::count_if(records.begin(), records.end(), [](const Record& r) { return r.kind == STEPOP_LOG_END; });
  expect(ends == 1 && records.back().kind == STEPOP_LOG_END, "END is not the last record, and the only one");
  expect(logs.read(1).code == STEPOP_E_CLOSED, "after END, logs_read is not CLOSED");
}

void no_line_twice(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  // One that follows from the beginning, and one that comes when all is written.
  Logs early(op, id);
  const std::vector<std::string> followed = lines_of(early.read_all());
  op.until_end(id);
  Logs late(op, id);
  const std::vector<std::string> afterwards = lines_of(late.read_all());
  expect(!followed.empty(), "a step that prints has an empty log");
  expect(followed == afterwards, "read while the step ran, its log had " + std::to_string(followed.size()) +
                                     " lines, and read afterwards " + std::to_string(afterwards.size()));
}

void records_are_well_formed(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.failing));
  op.until_end(id);
  stepop_logs* logs = nullptr;
  doing("logs_open");
  std::uint64_t ticket = 0;
  const stepop_code opened =
      library.slot(&stepop_plugin::logs_open, "logs_open")(op.raw(), id.c_str(), "{}", &logs, &ticket, nullptr);
  expect(opened == STEPOP_OK, "logs_open returns " + code_name(opened));
  expect(ticket != 0, "the ticket is 0");
  for (bool at_end = false; !at_end;) {
    stepop_log_batch* batch = nullptr;
    doing("logs_read with max 1");
    const stepop_code code = library.plugin().logs_read(logs, 1, &batch, nullptr);
    if (code == STEPOP_E_WOULD_BLOCK) {
      op.next_events(100, 100);
      continue;
    }
    expect(code == STEPOP_OK, "logs_read returns " + code_name(code));
    expect(batch->object.struct_size >= sizeof(stepop_log_batch),
           "struct_size of the batch does not cover its members");
    expect(batch->count == 1, "logs_read with max 1 returned " + std::to_string(batch->count) + " records");
    expect(batch->record_stride >= sizeof(stepop_log_record), "record_stride is smaller than a record");
    const stepop_log_record& record = *batch->records;
    expect(record.struct_size >= sizeof(stepop_log_record), "struct_size of a record does not cover its members");
    expect(record.kind >= STEPOP_LOG_DATA && record.kind <= STEPOP_LOG_END, "a record's kind is none of stepop.h");
    expect(record.size == 0 || record.data != nullptr, "a record has a size, and no data");
    if (record.kind == STEPOP_LOG_DATA)
      expect(record.size == 0 || std::memchr(record.data, '\n', record.size) == nullptr, "a line holds its newline");
    at_end = record.kind == STEPOP_LOG_END;
    library.release(batch);
  }
  library.plugin().logs_close(logs);
}

void are_checked(const Subject& subject) {
  const Library library(subject);
  const auto logs_open = library.slot(&stepop_plugin::logs_open, "logs_open");
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  const auto open = [&](const char* step, const char* options) {
    doing(std::string("logs_open with ") + options);
    stepop_logs* logs = nullptr;
    stepop_error* error = nullptr;
    const stepop_code code = logs_open(op.raw(), step, options, &logs, nullptr, &error);
    if (code == STEPOP_OK) library.plugin().logs_close(logs);
    return answer(library, code, error);
  };
  expect(open("conformance/nobody", "{}").code == STEPOP_E_NOT_FOUND, "the log of an unknown step is not NOT_FOUND");
  for (const char* bad : {"[]", "not JSON", R"({"follow":"yes"})", R"({"tail_lines":-1})", R"({"since":"yesterday"})"})
    expect(open(id.c_str(), bad).code == STEPOP_E_INVALID, std::string("the options `") + bad + "` are not INVALID");
  const Answer unknown = open(id.c_str(), R"({"folow":true})");
  expect(unknown.code == STEPOP_E_INVALID && unknown.names("folow"), "an unknown option gives " + unknown.text());
}

void are_closed_at_any_time(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  { const Logs before_it_runs(op, id); }
  op.until_state(id, STEPOP_STATE_RUNNING);
  Logs half_read(op, id);
  half_read.read(1);
  half_read.close();
  Logs at_the_end(op, id);
  op.shutdown(1000);
  const Answer said = at_the_end.read(1);
  expect(said.code == STEPOP_E_CLOSED, "after shutdown logs_read returns " + said.text());
  at_the_end.close();
  op.leave_steps();
  Operator next(library, subject);
  next.clean_up(id);
  json::object request = subject.endless;
  request["step_run_id"] = id;
  expect(next.submit(request).ok(), "the next operator does not take the step");
}

}  // namespace

std::vector<Check> logs_checks() {
  return {
      {"logs.records", "bytes as the step wrote them, without the newline; not necessarily UTF-8, may hold NUL",
       records_are_well_formed},
      {"logs.end", "Errors: WOULD_BLOCK (a LOG_READY event follows), CLOSED (END was read).", ends_with_end},
      {"logs.no_line_twice", "Up to `max` records. Never a line twice.", no_line_twice},
      {"logs.options",
       "`options`: a JSON object or NULL: \"follow\" (bool, true: until the step has ended), \"since\" (RFC 3339), "
       "\"tail_lines\" (integer).",
       are_checked},
      {"logs.close", "Closes a stream; before `destroy` of its operator.", are_closed_at_any_time},
  };
}

}  // namespace stepop::conformance
