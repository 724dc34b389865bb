// The queue: what events hold, their order, and the descriptor that tells of them.
#include <poll.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "host.hpp"

namespace stepop::conformance {
namespace {

constexpr std::int64_t second_us = 1'000'000;

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// The order that every step's events have.
void are_in_order(const std::vector<Event>& events, const std::string& id) {
  std::uint64_t sequence = 0;
  std::pair<std::uint32_t, std::uint32_t> last{0, 0};
  bool ended = false;
  for (const Event& event : events) {
    expect(event.sequence > sequence,
           "sequence " + std::to_string(event.sequence) + " follows " + std::to_string(sequence));
    sequence = event.sequence;
    if (!event.is_state() || event.step_run_id != id) continue;
    expect(!ended, "the state " + state_name(event.state) + " follows a terminal one");
    const std::pair now{event.attempt, event.state};
    expect(now >= last, state_name(event.state) + " of attempt " + std::to_string(event.attempt) + " follows " +
                            state_name(last.second) + " of attempt " + std::to_string(last.first));
    last = now;
    expect((event.terminal == 1) == (event.state >= STEPOP_STATE_SUCCEEDED),
           "terminal is " + std::to_string(event.terminal) + " in the state " + state_name(event.state));
    ended = event.terminal == 1;
  }
  expect(ended, "there is no terminal event");
}

void go_forward(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string good = op.started(subject.step(subject.good)), bad = op.started(subject.step(subject.failing));
  op.until_end(good);
  op.until_end(bad);
  // Submitting again may not bring a second end.
  op.drain();
  are_in_order(op.seen(), good);
  are_in_order(op.seen(), bad);
}

void end_once(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const json::object request = subject.step(subject.good);
  const std::string id = op.started(request);
  op.until_end(id);
  const Answer again = op.submit(request);
  expect(again.ok(), "submitting the same request again returns " + again.text());
  op.cancel(id, 0);
  op.attach(R"({"step_run_ids":[")" + id + R"("]})", 0, nullptr);
  op.until("ATTACHED", [](const Event& e) { return e.kind == STEPOP_EVENT_ATTACHED; });
  op.drain();
  const auto ends = std::count_if(op.seen().begin(), op.seen().end(),
                                  [&](const Event& e) { return e.ends() && e.step_run_id == id; });
  expect(ends == 1,
         std::to_string(ends) + " terminal events of one step, after submit, cancel and attach of what had ended");
}

void are_well_formed(const Subject& subject) {
  const Library library(subject);
  const std::int64_t before = now_us();
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  expect(op.wait(id, subject.patience.count()).ok(), "wait does not return OK");
  stepop_batch* batch = nullptr;
  doing("next_events");
  while (library.plugin().next_events(op.raw(), 100, 0, &batch, nullptr) == STEPOP_OK) {
    expect(batch->object.struct_size >= sizeof(stepop_batch), "struct_size of the batch does not cover its members");
    expect(batch->count > 0, "OK, and a batch of nothing");
    expect(batch->event_stride >= sizeof(stepop_event), "event_stride is smaller than an event");
    for (std::uint32_t i = 0; i < batch->count; ++i) {
      const auto& e = *reinterpret_cast<const stepop_event*>(reinterpret_cast<const char*>(batch->events) +
                                                             std::size_t{i} * batch->event_stride);
      expect(e.struct_size >= sizeof(stepop_event) && e.struct_size <= batch->event_stride,
             "struct_size of an event does not fit event_stride");
      expect(e.step_run_id != nullptr && std::strlen(e.step_run_id) == e.step_run_id_size,
             "step_run_id is not of its size");
      expect(e.detail != nullptr && std::strlen(e.detail) == e.detail_size, "detail is not of its size");
      expect(e.terminal <= 1, "terminal is " + std::to_string(e.terminal));
      expect(e.sequence >= 1, "sequence is 0");
      expect(e.time_us >= before - second_us && e.time_us <= now_us() + second_us,
             "time_us is not of this step's time");
      json::error_code wrong;
      const json::value detail = json::parse(std::string_view(e.detail, e.detail_size), wrong);
      expect(!wrong && detail.is_object(), "detail is no JSON object");
      const bool with_ticket = e.kind == STEPOP_EVENT_LOG_READY || e.kind == STEPOP_EVENT_ATTACHED;
      if (e.kind <= STEPOP_EVENT_DISPLACED && !with_ticket)
        expect(e.ticket == 0, "a ticket in an event of kind " + std::to_string(e.kind));
      if (e.kind <= STEPOP_EVENT_DISPLACED && e.kind != STEPOP_EVENT_STATE)
        expect(e.state == STEPOP_STATE_NONE && e.terminal == 0,
               "a state in an event of kind " + std::to_string(e.kind));
      if (e.kind == STEPOP_EVENT_STATE)
        expect(id == std::string_view(e.step_run_id, e.step_run_id_size), "the id of a step that nobody submitted");
    }
    library.release(batch);
  }
}

std::set<std::string> reasons_of(const json::object& flavor) {
  std::set<std::string> reasons;
  for (const json::value& reason : flavor.at("reasons").as_array()) reasons.emplace(reason.as_string());
  return reasons;
}

void has_known_members(const json::object& detail, const std::set<std::string>& reasons) {
  const auto text = [&detail](const char* key) {
    const json::value* found = detail.if_contains(key);
    expect(found == nullptr || found->is_string(), std::string("\"") + key + "\" is no text");
    return found == nullptr ? std::string() : std::string(found->get_string());
  };
  const std::string reason = text("reason");
  expect(reason.empty() || reasons.contains(reason), "the reason " + reason + " is not one that describe lists");
  for (const char* key : {"message", "hint", "started_at", "finished_at"}) text(key);
  const std::string ran = text("user_code_ran");
  expect(ran.empty() || ran == "no" || ran == "maybe" || ran == "yes", "user_code_ran is " + ran);
  const std::string tail = text("log_tail");
  expect(tail.empty() || tail.back() == '\n', "the last line of log_tail is not ended by a newline");
  if (const json::value* code = detail.if_contains("exit_code")) expect(code->is_int64(), "exit_code is no integer");
  if (const json::value* retryable = detail.if_contains("retryable"))
    expect(retryable->is_bool(), "retryable is no truth value");
  if (const json::value* workload = detail.if_contains("workload"))
    expect(workload->is_object(), "workload is no object");
}

void tell_how_it_ended(const Subject& subject) {
  const Library library(subject);
  const std::set<std::string> reasons = reasons_of(library.flavor(subject));
  Operator op(library, subject);
  const std::string good = op.started(subject.step(subject.good)), bad = op.started(subject.step(subject.failing));
  const Event success = op.until_end(good), failure = op.until_end(bad);
  expect(success.state == STEPOP_STATE_SUCCEEDED,
         "the step of --request ended as " + state_name(success.state) + ": " + success.detail.substr(0, 300));
  expect(failure.state == STEPOP_STATE_FAILED,
         "the step of --failing ended as " + state_name(failure.state) + ": " + failure.detail.substr(0, 300));
  for (const Event& event : op.seen())
    if (event.is_state()) has_known_members(event.read_detail(), reasons);
  expect(failure.read_detail().contains("reason"), "a failed step has no reason: " + failure.detail.substr(0, 300));
  const json::object end = success.read_detail();
  const json::value* code = end.if_contains("exit_code");
  expect(code == nullptr || (code->is_int64() && code->get_int64() == 0), "a succeeded step's exit_code is not 0");
}

bool readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return ::poll(&polled, 1, 0) == 1 && (polled.revents & POLLIN) != 0;
}

void descriptor_is_level_triggered(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  int fd = -1;
  const Answer said = op.event_fd(&fd);
  expect(said.ok() && fd >= 0, "event_fd returns " + said.text());
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(op.started(subject.step(subject.good)));
  for (const std::string& id : ids) expect(op.wait(id, subject.patience.count()).ok(), "wait does not return OK");
  // Three ends are in the queue now: it is readable until the last event is out, and not a moment longer.
  int events = 0;
  while (true) {
    const std::int64_t looked = now_us();
    const bool was_readable = readable(fd);
    std::vector<Event> out;
    const Answer next = op.next_events(1, 0, &out);
    if (next.ok()) {
      expect(out.size() == 1, "next_events with max 1 returned " + std::to_string(out.size()) + " events");
      // One that came between the two looks is no fault.
      expect(was_readable || out.front().time_us >= looked, "there was an event, and the descriptor was not readable");
      ++events;
      continue;
    }
    expect(next.code == STEPOP_E_WOULD_BLOCK, "next_events of an empty queue returns " + next.text());
    expect(!was_readable, "the queue was empty, and the descriptor readable");
    expect(events >= 3, "three steps ended, and " + std::to_string(events) + " events came");
    break;
  }
}

void timeouts_are_kept(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  op.drain();
  const Answer at_once = op.next_events(1, 0);
  expect(at_once.code == STEPOP_E_WOULD_BLOCK,
         "with a timeout of 0 and no event, next_events returns " + at_once.text());
  constexpr auto wait = std::chrono::milliseconds(150);
  const auto began = std::chrono::steady_clock::now();
  const Answer later = op.next_events(1, wait.count());
  const auto took = std::chrono::steady_clock::now() - began;
  if (later.ok()) return;  // something came, a warning
  expect(later.code == STEPOP_E_TIMEOUT, "with a timeout of 150 ms and no event, next_events returns " + later.text());
  expect(took >= wait, "next_events with a timeout of 150 ms waited for less");
}

void operators_are_apart(const Subject& subject) {
  const Library library(subject);
  json::object other = subject.config;
  if (const json::value* owner = subject.config.if_contains("owner"); owner != nullptr && owner->is_string())
    other["owner"] = std::string(owner->get_string()) + "-other";
  Operator first(library, subject), second(library, subject, other);
  const std::string id = first.started(subject.step(subject.good)),
                    of_second = second.started(subject.step(subject.good));
  first.until_end(id);
  second.until_end(of_second);
  expect(second.status(id).code == STEPOP_E_NOT_FOUND, "a step is known to an operator that nobody told of it");
  for (const Event& event : first.drain())
    expect(event.step_run_id != of_second, "an operator has an event of another operator's step");
}

}  // namespace

std::vector<Check> events_checks() {
  return {
      {"events.members", "Every member that does not belong to the kind is 0, or \"\".", are_well_formed},
      {"events.order", "A step moves forward only, within one attempt; `attempt` grows.", go_forward},
      {"events.one_end", "1 when no further STATE event of this step follows from this operator; else 0", end_once},
      {"events.detail",
       "Detail of a STATE event: a JSON object with those of these members that are known:", tell_how_it_ended},
      {"events.descriptor", "A descriptor that is readable exactly while the queue is not empty (level-triggered)",
       descriptor_is_level_triggered},
      {"events.timeout", "Errors: TIMEOUT (nothing came; WOULD_BLOCK when timeout_ms is 0).", timeouts_are_kept},
      {"events.apart", "What happens is an event in one queue: `next_events`, and `event_fd` to poll.",
       operators_are_apart},
  };
}

}  // namespace stepop::conformance
