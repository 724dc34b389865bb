#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

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

}  // namespace
}  // namespace stepop::lifecycle
