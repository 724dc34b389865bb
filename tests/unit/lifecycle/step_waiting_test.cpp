#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

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
    after(15s);  // the slowest that a call is tried again
  }
  EXPECT_FALSE(machine->ended());
  EXPECT_FALSE(asked<DeletePod>());
  ASSERT_TRUE(asked<GetPod>());
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

TEST_F(StepMachineTest, AWaitingReasonThatPassesDoesNotFail) {
  policy.fatal_waiting_reasons = {"ErrImagePull"};
  submit_and_create();
  watch(view(with_main(bound(), waiting("ErrImagePull", "timeout"))));
  now += 50s;
  watch(view(started()));
  after(100s);
  EXPECT_FALSE(asked<DeletePod>());
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

TEST_F(StepMachineTest, WhatSomebodyDeletedBeforeItWasGivenUpEndsAsTheyEndedIt) {
  policy.fatal_waiting_reasons = {"ErrImagePull"};
  policy.max_startup_retries = 0;
  submit_and_create();
  const auto stuck = with_main(bound(), waiting("ErrImagePull"));
  watch(view(stuck));
  after(60s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(stuck));
  ASSERT_TRUE(asked<MarkGivenUp>());
  answer(status(409, "Conflict", "the object has been modified"));
  watch(view(being_deleted(disrupted(stuck, "PreemptionByScheduler"))));
  watch(view(being_deleted(disrupted(ended(137), "PreemptionByScheduler"))));
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_EQ(reports.back().reason, reason::preempted) << "it was never given up";
}

TEST_F(StepMachineTest, AStepThatAQuotaKeepsOutForTooLongFailsWithItsWords) {
  policy.scheduling_timeout = 3s;
  submit();
  const auto began = now;
  while (!machine->ended()) {
    ASSERT_LT(now - began, 1min);
    if (asked<CreatePod>()) answer(status(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: room"));
    if (!machine->ended()) sleep();
  }
  EXPECT_EQ(now - began, 3s) << "judged on an answer to what was asked when the time was over, and that at once";
  EXPECT_EQ(reports.back().reason, reason::quota_exceeded);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
  EXPECT_TRUE(reports.back().retryable);
  EXPECT_THAT(reports.back().message, testing::HasSubstr("exceeded quota: room"));
}

TEST_F(StepMachineTest, AnApiServerThatIsAwayDoesNotUseUpTheTimeForScheduling) {
  policy.scheduling_timeout = 3s;
  submit();
  for (int i = 0; i < 50; ++i) {
    if (asked<CreatePod>()) answer(status(503, "ServiceUnavailable", "etcd is away"));
    sleep();
  }
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, WhatIsSubmittedAgainIsTreatedAsItWasAskedLast) {
  policy.startup_timeout = 600s;
  submit_and_create();
  watch(view(bound()));
  policy.startup_timeout = 60s;
  take(machine->submitted_again(now, {}, policy));
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(bound()));
  EXPECT_TRUE(asked<MarkGivenUp>());
}

}  // namespace
}  // namespace stepop::lifecycle
