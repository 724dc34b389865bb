#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "lifecycle/step_machine.hpp"
#include "pods.hpp"

namespace stepop::lifecycle {

using namespace pods;
using namespace std::chrono_literals;

// Drives one machine by hand: time moves only when the test says so, and every action is kept.
class StepMachineTest : public testing::Test {
 protected:
  void submit(Origin origin = Origin::submitted, std::vector<PodView> known = {}) {
    machine = std::make_unique<StepMachine>(origin, true, policy, 1);
    for (auto& pod : known) take(machine->on_pod(now, std::move(pod)));
    take(machine->start(now, now));
  }
  // A submitted step whose pod was created, and seen by the watch.
  void submit_and_create() {
    submit();
    EXPECT_TRUE(asked<CreatePod>());
    answer(view(unbound()));
    watch(view(unbound()));
  }
  void take(Actions actions) {
    for (auto& action : actions) {
      if (auto* wake = std::get_if<WakeAt>(&action)) wake_at = wake->time;
      if (auto* said = std::get_if<Announce>(&action)) reports.push_back(said->report);
      done.push_back(std::move(action));
    }
  }
  void answer(Answer a) { take(machine->on_answer(now, std::move(a))); }
  void watch(PodView v) { take(machine->on_pod(now, std::move(v))); }
  void vanish(std::optional<Pod> last) {
    take(machine->on_removed(now, "uid-1", last ? std::optional(view(*last)) : std::nullopt));
  }
  // Moves time to when the machine wants to be woken, and wakes it.
  void sleep() {
    ASSERT_TRUE(wake_at);
    now = std::max(now, *wake_at);
    take(machine->on_timer(now));
  }
  void after(std::chrono::seconds seconds) {
    now += seconds;
    take(machine->on_timer(now));
  }
  // Why it is given up is written on the pod before it is deleted.
  void write_why_given_up(Pod pod) {
    const auto mark = asked<MarkGivenUp>();
    ASSERT_TRUE(mark);
    auto marked = view(std::move(pod));
    marked.given_up = mark->why;
    answer(marked);
  }
  // That it is replaced is written on the pod before the next is made.
  void write_replaced() {
    ASSERT_TRUE(asked<MarkReplaced>());
    answer(Done{});
  }
  // The last action of this type since the last question for it.
  template <class T>
  std::optional<T> asked() {
    for (auto i = done.begin(); i != done.end(); ++i) {
      if (auto* found = std::get_if<T>(&*i)) {
        T copy = *found;
        done.erase(i);
        return copy;
      }
    }
    return std::nullopt;
  }
  static kube::Status status(int code, std::string reason, std::string message) {
    kube::Status s;
    s.code = code;
    s.reason = std::move(reason);
    s.message = std::move(message);
    return s;
  }
  static kube::Status not_found() { return status(404, "NotFound", "pods \"train-abc-0\" not found"); }
  static kube::Status may_not_make_secrets() {
    return status(403, "Forbidden", "secrets is forbidden: User \"dev\" cannot create resource \"secrets\"");
  }
  static kube::Status rbac() {
    return status(403, "Forbidden", "pods is forbidden: User \"dev\" cannot create resource");
  }

  Instant now{1h};
  Policy policy;
  std::unique_ptr<StepMachine> machine;
  Actions done;
  std::vector<Report> reports;
  std::optional<Instant> wake_at;
};

}  // namespace stepop::lifecycle
