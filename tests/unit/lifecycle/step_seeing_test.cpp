#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

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

TEST_F(StepMachineTest, IsHandedOnOnceTheClusterHasIt) {
  submit();
  EXPECT_FALSE(machine->handed_on());
  answer(view(unbound()));
  EXPECT_TRUE(machine->handed_on());
}

// A stream may repeat itself.
TEST_F(StepMachineTest, AKillThatTurnsOutToHaveBeenForMemoryIsToldAsThat) {
  submit_and_create();
  watch(view(ended(137)));
  EXPECT_FALSE(machine->ended());
  after(1s);
  watch(view(ended(137, "OOMKilled")));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().reason, reason::out_of_memory);
}

TEST_F(StepMachineTest, AKillOfWhichNoMoreIsSaidEndsTheStepAfterSeconds) {
  submit_and_create();
  watch(view(ended(137)));
  EXPECT_FALSE(machine->ended());
  sleep();
  EXPECT_FALSE(machine->ended()) << "the watch may be behind";
  ASSERT_TRUE(asked<GetPod>());
  answer(view(ended(137)));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().reason, reason::non_zero_exit);
  EXPECT_LE(now, Instant{1h} + 11s);
}

TEST_F(StepMachineTest, AKilledPodThatIsNotFoundAnyMoreEndsTheStepToo) {
  submit_and_create();
  watch(view(ended(137)));
  sleep();
  ASSERT_TRUE(asked<GetPod>());
  answer(status(404, "NotFound", "pods \"train-abc-0\" not found"));
  if (!machine->ended()) sleep();
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().reason, reason::non_zero_exit);
}

TEST_F(StepMachineTest, AKilledPodThatIsRemovedBeforeMoreIsSaidOfItStillEndsTheStep) {
  submit_and_create();
  watch(view(ended(137)));
  vanish(std::nullopt);
  EXPECT_FALSE(machine->ended()) << "a list may be stale";
  sleep();
  ASSERT_TRUE(asked<GetPod>());
  answer(status(404, "NotFound", "pods \"train-abc-0\" not found"));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().reason, reason::non_zero_exit);
}

TEST_F(StepMachineTest, AnEventThatIsToldAgainTakesNothingBack) {
  submit();
  ASSERT_TRUE(asked<CreatePod>());
  answer(NoAnswer{"reset", true});
  watch(view(unbound()));
  auto dying = being_deleted(disrupted(unbound(), "EvictionByEvictionAPI"), 0);
  dying.metadata.resource_version = "7";
  vanish(dying);
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  watch(view(unbound()));
  EXPECT_FALSE(machine->ended()) << "it was evicted, and is replaced once its lost create cannot land any more";
  after(create_timeout + create_margin);
  EXPECT_EQ(reports.back().attempt, 1u);
  EXPECT_EQ(reports.back().reason, reason::evicted);
}

}  // namespace
}  // namespace stepop::lifecycle
