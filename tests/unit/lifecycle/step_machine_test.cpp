#include "lifecycle/step_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pods.hpp"

namespace stepop::lifecycle {
namespace {

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

TEST_F(StepMachineTest, GoesFromCreateToSuccess) {
  submit_and_create();
  watch(view(bound()));
  watch(view(started()));
  watch(view(ended(0, "Completed", "42")));
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_EQ(reports[0].state, StepState::pending);
  EXPECT_EQ(reports[1].place.node, "node-a");
  EXPECT_EQ(reports[2].state, StepState::running);
  EXPECT_EQ(reports[3].state, StepState::succeeded);
  EXPECT_EQ(*reports[3].result, 42);
}

TEST_F(StepMachineTest, CreatesNothingBeforeTheNamespaceIsKnown) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  EXPECT_FALSE(asked<CreatePod>());
  take(machine->on_synced(now, now));
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(StepMachineTest, AdoptsAPodOfAnEarlierLifeInsteadOfCreatingOne) {
  auto earlier = view(started());
  earlier.ours = false;
  submit(Origin::submitted, {earlier});
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_TRUE(asked<TakeOver>());
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, ReportsAPodThatEndedInAnEarlierLife) {
  submit(Origin::submitted, {view(ended(0))});
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(StepMachineTest, ALostAnswerIsAskedForAgainAndTheNamesakeAdopted) {
  submit();
  ASSERT_TRUE(asked<CreatePod>());
  answer(NoAnswer{"connection reset", true});
  EXPECT_FALSE(asked<CreatePod>()) << "backs off first";
  sleep();
  ASSERT_TRUE(asked<CreatePod>());
  answer(status(409, "AlreadyExists", "pods \"train-abc-0\" already exists"));
  ASSERT_TRUE(asked<GetPod>());
  answer(view(bound()));
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(reports.back().state, StepState::pending);
}

TEST_F(StepMachineTest, ANamesakeMadeFromAnotherRequestIsAConflict) {
  submit();
  asked<CreatePod>();
  answer(status(409, "AlreadyExists", "pods \"train-abc-0\" already exists"));
  asked<GetPod>();
  auto other = view(bound());
  other.same_request = false;
  answer(other);
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_EQ(reports.back().reason, reason::conflict);
}

TEST_F(StepMachineTest, ANamesakeOfSomebodyElseIsAConflict) {
  submit();
  asked<CreatePod>();
  answer(status(409, "AlreadyExists", "pods \"train-abc-0\" already exists"));
  asked<GetPod>();
  auto other = view(bound());
  other.same_step = false;
  answer(other);
  EXPECT_EQ(reports.back().reason, reason::conflict);
}

TEST_F(StepMachineTest, NoFailureOfTheApiIsTerminal) {
  submit();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(asked<CreatePod>()) << i;
    answer(i % 2 ? Answer(status(503, "ServiceUnavailable", "etcd is away")) : Answer(NoAnswer{"refused", false}));
    sleep();
  }
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, AnInvalidPodFailsAtOnce) {
  submit();
  asked<CreatePod>();
  answer(status(422, "Invalid", "Pod is invalid: spec.containers[0].image: Required value"));
  EXPECT_EQ(reports.back().reason, reason::invalid_request);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, AFalse403OfAStartingServerIsForgiven) {
  submit();
  asked<CreatePod>();
  answer(rbac());
  sleep();
  ASSERT_TRUE(asked<CreatePod>());
  answer(view(unbound()));
  EXPECT_EQ(reports.back().state, StepState::pending);
}

TEST_F(StepMachineTest, A403IsBelievedAfterTheGraceWhenTheServerWasReady) {
  submit();
  int refusals = 0;
  const auto began = now;
  while (!machine->ended()) {
    ASSERT_LT(++refusals, 100);
    ASSERT_TRUE(asked<CreatePod>());
    answer(rbac());
    if (asked<AskReady>()) take(machine->on_ready(now, true));
    if (!machine->ended()) sleep();
  }
  EXPECT_GE(now - began, 30s);
  EXPECT_EQ(reports.back().reason, reason::forbidden);
}

TEST_F(StepMachineTest, A403IsNotBelievedWhileTheServerIsNotReady) {
  submit();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(asked<CreatePod>());
    answer(rbac());
    if (asked<AskReady>()) take(machine->on_ready(now, false));
    sleep();
  }
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, AWatchThatIsRefusedFailsTheStepAfterTheGrace) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->on_view_refused(now, rbac()));
  EXPECT_TRUE(asked<AskReady>());
  take(machine->on_ready(now, true));
  EXPECT_FALSE(machine->ended());
  now += 31s;
  take(machine->on_view_refused(now, rbac()));
  EXPECT_EQ(reports.back().reason, reason::forbidden);
}

