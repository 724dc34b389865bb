#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

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

TEST_F(StepMachineTest, ACancelledStepWhosePodIsGoneUnseenIsLost) {
  submit(Origin::resubmitted);
  take(machine->cancel(now, std::nullopt));
  asked<GetPod>();
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost) << "it may have completed, or run on where nobody sees it";
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

}  // namespace
}  // namespace stepop::lifecycle
