// submit, status and wait: what they promise of time, of ids, and of the queue that they leave alone.
#include <algorithm>
#include <thread>

#include "host.hpp"

namespace stepop::conformance {
namespace {

constexpr const char* nobody = "conformance/nobody";

void unknown_ids(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const auto not_found = [](const char* what, const Answer& said) {
    expect(said.code == STEPOP_E_NOT_FOUND, std::string(what) + " of an unknown step returns " + said.text());
  };
  not_found("status", op.status(nobody));
  not_found("wait", op.wait(nobody, 0));
  not_found("wait without end", op.wait(nobody, -1));
  not_found("cancel", op.cancel(nobody));
}

void submit_returns_at_once(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  std::optional<Event> now;
  const Answer said = op.status(id, &now);
  expect(said.ok(), "status right after submit returns " + said.text());
  expect(now->is_state() && now->terminal == 0, "right after submit the step is " + state_name(now->state));
}

void same_request_again(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const json::object request = subject.step(subject.good);
  const std::string id = op.started(request);
  for (int i = 0; i < 3; ++i)
    if (const Answer again = op.submit(request); !again.ok()) broken("submitting it again returns " + again.text());
  const Event end = op.until_end(id);
  expect(op.submit(request).ok(), "submitting it once it has ended is not OK");
  std::optional<Event> now;
  op.wait(id, subject.patience.count(), &now);
  expect(now && now->state == end.state && now->attempt == end.attempt, "submitted again, it ended another way");
}

void another_request(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const json::object first = subject.step(subject.endless);
  const std::string id = op.started(first);
  json::object second = subject.failing;
  second["step_run_id"] = id;
  const Answer said = op.submit(second);
  expect(said.code == STEPOP_E_CONFLICT, "another request under the same id gives " + said.text());
  std::optional<Event> now;
  op.status(id, &now);
  expect(now && now->terminal == 0, "the conflict has ended the step");
}

void report_lost(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const json::object request = subject.step(subject.good);
  const Answer said = op.submit(request, STEPOP_IF_ABSENT_REPORT_LOST);
  if (said.code == STEPOP_E_UNSUPPORTED) unsupported("submit with REPORT_LOST");
  expect(said.ok(), "submit with REPORT_LOST returns " + said.text());
  const Event end = op.until_end(id_of(request));
  expect(end.state == STEPOP_STATE_LOST, "it was not there, and the step is " + state_name(end.state));
}

void takes_nothing(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  std::optional<Event> waited, again, now;
  expect(op.wait(id, subject.patience.count(), &waited).ok(), "wait does not return OK");
  expect(op.wait(id, 0, &again).ok(), "waiting once more for what has ended is not OK");
  expect(op.status(id, &now).ok(), "status does not return OK");
  expect(waited->ends() && again->ends() && now->ends(), "what wait and status return of an ended step is not its end");
  expect(waited->step_run_id == id, "wait returns an event of another step");
  expect(op.seen().empty(), "the check read events itself");
  op.drain();
  const auto ends = std::count_if(op.seen().begin(), op.seen().end(), [&](const Event& e) { return e.ends(); });
  expect(ends == 1, "after wait and status the queue holds " + std::to_string(ends) + " terminal events of the step");
}

void wait_ends_in_time(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  constexpr auto time = std::chrono::milliseconds(150);
  const auto began = std::chrono::steady_clock::now();
  const Answer said = op.wait(id, time.count());
  const auto took = std::chrono::steady_clock::now() - began;
  expect(said.code == STEPOP_E_TIMEOUT, "wait for 150 ms for an endless step returns " + said.text());
  expect(took >= time, "wait with a timeout of 150 ms waited for less");
  expect(op.wait(id, 0).code == STEPOP_E_TIMEOUT, "wait with a timeout of 0 for an endless step is not TIMEOUT");
  std::optional<Event> now;
  op.status(id, &now);
  expect(now && now->terminal == 0, "the timeout has ended the step");
}

void many_threads(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  constexpr int steps = 4, threads_a_step = 4;
  std::vector<std::string> ids;
  for (int i = 0; i < steps; ++i) ids.push_back(subject.step(subject.good).at("step_run_id").as_string().c_str());
  std::vector<std::thread> threads;
  // The same steps are submitted, asked for and waited for on many threads at once.
  for (int i = 0; i < steps * threads_a_step; ++i) {
    threads.push_back(on_a_thread([&, id = ids[static_cast<std::size_t>(i % steps)]] {
      json::object request = subject.good;
      request["step_run_id"] = id;
      const stepop_plugin& p = library.plugin();
      expect(p.submit(op.raw(), json::serialize(request).c_str(), 0, nullptr) == STEPOP_OK,
             "submit does not return OK");
      expect(op.status(id).ok(), "status does not return OK");
      std::optional<Event> end;
      const Answer said = op.wait(id, subject.patience.count(), &end);
      expect(said.ok(), "wait returns " + said.text());
      expect(end->ends() && end->step_run_id == id, "wait returned something else than its step's end");
    }));
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) op.clean_up(id);
  op.drain();
  for (const std::string& id : ids) {
    const auto ends = std::count_if(op.seen().begin(), op.seen().end(),
                                    [&](const Event& e) { return e.ends() && e.step_run_id == id; });
    expect(ends == 1, "a step has " + std::to_string(ends) + " terminal events");
  }
}

void checks_without_creating(const Subject& subject) {
  const Library library(subject);
  const auto check = library.slot(&stepop_plugin::check, "check");
  Operator op(library, subject);
  const json::object step = subject.step(subject.good);
  const std::string request = json::serialize(step);
  for (const char* asked : {static_cast<const char*>(nullptr), request.c_str()}) {
    doing(asked == nullptr ? "check" : "check of a request");
    stepop_text* text = nullptr;
    stepop_error* error = nullptr;
    const stepop_code code = check(op.raw(), asked, subject.patience.count(), &text, &error);
    const Answer said = answer(library, code, error);
    if (code == STEPOP_E_UNSUPPORTED) unsupported("check is UNSUPPORTED");
    expect(said.ok(), "check returns " + said.text());
    json::error_code wrong;
    const json::value findings = json::parse(library.take(text), wrong);
    expect(!wrong && findings.is_array(), "what check returns is no JSON array");
    for (const json::value& finding : findings.get_array()) {
      const json::value* level = finding.is_object() ? finding.get_object().if_contains("level") : nullptr;
      expect(level != nullptr && level->is_string() &&
                 (level->get_string() == "ok" || level->get_string() == "warning" || level->get_string() == "error"),
             "a finding's level is none of ok, warning, error");
      const json::value* message = finding.get_object().if_contains("message");
      expect(message != nullptr && message->is_string(), "a finding has no message");
    }
  }
  expect(op.status(id_of(step)).code == STEPOP_E_NOT_FOUND, "the step that was asked about is known");
}

}  // namespace

std::vector<Check> waiting_checks() {
  return {
      {"ids.unknown", "No step, log stream, flavor or extension of that name here.", unknown_ids},
      {"check.creates_nothing",
       "`*out` is a JSON array with one finding a line: "
       "{\"level\":\"ok\"|\"warning\"|\"error\",\"code\",\"path\",\"message\","
       "\"hint\"}. Creates nothing.",
       checks_without_creating},
      {"submit.returns", "Takes a step on.", submit_returns_at_once},
      {"submit.again", "submitting the same request again is harmless, and is how a host recovers.",
       same_request_again},
      {"submit.conflict", "The same step id is known with another request.", another_request},
      {"submit.report_lost", "report the step as `lost` instead of running it a second time.", report_lost},
      {"wait.takes_nothing",
       "Waits until a step is terminal: a batch of its terminal STATE event. Takes nothing out of the queue.",
       takes_nothing},
      {"wait.timeout", "The given time has passed. The thing waited for goes on.", wait_ends_in_time},
      {"threads.at_once",
       "[thread-safe] may be called from any thread, also at the same time as any other function on the same operator.",
       many_threads},
  };
}

}  // namespace stepop::conformance