TEST_F(StepMachineTest, QuotaHoldsAStepUpAndDoesNotFailIt) {
  submit();
  asked<CreatePod>();
  answer(status(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: compute, requested: pods=1"));
  EXPECT_EQ(reports.back().state, StepState::accepted);
  EXPECT_EQ(reports.back().reason, reason::quota_exceeded);
  sleep();
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(StepMachineTest, AResubmittedStepWithoutAPodIsLostNotRunAgain) {
  submit(Origin::resubmitted);
  EXPECT_FALSE(asked<CreatePod>());
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost);
  EXPECT_EQ(reports.back().reason, reason::workload_vanished);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, ACancelBeforeTheCreateEndsWithoutATrace) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->cancel(now, std::nullopt));
  take(machine->on_synced(now, now));
  EXPECT_FALSE(asked<CreatePod>());
  ASSERT_TRUE(asked<GetPod>()) << "an earlier life may have made one that the list does not show yet";
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::cancelled);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, ACancelOfACreateInFlightWaitsForItsAnswer) {
  submit();
  asked<CreatePod>();
  take(machine->cancel(now, std::nullopt));
  EXPECT_FALSE(machine->ended());
  answer(view(unbound()));
  ASSERT_TRUE(asked<MarkCancelled>());
  auto marked = view(unbound());
  marked.cancelled = true;
  answer(marked);
  const auto remove = asked<DeletePod>();
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->uid, "uid-1");
}

TEST_F(StepMachineTest, ACancelOfACreateWithoutAnAnswerWaitsUntilItCanHaveNoEffect) {
  submit();
  asked<CreatePod>();
  take(machine->cancel(now, std::nullopt));
  const auto sent = now;
  answer(NoAnswer{"reset", true});
  EXPECT_FALSE(asked<CreatePod>()) << "a cancelled step is not created again";
  while (!asked<GetPod>()) sleep();
  EXPECT_GE(now - sent, create_timeout + create_margin);
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::cancelled);
}

TEST_F(StepMachineTest, APodOfACancelledStepThatStillAppearsIsDeleted) {
  submit();
  asked<CreatePod>();
  take(machine->cancel(now, std::nullopt));
  answer(NoAnswer{"reset", true});
  while (!asked<GetPod>()) sleep();
  answer(not_found());
  watch(view(unbound()));
  EXPECT_TRUE(asked<Warn>());
  ASSERT_TRUE(asked<MarkCancelled>()) << "so that no other owner takes it for somebody's deletion";
  auto marked = view(unbound());
  marked.cancelled = true;
  answer(marked);
  EXPECT_TRUE(asked<DeletePod>());
}

TEST_F(StepMachineTest, ACancelledRunningStepEndsAsCancelledEvenWithExitZero) {
  submit_and_create();
  watch(view(started()));
  take(machine->cancel(now, 5s));
  asked<MarkCancelled>();
  auto marked = view(started());
  marked.cancelled = true;
  answer(marked);
  const auto remove = asked<DeletePod>();
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->grace, 5s);
  auto dying = marked;
  dying.pod = being_deleted(started(), 5);
  answer(dying);
  EXPECT_FALSE(machine->ended()) << "not before it is confirmed stopped";
  dying.pod = being_deleted(ended(0), 5);
  watch(dying);
  EXPECT_EQ(reports.back().state, StepState::cancelled);
  EXPECT_EQ(reports.back().exit_code, 0);
}

TEST_F(StepMachineTest, AStepThatCompletedBeforeTheDeleteHasSucceeded) {
  submit_and_create();
  watch(view(started()));
  take(machine->cancel(now, std::nullopt));
  asked<MarkCancelled>();
  auto marked = view(started());
  marked.cancelled = true;
  answer(marked);
  asked<DeletePod>();
  auto late = marked;
  late.pod = being_deleted(ended(0, "Completed", "1"));
  answer(late);  // the answer to the DELETE already shows it terminated
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(StepMachineTest, AShorterGraceIsSentASecondTime) {
  submit_and_create();
  watch(view(started()));
  take(machine->cancel(now, 30s));
  auto marked = view(started());
  marked.cancelled = true;
  answer(marked);
  asked<DeletePod>();
  marked.pod = being_deleted(started());
  answer(marked);
  take(machine->cancel(now, 0s));
  const auto again = asked<DeletePod>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->grace, 1s) << "with none at all nobody would confirm that it stopped";
}

TEST_F(StepMachineTest, APodDeletedBySomebodyFailsAsDeletedAndIsNotReplaced) {
  submit_and_create();
  watch(view(started()));
  watch(view(being_deleted(started())));
  EXPECT_FALSE(machine->ended());
  watch(view(being_deleted(ended(143))));
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_EQ(reports.back().reason, reason::deleted);
  EXPECT_EQ(reports.back().exit_code, 143);
  EXPECT_FALSE(asked<CreatePod>());
}

