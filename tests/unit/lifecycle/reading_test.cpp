#include "lifecycle/reading.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pods.hpp"

namespace stepop::lifecycle {
namespace {

using namespace pods;
using testing::HasSubstr;

// Seen from its creation on, without a gap.
Evidence seen(std::initializer_list<Pod> views) {
  Evidence evidence;
  evidence.observe(unbound());
  for (const auto& pod : views) evidence.observe(pod);
  return evidence;
}

Report end_of(const Pod& pod, std::initializer_list<Pod> before = {}) {
  auto evidence = seen(before);
  evidence.observe(pod);
  return read_end(pod, evidence);
}

TEST(Reading, ExitZeroWithAResultSucceedsWithIt) {
  const auto report = end_of(ended(0, "Completed", R"({"rows": 7})"));
  EXPECT_EQ(report.state, StepState::succeeded);
  EXPECT_EQ(report.exit_code, 0);
  ASSERT_TRUE(report.result);
  EXPECT_EQ(report.result->at("rows"), 7);
  EXPECT_EQ(report.user_code_ran, UserCodeRan::yes);
}

TEST(Reading, ExitZeroWithoutAResultSucceeds) {
  const auto report = end_of(ended(0));
  EXPECT_EQ(report.state, StepState::succeeded);
  EXPECT_FALSE(report.result);
}

TEST(Reading, ExitZeroWithAResultThatIsNotJsonFails) {
  const auto report = end_of(ended(0, "Completed", "rows: 7"));
  EXPECT_EQ(report.state, StepState::failed);
  EXPECT_EQ(report.reason, reason::invalid_result);
  EXPECT_EQ(report.exit_code, 0);
}

TEST(Reading, AResultWithANumberThatNoDoubleHoldsFails) {
  for (const char* written : {"9e308", "0e425", R"([{"loss": -1e999}])"}) {
    const auto report = end_of(ended(0, "Completed", written));
    EXPECT_EQ(report.reason, reason::invalid_result) << written;
    EXPECT_FALSE(report.result) << written;
  }
}

TEST(Reading, ASuccessWithoutAnyStatusMayHaveRunUserCode) {
  auto pod = unbound();
  pod.phase = PodPhase::Succeeded;
  const auto report = end_of(pod);
  EXPECT_EQ(report.state, StepState::succeeded);
  EXPECT_EQ(report.user_code_ran, UserCodeRan::maybe);
}

// As a kubelet writes it that shuts down with its node ("Node Shutdowns", Pod priority based graceful node shutdown).
TEST(Reading, APodOfANodeThatShutsDownIsEvicted) {
  const auto message = "Pod was terminated in response to imminent node shutdown.";
  const auto report = end_of(disrupted(failed_by_node(ended(143), "Terminated", message), "TerminationByKubelet"));
  EXPECT_EQ(report.state, StepState::failed);
  EXPECT_EQ(report.reason, reason::evicted);
  EXPECT_EQ(report.message, message);
  EXPECT_EQ(report.exit_code, 143);
  EXPECT_EQ(report.user_code_ran, UserCodeRan::yes);
  EXPECT_TRUE(report.retryable);
}

TEST(Reading, AnExitCodeIsToldWithWhatTheStepWrote) {
  const auto report = end_of(ended(3, "Error", "no such table"));
  EXPECT_EQ(report.reason, reason::non_zero_exit);
  EXPECT_EQ(report.message, "The step's command ended with exit code 3: no such table.");
  EXPECT_FALSE(report.retryable);
}

TEST(Reading, Exit137WithoutOomIsNotCalledOutOfMemory) {
  const auto report = end_of(ended(137));
  EXPECT_EQ(report.reason, reason::non_zero_exit);
  EXPECT_EQ(report.message, "The step's command ended with exit code 137 (SIGKILL).");
  EXPECT_EQ(
      report.hint,
      "Look at the end of the step's log. It may have gone beyond its memory limit of 64Mi: a crowded node does not "
      "always say so.");
}

TEST(Reading, OutOfMemoryNamesTheLimitAndWhatToChange) {
  const auto report = end_of(ended(137, "OOMKilled"));
  EXPECT_EQ(report.reason, reason::out_of_memory);
  EXPECT_EQ(report.message, "The kernel killed the step: it used more than its memory limit of 64Mi.");
  EXPECT_EQ(report.hint, "Raise pod_settings.resources.limits.memory above 64Mi, or make the step use less.");
}

TEST(Reading, ACommandThatDoesNotExistCannotRunAndDidNot) {
  auto state = terminated(128, "StartError", "exec: \"nope\": executable file not found");
  state.started_at = kube::Timestamp{};  // what containerd says for "never"
  auto pod = with_main(bound(), state, "containerd://1");
  pod.phase = PodPhase::Failed;
  const auto report = end_of(pod);
  EXPECT_EQ(report.reason, reason::cannot_run);
  EXPECT_EQ(report.user_code_ran, UserCodeRan::no);
  EXPECT_FALSE(report.exit_code);
}

TEST(Reading, FailedWithoutContainerStatusesDidNotRunWhenEverythingWasSeen) {
  auto pod = failed_by_node(unbound(), "OutOfcpu", "Node didn't have enough resource: cpu");
  pod.node_name = "node-a";
  EXPECT_EQ(end_of(pod).reason, reason::node_rejected);
  EXPECT_EQ(end_of(pod).user_code_ran, UserCodeRan::no);
}

TEST(Reading, ARejectionWithoutAWordOfContainersThatHadBeenToldOfLeavesOpenWhetherTheyRan) {
  auto pod = failed_by_node(bound(), "Evicted", "Pod was rejected: The node had condition: [MemoryPressure].");
  pod.container_statuses.clear();
  EXPECT_EQ(read_end(pod, seen({unbound(), bound(), pod})).user_code_ran, UserCodeRan::maybe)
      << "a restarted kubelet writes it, and the one before may have started them";
}

TEST(Reading, FailedWithoutContainerStatusesMayHaveRunAfterAGap) {
  auto pod = failed_by_node(unbound(), "OutOfcpu", "Node didn't have enough resource: cpu");
  pod.node_name = "node-a";
  Evidence evidence;
  evidence.observe(unbound());
  evidence.gap();
  evidence.observe(pod);
  EXPECT_EQ(read_end(pod, evidence).user_code_ran, UserCodeRan::maybe);
}

TEST(Reading, ARunningPodRejectedByARestartedKubeletHasRun) {
  // Seen on a real kubelet: exit code 137 and reason Error are its filler, the message says what happened.
  auto pod = failed_by_node(ended(137), "Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. ");
  const auto report = end_of(pod, {started()});
  EXPECT_EQ(report.reason, reason::node_rejected);
  EXPECT_EQ(report.user_code_ran, UserCodeRan::yes);
}

TEST(Reading, EachDisruptionHasItsReason) {
  const auto reason_for = [](std::string word) { return end_of(disrupted(ended(143), word), {started()}).reason; };
  EXPECT_EQ(reason_for("PreemptionByScheduler"), reason::preempted);
  EXPECT_EQ(reason_for("EvictionByEvictionAPI"), reason::evicted);
  EXPECT_EQ(reason_for("TerminationByKubelet"), reason::evicted);
  // The node that tells how it ended is not lost.
  EXPECT_EQ(reason_for("DeletionByTaintManager"), reason::evicted);
  EXPECT_EQ(disruption_of(disrupted(started(), "DeletionByTaintManager"))->reason, reason::node_lost);
  EXPECT_EQ(reason_for("DeletionByPodGC"), reason::node_lost);
  EXPECT_EQ(reason_for("SomethingNewer"), reason::evicted);
}

TEST(Reading, ExitZeroUnderADisruptionDidNotFinish) {
  const auto report = end_of(disrupted(ended(0), "EvictionByEvictionAPI"), {started()});
  EXPECT_EQ(report.state, StepState::failed);
  EXPECT_EQ(report.reason, reason::evicted);
}

TEST(Reading, AFilledInStatusOfAContainerThatNeverWasDidNotRun) {
  ContainerState filler;
  filler.kind = ContainerState::Kind::Terminated;
  filler.reason = "ContainerStatusUnknown";
  filler.exit_code = 137;
  auto pod = with_main(bound(), filler);
  pod.phase = PodPhase::Failed;
  const auto report = end_of(pod, {bound()});
  EXPECT_EQ(report.user_code_ran, UserCodeRan::no);
  EXPECT_FALSE(report.exit_code) << "137 is the kubelet's filler";
}

TEST(Reading, AFilledInStatusOfAContainerThatOnceWasMayHaveRun) {
  ContainerState filler;
  filler.kind = ContainerState::Kind::Terminated;
  filler.reason = "ContainerStatusUnknown";
  filler.exit_code = 137;
  auto pod = with_main(bound(), filler);
  pod.phase = PodPhase::Failed;
  auto earlier = with_main(bound(), waiting("ContainerCreating"), "containerd://1");
  EXPECT_EQ(end_of(pod, {earlier}).user_code_ran, UserCodeRan::maybe);
}

TEST(Reading, AnInitContainersFailureNamesIt) {
  auto pod = with_main(bound(), waiting("PodInitializing"));
  kube::ContainerStatus init;
  init.name = "fetch";
  init.state = terminated(2, "Error", "404");
  pod.init_container_statuses = {init};
  pod.phase = PodPhase::Failed;
  const auto report = end_of(pod);
  EXPECT_EQ(report.reason, reason::init_container_failed);
  EXPECT_EQ(report.message, "Init container fetch ended with exit code 2: 404.");
  EXPECT_EQ(report.user_code_ran, UserCodeRan::no);
}

TEST(Reading, TheDeadlineOfThePodIsNamed) {
  const auto report = end_of(failed_by_node(ended(143), "DeadlineExceeded", "Pod was active on the node longer"));
  EXPECT_EQ(report.reason, reason::deadline_exceeded);
}

TEST(Reading, TheStepIsItsMainContainerWhateverASidecarDoes) {
  auto pod = ended(0);
  pod.phase = PodPhase::Running;
  EXPECT_TRUE(has_ended(pod));
}

TEST(Reading, PendingSaysWhatTheSchedulerSays) {
  auto pod = unbound();
  pod.conditions.push_back(
      {"PodScheduled", "False", "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.", {}});
  const auto progress = read_progress(pod);
  EXPECT_EQ(progress.reason, reason::unschedulable);
  EXPECT_EQ(progress.message, "0/3 nodes are available: 3 Insufficient cpu.");
}

TEST(Reading, PendingSaysWhyAnImageIsNotThere) {
  const auto progress = read_progress(with_main(bound(), waiting("ImagePullBackOff", "Back-off pulling image")));
  EXPECT_EQ(progress.reason, reason::image_pull);
  EXPECT_EQ(progress.waiting_reason, "ImagePullBackOff");
}

TEST(Reading, EveryReasonThatIsUsedIsInTheListThatDescribeReturns) {
  const auto& all = all_reasons();
  for (const auto* word : {"ErrImagePull", "InvalidImageName", "CreateContainerConfigError", "RunContainerError"}) {
    EXPECT_NE(std::find(all.begin(), all.end(), reason_of_waiting(word)), all.end()) << word;
  }
}

TEST(Reading, AChildThatTheKernelKilledIsNoFailureWhenTheCommandEndsWell) {
  const auto report = end_of(ended(0, "OOMKilled", "7"));
  EXPECT_EQ(report.state, StepState::succeeded);
  EXPECT_EQ(*report.result, 7);
}

TEST(Reading, AChildThatTheKernelKilledIsNamedForWhatItIs) {
  const auto report = end_of(ended(1, "OOMKilled"));
  EXPECT_EQ(report.reason, reason::out_of_memory);
  EXPECT_EQ(report.message, "The kernel killed a process of the step: it used more than its memory limit of 64Mi.");
}

TEST(Reading, AResultThatKubernetesHasCutIsCalledTooLong) {
  const auto report = end_of(ended(0, "Completed", std::string(4096, 'x')));
  EXPECT_EQ(report.reason, reason::invalid_result);
  EXPECT_THAT(report.message, HasSubstr("longer than the 4096 bytes"));
}

TEST(Reading, ACommandThatCouldNotBeStartedHasEndedBeforeItsPodSaysSo) {
  auto pod = with_main(bound(), terminated(128, "StartError", "exec: no-such-command: not found"));
  pod.container_statuses[0].state.started_at = kube::Timestamp{};
  pod.restart_policy = "Never";
  ASSERT_TRUE(has_ended(pod));
  EXPECT_TRUE(kubelet_confirmed_end(pod));
  EXPECT_EQ(end_of(pod).reason, reason::cannot_run);
  pod.restart_policy = "Always";
  EXPECT_FALSE(has_ended(pod));
}

TEST(Reading, PendingSaysWhichSidecarEndsAgainAndAgain) {
  auto pod = bound();
  kube::ContainerStatus proxy;
  proxy.name = "proxy";
  proxy.state = waiting("CrashLoopBackOff", "back-off 10s restarting failed container");
  proxy.last_state = terminated(137, "OOMKilled");
  pod.init_container_statuses = {proxy};
  const auto progress = read_progress(pod);
  EXPECT_EQ(progress.reason, reason::init_container_failed);
  EXPECT_EQ(progress.message, "Container proxy ends again and again, last with OOMKilled (exit code 137)");
}

TEST(Reading, ARegistryThatLimitsPullsIsNoWrongImage) {
  const auto* limited = "failed to pull: unexpected status code 429 Too Many Requests";
  EXPECT_TRUE(may_help_to_retry(reason::image_pull, limited));
  EXPECT_THAT(hint_for(reason::image_pull, limited), HasSubstr("limits how often"));
  EXPECT_FALSE(may_help_to_retry(reason::image_pull, "manifest unknown"));
}

TEST(Reading, EveryReasonHasAHint) {
  for (const auto why : all_reasons()) EXPECT_FALSE(hint_for(why).empty()) << why;
}

// Seen when a kubelet evicted a running pod for the size of its emptyDir: a later life, which sees only this, must not run
// the step again.
TEST(Reading, AContainerThatWaitsAgainMayHaveRun) {
  auto pod = failed_by_node(with_main(bound(), waiting("ContainerCreating")), "Evicted", "Usage of EmptyDir volume …");
  pod.container_statuses[0].last_state = terminated(137, "ContainerStatusUnknown");
  pod.container_statuses[0].last_state.started_at.reset();
  pod.container_statuses[0].restart_count = 1;
  Evidence later_life;
  later_life.observe(pod);
  EXPECT_EQ(read_end(pod, later_life).user_code_ran, UserCodeRan::maybe);
  EXPECT_EQ(end_of(pod).user_code_ran, UserCodeRan::no) << "who saw every view since it had no node knows better";
}

}  // namespace
}  // namespace stepop::lifecycle
