// cancel, in each state that a step may be in.
#include <algorithm>

#include "host.hpp"

namespace stepop::conformance {
namespace {

void is_cancelled(const Event& end) {
  expect(end.state == STEPOP_STATE_CANCELLED,
         "an endless step that was cancelled ended as " + state_name(end.state) + ": " + end.detail.substr(0, 300));
}

void as_soon_as_submitted(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  const Answer said = op.cancel(id, 0);
  expect(said.ok(), "cancel right after submit returns " + said.text());
  is_cancelled(op.until_end(id));
}

void while_pending(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  op.until_state(id, STEPOP_STATE_PENDING);
  const Answer said = op.cancel(id, 0);
  expect(said.ok(), "cancel returns " + said.text());
  is_cancelled(op.until_end(id));
}

void while_running(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  op.until_state(id, STEPOP_STATE_RUNNING);
  const Answer said = op.cancel(id, 0);
  expect(said.ok(), "cancel returns " + said.text());
  const Event end = op.until_end(id);
  is_cancelled(end);
  const json::object detail = end.read_detail();
  if (const json::value* ran = detail.if_contains("user_code_ran"))
    expect(*ran != "no", "the step's code had started, and user_code_ran is no");
}

void again_and_again(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  op.until_state(id, STEPOP_STATE_RUNNING);
  for (const std::int64_t grace : {std::int64_t{600'000}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{600'000}})
    if (const Answer said = op.cancel(id, grace); !said.ok()) broken("a further cancel returns " + said.text());
  is_cancelled(op.until_end(id));
  expect(op.cancel(id).ok(), "cancel of a step that was cancelled is not OK");
}

void what_has_ended(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  const Event end = op.until_end(id);
  const Answer said = op.cancel(id, 0);
  expect(said.ok(), "cancel of a step that has ended returns " + said.text());
  std::optional<Event> now;
  op.status(id, &now);
  expect(now && now->state == end.state, "cancelled after its end, the step is " + state_name(now ? now->state : 0));
  op.drain();
  const auto ends = std::count_if(op.seen().begin(), op.seen().end(), [](const Event& e) { return e.ends(); });
  expect(ends == 1, "cancelled after its end, it has " + std::to_string(ends) + " terminal events");
}

void graces(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  const Answer said = op.cancel(id, -2);
  expect(said.code == STEPOP_E_INVALID, "cancel with a grace of -2 ms returns " + said.text());
}

}  // namespace

std::vector<Check> cancelling_checks() {
  constexpr const char* ends = "Ends in a terminal event, which says what really happened";
  return {
      {"cancel.accepted", ends, as_soon_as_submitted},
      {"cancel.pending", ends, while_pending},
      {"cancel.running", "terminal: it was stopped because `cancel` asked for it", while_running},
      {"cancel.again", "Idempotent; a shorter grace in a second call shortens.", again_and_again},
      {"cancel.ended", "a step that completed before it was stopped has succeeded or failed.", what_has_ended},
      {"cancel.grace", "`grace_ms`: STEPOP_GRACE_DEFAULT, or how long its code may take to stop; 0 is at once.",
       graces},
  };
}

}  // namespace stepop::conformance