TEST_F(StepMachineTest, APodDeletedWithoutGraceIsConfirmedByAGet) {
  submit_and_create();
  watch(view(started()));
  vanish(being_deleted(started(), 0));
  EXPECT_FALSE(machine->ended());
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().reason, reason::deleted);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::yes);
}

TEST_F(StepMachineTest, APodDeletedBeforeItHadANodeDidNotRun) {
  submit_and_create();
  vanish(being_deleted(unbound(), 0));
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().reason, reason::deleted);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, APodWhoseLabelsChangedIsNotGone) {
  submit_and_create();
  watch(view(started()));
  vanish(started());
  asked<GetPod>();
  answer(view(started()));
  EXPECT_FALSE(machine->ended());
  sleep();
  ASSERT_TRUE(asked<GetPod>()) << "looked after by GETs from now on";
  answer(view(ended(0)));
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(StepMachineTest, APodThatVanishedDuringAGapIsLost) {
  submit_and_create();
  watch(view(started()));
  take(machine->on_gap(now));
  vanish(std::nullopt);
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost);
  EXPECT_EQ(reports.back().reason, reason::workload_vanished);
}

TEST_F(StepMachineTest, AWatchThatComesAfterA404StillTellsHowItEnded) {
  submit_and_create();
  watch(view(started()));
  take(machine->cancel(now, std::nullopt));
  ASSERT_TRUE(asked<MarkCancelled>());
  answer(not_found());
  EXPECT_FALSE(machine->ended());
  vanish(ended(0, "Completed", "7"));
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(StepMachineTest, AContainerThatDoesNotStartInTimeIsStoppedAndNamed) {
  policy.max_startup_retries = 0;
  submit_and_create();
  watch(view(bound()));
  after(601s);
  ASSERT_TRUE(asked<GetPod>()) << "judged on a fresh view only";
  EXPECT_FALSE(asked<DeletePod>());
  answer(view(bound()));
  EXPECT_FALSE(asked<DeletePod>());
  write_why_given_up(bound());
  ASSERT_TRUE(asked<DeletePod>());
  auto dying = view(being_deleted(bound()));
  answer(dying);
  auto last = with_main(being_deleted(bound()), waiting("ContainerCreating"));
  last.phase = PodPhase::Failed;
  watch(view(last));
  EXPECT_EQ(reports.back().reason, reason::start_timeout);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, TimeWithoutANodeDoesNotCount) {
  submit_and_create();
  after(3600s);
  EXPECT_FALSE(asked<GetPod>());
  EXPECT_FALSE(asked<DeletePod>());
}

TEST_F(StepMachineTest, NothingIsJudgedWhileTheApiIsAway) {
  submit_and_create();
  watch(view(bound()));
  after(601s);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(asked<GetPod>());
    answer(NoAnswer{"refused", false});
    sleep();
  }
  EXPECT_FALSE(machine->ended());
  EXPECT_FALSE(asked<DeletePod>());
  asked<GetPod>();
  answer(view(started()));  // it had started meanwhile
  EXPECT_EQ(reports.back().state, StepState::running);
  EXPECT_FALSE(asked<DeletePod>());
}

TEST_F(StepMachineTest, AFatalWaitingReasonFailsOnlyAfterItsGrace) {
  policy.fatal_waiting_reasons = {"ErrImagePull", "ImagePullBackOff"};
  submit_and_create();
  const auto stuck = with_main(bound(), waiting("ErrImagePull", "not found"));
  watch(view(stuck));
  now += 30s;
  watch(view(with_main(bound(), waiting("ImagePullBackOff", "Back-off pulling image"))));
  EXPECT_FALSE(asked<DeletePod>());
  now += 31s;
  watch(view(stuck));
  asked<GetPod>();
  answer(view(stuck));
  write_why_given_up(stuck);
  ASSERT_TRUE(asked<DeletePod>()) << "the two words are one trouble, and it has lasted";
}

TEST_F(StepMachineTest, ADeadlineIsNotJudgedOnAnOldEventOfAResumedWatch) {
  policy.fatal_waiting_reasons = {"ErrImagePull"};
  submit_and_create();
  watch(view(with_main(bound(), waiting("ErrImagePull"))));
  now += 5min;  // the API server was away; what the watch missed comes now, oldest first
  watch(view(with_main(bound(), waiting("ErrImagePull", "again"))));
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_TRUE(asked<GetPod>());
  answer(view(started()));
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, ACreateAnsweredAfterTheEndTellsNothingMore) {
  submit();
  asked<CreatePod>();
  watch(view(ended(0)));
  const auto told = reports.size();
  ASSERT_TRUE(machine->ended());
  answer(NoAnswer{"timeout"});
  EXPECT_EQ(reports.size(), told);
}

