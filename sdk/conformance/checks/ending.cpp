// forget, shutdown and destroy, also while much is under way.
#include <poll.h>

#include <algorithm>
#include <thread>

#include "host.hpp"

namespace stepop::conformance {
namespace {

void is_acknowledged(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  op.until_end(id);
  const auto forgotten = [&] {
    return std::count_if(op.seen().begin(), op.seen().end(),
                         [&](const Event& e) { return e.kind == STEPOP_EVENT_FORGOTTEN && e.step_run_id == id; });
  };
  for (int round = 1; round <= 2; ++round) {
    const Answer said = op.forget(id, R"({"cleanup":"always"})");
    expect(said.ok(), (round == 1 ? "forget of an ended step returns " : "a second forget returns ") + said.text());
    op.until("FORGOTTEN", [&](const Event&) { return forgotten() >= round; });
    if (round == 1) expect(op.status(id).code == STEPOP_E_NOT_FOUND, "a forgotten step still has a status");
  }
  const auto event =
      std::find_if(op.seen().begin(), op.seen().end(), [](const Event& e) { return e.kind == STEPOP_EVENT_FORGOTTEN; });
  const json::object detail = event->read_detail();
  expect(detail.contains("deleted") && detail.at("deleted").is_bool(), "FORGOTTEN does not say \"deleted\"");
  op.leave_steps();
}

void refuses_what_runs(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  op.until_state(id, STEPOP_STATE_PENDING);
  const Answer said = op.forget(id);
  expect(said.code == STEPOP_E_INVALID, "forget of a step that has not ended returns " + said.text());
  std::optional<Event> now;
  op.status(id, &now);
  expect(now && now->terminal == 0, "the refused forget has ended the step");
}

void waiters_wake(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  op.until_state(id, STEPOP_STATE_RUNNING);
  op.leave_steps();
  stepop_code of_wait = STEPOP_OK, of_events = STEPOP_OK;
  std::vector<std::thread> waiters;
  waiters.push_back(on_a_thread([&] { of_wait = op.wait(id, -1).code; }));
  waiters.push_back(on_a_thread([&] {
    while ((of_events = op.next_events(100, -1).code) == STEPOP_OK) {
    }
  }));
  // Long enough for both to wait in the call; if not, they find it shut down, which is the same answer.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const Answer said = op.shutdown(5000);
  expect(said.ok(), "shutdown returns " + said.text());
  doing("waiting for the waiters to come back from wait and next_events");
  for (std::thread& waiter : waiters) waiter.join();
  expect(of_wait == STEPOP_E_CLOSED, "wait, woken by shutdown, returns " + code_name(of_wait));
  expect(of_events == STEPOP_E_CLOSED, "next_events, woken by shutdown, returns " + code_name(of_events));
  op.destroy();
  Operator next(library, subject);
  next.clean_up(id);
  json::object request = subject.endless;
  request["step_run_id"] = id;
  next.submit(request);
}

void everything_is_closed(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  expect(op.wait(id, subject.patience.count()).ok(), "wait does not return OK");
  op.forget(id, R"({"cleanup":"always"})");
  op.until("FORGOTTEN", [](const Event& e) { return e.kind == STEPOP_EVENT_FORGOTTEN; });
  op.leave_steps();
  int fd = -1;
  op.event_fd(&fd);
  expect(op.shutdown(5000).ok(), "shutdown is not OK");
  pollfd polled{fd, POLLIN, 0};
  expect(::poll(&polled, 1, 0) == 1 && (polled.revents & POLLIN) != 0, "after shutdown event_fd is not readable");
  const auto closed = [](const char* what, stepop_code code) {
    expect(code == STEPOP_E_CLOSED, std::string("after shutdown ") + what + " returns " + code_name(code));
  };
  int none = -1;
  closed("submit", op.submit(subject.step(subject.good)).code);
  closed("status", op.status(id).code);
  closed("wait", op.wait(id, -1).code);
  closed("event_fd", op.event_fd(&none).code);
  closed("cancel", op.cancel(id, 0).code);
  closed("forget", op.forget(id).code);
  if (p.attach) closed("attach", op.attach("{}", 0, nullptr).code);
  stepop_text* text = nullptr;
  if (p.check) closed("check", p.check(op.raw(), nullptr, 1000, &text, nullptr));
  stepop_logs* logs = nullptr;
  if (p.logs_open) closed("logs_open", p.logs_open(op.raw(), id.c_str(), nullptr, &logs, nullptr, nullptr));
  op.drain();
  closed("next_events of an empty queue", op.next_events(1, 0).code);
  closed("next_events that would wait", op.next_events(1, -1).code);
  expect(op.shutdown(0).ok(), "a second shutdown is not OK");
}

void events_are_not_lost(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  expect(op.wait(id, subject.patience.count()).ok(), "wait does not return OK");
  op.leave_steps();
  expect(op.shutdown(5000).ok(), "shutdown is not OK");
  op.drain();
  expect(
      std::any_of(op.seen().begin(), op.seen().end(), [&](const Event& e) { return e.ends() && e.step_run_id == id; }),
      "an event that was in the queue cannot be read after shutdown");
  op.destroy();
  Operator next(library, subject);
  json::object request = subject.good;
  request["step_run_id"] = id;
  next.submit(request);
}

void ends_while_busy(const Subject& subject) {
  const Library library(subject);
  std::vector<std::string> ids;
  {
    Operator op(library, subject);
    for (int i = 0; i < 5; ++i) ids.push_back(op.started(subject.step(subject.endless)));
    op.until_state(ids.front(), STEPOP_STATE_PENDING);
    const Logs logs(op, ids.front());
    op.cancel(ids.back(), 0);
    op.leave_steps();
    const Answer said = op.shutdown(2000);
    expect(said.ok(), "shutdown returns " + said.text());
  }
  Operator next(library, subject);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    json::object request = subject.endless;
    request["step_run_id"] = ids[i];
    expect(next.submit(request).ok(), "the next operator does not take a step of one that ended while busy");
  }
  const Event first = next.until_state(ids.front(), STEPOP_STATE_RUNNING);
  expect(first.terminal == 0, "a step did not outlive its operator: it is " + state_name(first.state));
}

void destroyed_without_shutdown(const Subject& subject) {
  const Library library(subject);
  const json::object request = subject.step(subject.endless);
  {
    Operator op(library, subject);
    op.started(request);
    op.until_state(id_of(request), STEPOP_STATE_PENDING);
    op.leave_steps();
    op.destroy();
  }
  Operator next(library, subject);
  next.started(request);
  const Event now = next.until_state(id_of(request), STEPOP_STATE_RUNNING);
  expect(now.terminal == 0, "the step did not outlive its operator: it is " + state_name(now.state));
}

void opened_many_times(const Subject& subject) {
  const Library library(subject);
  for (int i = 0; i < 20; ++i) const Operator op(library, subject);
}

}  // namespace

std::vector<Check> ending_checks() {
  return {
      {"forget.ended", "Idempotent. Also for ids that this process never submitted", is_acknowledged},
      {"forget.running", "A step that is not terminal is refused.", refuses_what_runs},
      {"shutdown.wakes", "wakes every waiter with CLOSED", waiters_wake},
      {"shutdown.closes", "every other call is CLOSED. A second call does nothing.", everything_is_closed},
      {"shutdown.keeps_events", "Events not yet read can still be read with `next_events` and a timeout of 0",
       events_are_not_lost},
      {"shutdown.busy",
       "waits at most `timeout_ms` until what was acknowledged with OK is handed on, stops its threads. Steps run on.",
       ends_while_busy},
      {"destroy.alone", "Frees an operator, shutting it down first with timeout 0 where that was not done.",
       destroyed_without_shutdown},
      {"destroy.many", "Opens a step operator of a flavor.", opened_many_times},
  };
}

}  // namespace stepop::conformance
