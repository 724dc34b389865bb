// Steps of an earlier life, or of another operator: attach with and without own, and submit again.
#include <algorithm>

#include "host.hpp"

namespace stepop::conformance {
namespace {

std::string filter_of(const std::string& id) {
  return json::serialize(json::object{{"step_run_ids", json::array{id}}});
}

// Attaches and waits until all is seen.
Event attached(Operator& op, const std::string& filter, std::uint32_t own) {
  std::uint64_t ticket = 0;
  const Answer said = op.attach(filter, own, &ticket);
  expect(said.ok(), "attach returns " + said.text());
  expect(ticket != 0, "the ticket is 0");
  return op.until("ATTACHED with the ticket of attach",
                  [ticket](const Event& e) { return e.kind == STEPOP_EVENT_ATTACHED && e.ticket == ticket; });
}

bool lists(const Event& event, const std::string& id) {
  const json::object detail = event.read_detail();
  const json::value* ids = detail.if_contains("step_run_ids");
  expect(ids != nullptr && ids->is_array(), "ATTACHED has no array \"step_run_ids\": " + event.detail.substr(0, 200));
  const auto& array = ids->get_array();
  return std::any_of(array.begin(), array.end(), [&](const json::value& one) { return one == json::value(id); });
}

void observes(const Subject& subject) {
  const Library library(subject);
  Operator owner(library, subject);
  const std::string id = owner.started(subject.step(subject.endless));
  owner.until_state(id, STEPOP_STATE_RUNNING);
  Operator observer(library, subject);
  const Event event = attached(observer, filter_of(id), 0);
  expect(lists(event, id), "ATTACHED does not list the step that the filter names: " + event.detail.substr(0, 200));
  const auto& seen = observer.seen();
  const auto told =
      std::find_if(seen.begin(), seen.end(), [&](const Event& e) { return e.is_state() && e.step_run_id == id; });
  expect(told != seen.end() && told->sequence < event.sequence, "the step has no STATE event before ATTACHED");
  expect(observer.status(id).ok(), "an attached step has no status");
  expect(observer.cancel(id, 0).ok(), "an observer cannot cancel");
  const Event at_observer = observer.until_end(id), at_owner = owner.until_end(id);
  expect(at_observer.state == at_owner.state,
         "the owner sees " + state_name(at_owner.state) + ", the observer " + state_name(at_observer.state));
  owner.drain();
  expect(std::none_of(owner.seen().begin(), owner.seen().end(),
                      [](const Event& e) { return e.kind == STEPOP_EVENT_DISPLACED; }),
         "an observer has displaced the owner");
}

void takes_over(const Subject& subject) {
  const Library library(subject);
  Operator first(library, subject);
  const std::string id = first.started(subject.step(subject.endless));
  first.until_state(id, STEPOP_STATE_RUNNING);
  Operator second(library, subject);
  expect(lists(attached(second, filter_of(id), 1), id), "ATTACHED does not list the step that the filter names");
  first.until("DISPLACED", [&](const Event& e) { return e.kind == STEPOP_EVENT_DISPLACED && e.step_run_id == id; });
  std::optional<Event> now;
  second.status(id, &now);
  expect(now && now->terminal == 0, "taken over, the step does not run on");
  expect(second.cancel(id, 0).ok(), "the new owner cannot cancel");
  const Event at_second = second.until_end(id), at_first = first.until_end(id);
  expect(at_first.state == STEPOP_STATE_CANCELLED && at_second.state == STEPOP_STATE_CANCELLED,
         "the step was cancelled, and the owner sees " + state_name(at_second.state) + ", the displaced " +
             state_name(at_first.state));
  first.leave_steps();
  second.clean_up(id);
}

void survives_its_host(const Subject& subject) {
  const Library library(subject);
  std::string id;
  {
    Operator first(library, subject);
    id = first.started(subject.step(subject.endless));
    first.until_state(id, STEPOP_STATE_RUNNING);
    first.leave_steps();
  }
  Operator second(library, subject);
  expect(second.status(id).code == STEPOP_E_NOT_FOUND, "before attach a step of an earlier life has a status");
  expect(lists(attached(second, filter_of(id), 1), id), "the step of an earlier life is not found");
  second.clean_up(id);
  std::optional<Event> now;
  second.status(id, &now);
  expect(now && now->state == STEPOP_STATE_RUNNING && now->attempt == 0,
         "the step ran when its host went, and is now " + state_name(now ? now->state : 0));
}

void is_the_same_step(const Subject& subject) {
  const Library library(subject);
  const json::object request = subject.step(subject.good);
  std::string id;
  json::object first_end;
  {
    Operator first(library, subject);
    id = first.started(request);
    first_end = first.until_end(id).read_detail();
    first.leave_steps();
  }
  Operator second(library, subject);
  second.started(request);
  const Event end = second.until_end(id);
  expect(end.state == STEPOP_STATE_SUCCEEDED && end.attempt == 0,
         "submitted in the next life, a step that had succeeded ends as " + state_name(end.state));
  const json::object second_end = end.read_detail();
  for (const char* member : {"started_at", "result", "workload"})
    expect((first_end.contains(member) ? first_end.at(member) : json::value()) ==
               (second_end.contains(member) ? second_end.at(member) : json::value()),
           std::string("in the next life \"") + member + "\" is another: it ran a second time");
}

void finds_nothing(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const Event event = attached(op, filter_of("conformance/nobody"), 0);
  expect(!lists(event, "conformance/nobody"), "a step that does not exist is attached");
  for (const char* bad : {"[]", "not JSON", R"({"step_run_ids":"text"})", R"({"labels":[]})"}) {
    const Answer said = op.attach(bad, 0, nullptr);
    expect(said.code == STEPOP_E_INVALID, std::string("the filter `") + bad + "` gives " + said.text());
  }
  const Answer unknown = op.attach(R"({"step_ids":[]})", 0, nullptr);
  expect(unknown.code == STEPOP_E_INVALID && unknown.names("step_ids"),
         "an unknown member of a filter gives " + unknown.text());
  expect(op.attach("{}", 2, nullptr).code == STEPOP_E_INVALID, "own 2 is not INVALID");
}

}  // namespace

std::vector<Check> taking_over_checks() {
  return {
      {"attach.observe", "`own` 0 observes: status, events, logs, cancel; no retry, no clean-up.", observes},
      {"attach.own", "takes over; the operator that had it becomes an observer and is told so (DISPLACED).",
       takes_over},
      {"attach.earlier_life", "Finds steps of another process or an earlier life.", survives_its_host},
      {"attach.filter", "They arrive as STATE events, then one ATTACHED with `*ticket` (which may be NULL).",
       finds_nothing},
      {"submit.next_life", "the same id is the same step, in this process or the next", is_the_same_step},
  };
}

}  // namespace stepop::conformance