TEST_F(StepMachineTest, AnAnswerThatEventsHaveOvertakenChangesNothing) {
  submit();
  asked<CreatePod>();
  auto evicted = disrupted(unbound(), "EvictionByEvictionAPI");
  evicted.metadata.resource_version = "12";
  watch(view(evicted));
  evicted = being_deleted(evicted, 0);
  evicted.metadata.resource_version = "14";
  vanish(evicted);
  auto created = unbound();
  created.metadata.resource_version = "9";
  answer(view(created));
  asked<GetPod>();
  answer(not_found());
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(reports.back().reason, reason::evicted);
}

TEST_F(StepMachineTest, ContentionOnADeleteDoesNotMeanThatThePodIsGone) {
  submit_and_create();
  watch(view(started()));
  auto marked = view(started());
  marked.cancelled = true;
  take(machine->cancel(now, std::nullopt));
  answer(marked);
  asked<DeletePod>();
  answer(status(409, "Conflict", "Operation cannot be fulfilled on pods: try again"));
  after(60s);
  EXPECT_FALSE(machine->ended());
  asked<GetPod>();
  answer(marked);
  EXPECT_TRUE(asked<DeletePod>()) << "it is sent again";
}

TEST_F(StepMachineTest, ADeleteAfterALostOneDoesNotShowWhetherItHadCompleted) {
  submit_and_create();
  watch(view(started()));
  auto marked = view(started());
  marked.cancelled = true;
  take(machine->cancel(now, std::nullopt));
  answer(marked);
  asked<DeletePod>();
  answer(NoAnswer{"reset"});
  after(1s);
  ASSERT_TRUE(asked<GetPod>()) << "it may have completed meanwhile";
  answer(marked);
  const auto again = asked<DeletePod>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->resource_version, marked.pod.metadata.resource_version) << "only what was seen";
  auto stopped = view(being_deleted(ended(0)));  // by the first: its code ends with 0 on SIGTERM
  stopped.cancelled = true;
  answer(stopped);
  EXPECT_EQ(reports.back().state, StepState::cancelled);
}

TEST_F(StepMachineTest, ALostCreateIsRememberedWhenALaterOneCannotHaveArrived) {
  submit();
  asked<CreatePod>();
  answer(NoAnswer{"reset", true});
  sleep();
  asked<CreatePod>();
  answer(NoAnswer{"refused", false});
  take(machine->cancel(now, std::nullopt));
  after(1s);
  EXPECT_FALSE(machine->ended()) << "the first may still take effect";
  after(create_timeout + create_margin);
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::cancelled);
}

TEST_F(StepMachineTest, CleanUpWaitsUntilNoLostCreateCanTakeTheNameAgain) {
  policy.cleanup = Cleanup::always;
  submit();
  asked<CreatePod>();
  answer(NoAnswer{"reset", true});
  sleep();
  asked<CreatePod>();
  answer(view(unbound()));
  watch(view(ended(0)));
  take(machine->forget(now, std::nullopt));
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_FALSE(asked<TellForgotten>());
  after(create_timeout + create_margin);
  EXPECT_TRUE(asked<DeletePod>());
}

TEST_F(StepMachineTest, APodThatTheWatchNeverShowsIsAskedFor) {
  submit();
  asked<CreatePod>();
  answer(view(unbound()));  // somebody changes its labels before the watch can show it
  now += 1s;
  take(machine->on_synced(now, now));
  ASSERT_TRUE(asked<GetPod>());
  auto relabelled = view(ended(0));
  relabelled.same_step = false;
  answer(relabelled);
  EXPECT_EQ(reports.back().state, StepState::succeeded) << "it is the pod of that uid, whatever its labels say";
}

TEST_F(StepMachineTest, APodThatLeftTheViewByItsLabelsAndIsThenGoneIsLost) {
  submit_and_create();
  watch(view(started()));
  vanish(started());  // without a deletion timestamp: it only does not match any more
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost);
}

TEST_F(StepMachineTest, ALaterLifeNamesWhatAnEarlierOneGaveThePodUpFor) {
  auto given_up = view(being_deleted(bound()));
  given_up.given_up = "ImagePull: not found";
  submit(Origin::resubmitted, {given_up});
  auto last = with_main(being_deleted(bound()), waiting("ImagePullBackOff"));
  last.phase = PodPhase::Failed;
  given_up.pod = last;
  watch(given_up);
  EXPECT_EQ(reports.back().reason, reason::image_pull);
  EXPECT_EQ(reports.back().message, "not found");
}

