#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

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

TEST_F(StepMachineTest, WhatHadEndedBeforeItWasDeletedHasCompletedAlthoughItIsJudgedLater) {
  machine = std::make_unique<StepMachine>(Origin::resubmitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  watch(view(ended(0)));
  watch(view(being_deleted(ended(0), 0)));
  vanish(being_deleted(ended(0), 0));
  take(machine->on_synced(now, now));
  EXPECT_EQ(reports.back().state, StepState::succeeded);
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

TEST_F(StepMachineTest, APodThatItsNodeRejectsWhileItIsBeingDeletedWasDeleted) {
  submit_and_create();
  watch(view(started()));
  watch(view(being_deleted(started())));
  auto rejected = being_deleted(
      failed_by_node(with_main(bound(), waiting("ContainerCreating")), "Evicted", "Pod was rejected: The node had …"));
  watch(view(rejected));
  EXPECT_EQ(reports.back().reason, reason::deleted) << "as one says who missed how it ended";
}

// As Kubernetes 1.34 wrote it when a kubelet was restarted with less memory to give.
TEST_F(StepMachineTest, ARunningPodThatARestartedKubeletRejectsDidNotEndByItself) {
  submit_and_create();
  watch(view(started()));
  auto forgotten = started();
  forgotten.container_statuses.clear();
  forgotten.metadata.resource_version = "2";
  watch(view(forgotten));
  auto stopped = ended(143);
  stopped.phase = PodPhase::Running;
  stopped.metadata.resource_version = "3";
  watch(view(stopped));
  EXPECT_FALSE(machine->ended()) << "only the phase tells why";
  stopped = failed_by_node(stopped, "Evicted", "Pod was rejected: The node had condition: [MemoryPressure].");
  stopped.metadata.resource_version = "4";
  watch(view(stopped));
  EXPECT_EQ(reports.back().reason, reason::node_rejected);
  EXPECT_EQ(reports.back().exit_code, 143);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::yes);
}

TEST_F(StepMachineTest, ARejectionThatAnotherRestartLeavesWithoutWordsIsStillOne) {
  submit_and_create();
  watch(view(started()));
  auto forgotten = started();
  forgotten.container_statuses.clear();
  forgotten.metadata.resource_version = "2";
  watch(view(forgotten));
  auto stopped = ended(143);
  stopped.metadata.resource_version = "3";
  watch(view(stopped));
  EXPECT_EQ(reports.back().reason, reason::node_rejected);
}

}  // namespace
}  // namespace stepop::lifecycle