TEST_F(StepMachineTest, APodThatStartsBeforeItsDeleteIsNotGivenUp) {
  submit_and_create();
  watch(view(bound()));
  after(601s);
  asked<GetPod>();
  answer(view(bound()));
  const auto mark = asked<MarkGivenUp>();
  ASSERT_TRUE(mark);
  auto marked = view(started());
  marked.given_up = mark->why;
  answer(marked);
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, AFinalStatusFromACallMayHideWhatTheWatchHasNotBroughtYet) {
  submit_and_create();
  auto placed = bound();
  placed.container_statuses.clear();
  placed.metadata.resource_version = "2";
  watch(view(placed));
  after(601s);
  asked<GetPod>();
  auto rejected_later =
      failed_by_node(placed, "Evicted", "Pod was rejected: The node had condition: [MemoryPressure].");
  rejected_later.metadata.resource_version = "9";
  answer(view(rejected_later));
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, ACancelledStepWhosePodIsGoneUnseenIsLost) {
  submit(Origin::resubmitted);
  take(machine->cancel(now, std::nullopt));
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost) << "it may have completed, or run on where nobody sees it";
}

TEST_F(StepMachineTest, WhatGarbageCollectionWritesConfirmsNothing) {
  submit_and_create();
  watch(view(bound()));
  auto collected = disrupted(bound(), "DeletionByPodGC", "PodGC: node no longer exists");
  collected.phase = PodPhase::Failed;
  watch(view(collected));
  EXPECT_EQ(reports.back().state, StepState::lost);
  EXPECT_EQ(reports.back().reason, reason::node_lost);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, ACancelledPodThatSomebodyRemovesByForceIsLost) {
  submit_and_create();
  auto marked = view(started());
  marked.cancelled = true;
  watch(marked);
  asked<DeletePod>();
  auto deleting = view(being_deleted(started()));
  deleting.cancelled = true;
  answer(deleting);
  deleting.pod = being_deleted(started(), 0);
  take(machine->on_removed(now, "uid-1", deleting));
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost) << "nobody has confirmed that its code stopped";
}

TEST_F(StepMachineTest, ARefusedViewLeavesOpenWhetherAnEarlierLifesPodRan) {
  machine = std::make_unique<StepMachine>(Origin::resubmitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->on_view_refused(now, rbac()));
  take(machine->on_ready(now, true));
  now += 31s;
  take(machine->on_view_refused(now, rbac()));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(reports.back().reason, reason::forbidden);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, WhatMayRunTwiceMayAllTheMoreRunOnce) {
  policy.max_startup_retries = 0;
  policy.max_disruption_restarts = 1;
  submit_and_create();
  auto rejected = bound();
  rejected.container_statuses.clear();
  watch(view(failed_by_node(rejected, "OutOfcpu", "Pod was rejected: no CPU")));
  EXPECT_FALSE(machine->ended());
  EXPECT_EQ(machine->attempt(), 1u);
}

TEST_F(StepMachineTest, AWaitingReasonThatPassesDoesNotFail) {
  policy.fatal_waiting_reasons = {"ErrImagePull"};
  submit_and_create();
  watch(view(with_main(bound(), waiting("ErrImagePull", "timeout"))));
  now += 50s;
  watch(view(started()));
  after(100s);
  EXPECT_FALSE(asked<DeletePod>());
}

TEST_F(StepMachineTest, APodWhoseNodeNeverConfirmsTheEndIsLost) {
  submit_and_create();
  watch(view(started()));
  watch(view(being_deleted(started(), 30)));
  after(30s + 901s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(being_deleted(started(), 30)));
  EXPECT_EQ(reports.back().state, StepState::lost);
  EXPECT_EQ(reports.back().reason, reason::node_lost);
}

TEST_F(StepMachineTest, AnotherOwnerDisplacesThisOne) {
  submit_and_create();
  auto taken = view(started());
  taken.ours = false;
  watch(taken);
  EXPECT_TRUE(asked<TellDisplaced>());
  EXPECT_FALSE(asked<TakeOver>());
  taken.pod = ended(0);
  watch(taken);
  EXPECT_EQ(reports.back().state, StepState::succeeded) << "it goes on as an observer";
}

TEST_F(StepMachineTest, ATakeOverThatMeetsAChangeLooksAndTriesAgain) {
  auto earlier = view(started());
  earlier.ours = false;
  submit(Origin::submitted, {earlier});
  asked<TakeOver>();
  answer(status(409, "Conflict", "the object has been modified"));
  ASSERT_TRUE(asked<GetPod>());
  auto newer = earlier;
  newer.pod.metadata.resource_version = "2";
  answer(newer);
  const auto again = asked<TakeOver>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->resource_version, "2");
}

TEST_F(StepMachineTest, ForgettingASuccessDeletesItsPodByUid) {
  submit_and_create();
  watch(view(ended(0)));
  take(machine->forget(now, std::nullopt));
  const auto remove = asked<DeletePod>();
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->uid, "uid-1");
  answer(view(being_deleted(ended(0))));
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ForgettingAFailureKeepsItsPodForALook) {
  submit_and_create();
  watch(view(ended(1)));
  take(machine->forget(now, std::nullopt));
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_FALSE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ForgettingGoesOnWhileTheApiIsAway) {
  submit_and_create();
  watch(view(ended(0)));
  take(machine->forget(now, std::nullopt));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(asked<DeletePod>());
    answer(NoAnswer{"refused", true});
    sleep();
  }
  ASSERT_TRUE(asked<DeletePod>());
  answer(not_found());
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ForgettingAnIdThatThisProcessNeverSubmittedFindsItsPod) {
  machine = std::make_unique<StepMachine>(Origin::forgotten, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->forget(now, Cleanup::always));
  EXPECT_FALSE(asked<TellForgotten>()) << "not before the namespace is known";
  watch(view(ended(1)));
  take(machine->on_synced(now, now));
  ASSERT_TRUE(asked<DeletePod>());
  answer(Done{});
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
  EXPECT_TRUE(reports.empty()) << "nobody asked how it ended";
}

// ---- Attempts -------------------------------------------------------------------------------------------------

Pod rejected() {
  auto pod = failed_by_node(unbound(), "OutOfcpu", "Node didn't have enough resource: cpu");
  pod.node_name = "node-a";
  return pod;
}

// As the next attempt's pod.
Pod numbered(Pod pod, std::uint32_t attempt) {
  pod.metadata.uid = "uid-" + std::to_string(attempt + 1);
  pod.metadata.name = "train-abc-" + std::to_string(attempt);
  return pod;
}
PodView numbered_view(Pod pod, std::uint32_t attempt, std::uint32_t restarts = 0) {
  auto v = view(numbered(std::move(pod), attempt));
  v.attempt = attempt;
  v.restarts = restarts;
  return v;
}

TEST_F(StepMachineTest, APodThatItsNodeRejectedIsReplacedAfterAPause) {
  submit_and_create();
  watch(view(rejected()));
  EXPECT_FALSE(machine->ended());
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(reports.back().attempt, 1u);
  EXPECT_EQ(reports.back().reason, reason::node_rejected);
  sleep();
  write_replaced();
  const auto create = asked<CreatePod>();
  ASSERT_TRUE(create);
  EXPECT_EQ(create->attempt, 1u);
  EXPECT_EQ(create->restarts, 0u);
}

TEST_F(StepMachineTest, TheReplacedPodIsMarkedBeforeTheNextIsMade) {
  submit_and_create();
  watch(view(rejected()));
  sleep();
  const auto mark = asked<MarkReplaced>();
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->uid, "uid-1");
  EXPECT_FALSE(asked<CreatePod>()) << "others might remove it before the mark is there: then it would be made again";
  answer(NoAnswer{"reset"});
  sleep();
  write_replaced();
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(StepMachineTest, APodThatNeverStartsIsReplacedAsOftenAsAllowed) {
  policy.max_startup_retries = 2;
  submit_and_create();
  watch(view(rejected()));
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    sleep();
    write_replaced();
    ASSERT_TRUE(asked<CreatePod>());
    answer(numbered_view(unbound(), attempt));
    watch(numbered_view(rejected(), attempt));
  }
  EXPECT_TRUE(machine->ended());
  EXPECT_EQ(reports.back().attempt, 2u);
  EXPECT_EQ(reports.back().reason, reason::node_rejected);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, APodThatRanIsNotRunAgainUnlessAllowed) {
  submit_and_create();
  watch(view(started()));
  watch(view(disrupted(being_deleted(ended(143)), "PreemptionByScheduler")));
  EXPECT_TRUE(machine->ended());
  EXPECT_EQ(reports.back().reason, reason::preempted);
  EXPECT_FALSE(asked<CreatePod>());
}

TEST_F(StepMachineTest, ADisruptedPodIsRestartedAsOftenAsAllowed) {
  policy.max_disruption_restarts = 1;
  submit_and_create();
  watch(view(started()));
  watch(view(disrupted(being_deleted(ended(143)), "PreemptionByScheduler")));
  sleep();
  write_replaced();
  const auto create = asked<CreatePod>();
  ASSERT_TRUE(create);
  EXPECT_EQ(create->restarts, 1u);
  answer(numbered_view(unbound(), 1, 1));
  watch(numbered_view(started(), 1, 1));
  watch(numbered_view(disrupted(being_deleted(ended(143)), "PreemptionByScheduler"), 1, 1));
  EXPECT_TRUE(machine->ended());
}

TEST_F(StepMachineTest, ADisruptedPodIsNotReplacedBeforeItIsConfirmedStopped) {
  policy.max_disruption_restarts = 1;
  submit_and_create();
  watch(view(started()));
  watch(view(disrupted(being_deleted(started()), "EvictionByEvictionAPI")));
  after(3600s);
  EXPECT_FALSE(asked<CreatePod>());
}

TEST_F(StepMachineTest, APodThatGarbageCollectionFailedIsNotReplaced) {
  policy.max_disruption_restarts = 5;
  submit_and_create();
  watch(view(started()));
  auto pod = disrupted(started(), "DeletionByPodGC");
  pod.phase = PodPhase::Failed;
  watch(view(pod));
  EXPECT_TRUE(machine->ended());
  EXPECT_FALSE(asked<CreatePod>()) << "nobody confirmed that it stopped";
}

TEST_F(StepMachineTest, APodThatSomebodyDeletedIsNeverReplaced) {
  policy.max_disruption_restarts = 5;
  submit_and_create();
  vanish(being_deleted(unbound(), 0));
  asked<GetPod>();
  answer(not_found());
  EXPECT_TRUE(machine->ended());
  after(3600s);
  EXPECT_FALSE(asked<CreatePod>());
}

TEST_F(StepMachineTest, APodPreemptedBeforeItHadANodeIsReplaced) {
  submit_and_create();
  vanish(disrupted(being_deleted(unbound(), 0), "PreemptionByScheduler"));
  asked<GetPod>();
  answer(not_found());
  EXPECT_FALSE(machine->ended());
  sleep();
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(StepMachineTest, ALaterLifeGoesOnWithTheNewestAttempt) {
  auto first = view(rejected());
  first.replaced = true;
  submit(Origin::submitted, {numbered_view(started(), 1), first});
  EXPECT_EQ(reports.back().attempt, 1u);
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, AReplacedAttemptAloneMeansThatTheNextVanished) {
  auto first = view(rejected());
  first.replaced = true;
  submit(Origin::submitted, {first});
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost);
  EXPECT_FALSE(asked<CreatePod>());
}

TEST_F(StepMachineTest, AnObserverLeavesTheNextAttemptToTheOwner) {
  machine = std::make_unique<StepMachine>(Origin::attached, false, policy, 1);
  auto watched = [&](Pod pod) {
    auto v = view(std::move(pod));
    v.ours = false;
    return v;
  };
  take(machine->on_pod(now, watched(unbound())));
  take(machine->start(now, now));
  watch(watched(rejected()));
  EXPECT_FALSE(machine->ended());
  EXPECT_FALSE(asked<CreatePod>());
  auto next = numbered_view(started(), 1);
  next.ours = false;
  watch(next);
  EXPECT_EQ(reports.back().state, StepState::running);
  EXPECT_EQ(reports.back().attempt, 1u);
}

TEST_F(StepMachineTest, AnObserverCallsItTheEndWhenTheOwnerDoesNothing) {
  machine = std::make_unique<StepMachine>(Origin::attached, false, policy, 1);
  auto v = view(unbound());
  v.ours = false;
  take(machine->on_pod(now, v));
  take(machine->start(now, now));
  v.pod = rejected();
  watch(v);
  sleep();
  EXPECT_EQ(reports.back().state, StepState::failed);
}

TEST_F(StepMachineTest, ForgettingDeletesTheOldestAttemptFirst) {
  submit_and_create();
  watch(view(rejected()));
  sleep();
  asked<CreatePod>();
  answer(numbered_view(unbound(), 1));
  asked<MarkReplaced>();
  answer(Done{});
  watch(numbered_view(ended(0), 1));
  take(machine->forget(now, std::nullopt));
  EXPECT_EQ(asked<DeletePod>()->uid, "uid-1");
  answer(Done{});
  EXPECT_FALSE(asked<TellForgotten>());
  EXPECT_EQ(asked<DeletePod>()->uid, "uid-2");
  answer(Done{});
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ALostNodesPodIsReplacedOnlyWhereThatIsAskedFor) {
  policy.on_node_lost = OnNodeLost::replace;
  submit_and_create();
  watch(view(started()));
  watch(view(disrupted(being_deleted(started(), 30), "DeletionByTaintManager")));
  after(30s + 901s);
  asked<GetPod>();
  answer(view(disrupted(being_deleted(started(), 30), "DeletionByTaintManager")));
  EXPECT_FALSE(machine->ended());
  sleep();
  write_replaced();
  EXPECT_EQ(asked<CreatePod>()->restarts, 1u);
}

TEST_F(StepMachineTest, ALostNodesPodThatSomebodyDeletedIsNotReplaced) {
  policy.on_node_lost = OnNodeLost::replace;
  submit_and_create();
  watch(view(started()));
  watch(view(being_deleted(started(), 30)));
  after(30s + 901s);
  asked<GetPod>();
  answer(view(being_deleted(started(), 30)));
  EXPECT_EQ(reports.back().state, StepState::lost);
}

TEST_F(StepMachineTest, ANewLifeWaitsForTheWholeViewBeforeItJudgesAnEndedAttempt) {
  machine = std::make_unique<StepMachine>(Origin::resubmitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  watch(numbered_view(rejected(), 0));
  EXPECT_FALSE(machine->ended());
  EXPECT_EQ(machine->attempt(), 0u);
  watch(numbered_view(started(), 1));  // the list goes on
  take(machine->on_synced(now, now));
  EXPECT_EQ(machine->attempt(), 1u);
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, WhatHadEndedBeforeItWasDeletedHasCompletedAlthoughItIsJudgedLater) {
  machine = std::make_unique<StepMachine>(Origin::resubmitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  watch(view(ended(0)));
  watch(view(being_deleted(ended(0), 0)));
  vanish(being_deleted(ended(0), 0));
  take(machine->on_synced(now, now));
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(StepMachineTest, AReplacedAttemptAsksForTheNextBeforeItCallsThatLost) {
  auto replaced = view(rejected());
  replaced.replaced = true;
  submit(Origin::resubmitted, {replaced});
  EXPECT_FALSE(machine->ended());
  const auto get = asked<GetPod>();
  ASSERT_TRUE(get);
  EXPECT_EQ(get->attempt, 1u);
  answer(numbered_view(started(), 1));
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, ACreateStillUnderWayAtTheEndHoldsUpTheCleanUp) {
  policy.cleanup = Cleanup::always;
  submit();
  asked<CreatePod>();
  watch(view(ended(0)));  // an earlier life's
  take(machine->forget(now, std::nullopt));
  answer(NoAnswer{"reset", true});
  after(1s);
  EXPECT_FALSE(asked<DeletePod>()) << "it would land on the free name";
  after(create_timeout + create_margin);
  EXPECT_TRUE(asked<DeletePod>());
}

TEST_F(StepMachineTest, APodMadeDuringARelistIsNotSeenStepByStep) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1);
  take(machine->on_gap(now));
  take(machine->start(now, now - 60s));
  asked<CreatePod>();
  answer(view(unbound()));
  auto rejected_unseen = rejected();
  watch(view(rejected_unseen));  // from the list
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, AnAnswerAboutAReplacedAttemptSaysNothingOfTheNext) {
  submit_and_create();
  watch(view(bound()));
  after(601s);
  ASSERT_TRUE(asked<GetPod>());
  watch(numbered_view(started(), 1));  // made by another owner
  answer(not_found());
  after(60s);
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, APodOnASilentNodeIsLostInTheEnd) {
  submit_and_create();
  watch(view(started()));
  auto silent = started();
  silent.conditions.push_back({"Ready", "False", "", "", {}});
  silent.conditions.push_back({"ContainersReady", "True", "", "", {}});
  watch(view(silent));
  after(901s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(silent));
  EXPECT_EQ(reports.back().state, StepState::lost);
}

TEST_F(StepMachineTest, ANodeThatIsHeardOfAgainIsForgiven) {
  submit_and_create();
  auto silent = started();
  silent.conditions.push_back({"Ready", "False", "", "", {}});
  silent.conditions.push_back({"ContainersReady", "True", "", "", {}});
  watch(view(silent));
  now += 800s;
  watch(view(started()));
  after(800s);
  EXPECT_FALSE(asked<GetPod>());
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, AStepThatNoNodeTakesInTimeFailsWithTheSchedulersWords) {
  policy.scheduling_timeout = 60s;
  policy.max_startup_retries = 0;
  submit_and_create();
  auto pod = unbound();
  pod.conditions.push_back(
      {"PodScheduled", "False", "Unschedulable", "0/1 nodes are available: 1 Insufficient cpu.", {}});
  watch(view(pod));
  after(61s);
  asked<GetPod>();
  answer(view(pod));
  write_why_given_up(pod);
  ASSERT_TRUE(asked<DeletePod>());
  answer(Done{});
  vanish(being_deleted(pod, 0));
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().reason, reason::unschedulable);
  EXPECT_EQ(reports.back().message, "No node took the pod within 60 s: 0/1 nodes are available: 1 Insufficient cpu.");
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, NothingIsCreatedOnceItIsTerminal) {
  submit_and_create();
  watch(view(ended(1)));
  vanish(ended(1));
  after(1000s);
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(std::count_if(reports.begin(), reports.end(), [](const Report& r) { return is_terminal(r.state); }), 1);
}

TEST_F(StepMachineTest, IsHandedOnOnceTheClusterHasIt) {
  submit();
  EXPECT_FALSE(machine->handed_on());
  answer(view(unbound()));
  EXPECT_TRUE(machine->handed_on());
}

}  // namespace
}  // namespace stepop::lifecycle
