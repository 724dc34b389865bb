#include "nodes.hpp"

#include <gtest/gtest.h>

#include "manifest/labels.hpp"
#include "names.hpp"

namespace stepop::simulation {
namespace {

using Main = PodRecord::Main;

class NodesTest : public testing::Test, ClusterObserver {
 protected:
  PodRecord& created(std::uint64_t seed = 1, std::uint32_t step = 0) {
    kube::Pod made;
    made.metadata.name = "p";
    made.metadata.labels = {{std::string(manifest::label::owner), owner_name}};
    api.create(std::move(made), step, 0, Random(seed));
    auto& pod = api.pods().back();
    pod.fate.has_init = pod.fate.start_error = false;
    pod.fate.exit_code = 0;
    pod.fate.run_time = seconds(10);
    pod.fate.stop_time = seconds(1);
    pod.fate.status_lag = milliseconds(5);
    return pod;
  }
  void pass(Duration time) {
    passed_until += time;
    while (!agenda.empty() && agenda.next_time() <= passed_until) {
      const auto event = agenda.pop();
      event.who->on_event(event);
    }
  }
  PodRecord& running() {
    auto& pod = created();
    pass(seconds(6));
    EXPECT_EQ(pod.main, Main::running);
    return pod;
  }
  const kube::ContainerState& main_of(const PodRecord& pod) { return pod.object.container_statuses.front().state; }

  void on_created(PodRecord& pod) override { nodes.on_created(pod); }
  void on_deletion(PodRecord& pod) override { nodes.on_deletion(pod); }
  void on_removed(PodRecord& pod) override { nodes.on_removed(pod); }
  void on_beside(std::uint32_t number) override { nodes.on_beside(number); }
  void on_started(const PodRecord&) override {}
  void on_change(kube::Resource, std::size_t) override {}

  Agenda agenda;
  Instant passed_until = agenda.now();
  Trace trace{agenda, false};
  ApiServer api{agenda, *this};
  Nodes nodes{agenda, api, *this, trace, Random(9)};
};

TEST_F(NodesTest, AnUndisturbedPodRunsOnceAndSucceeds) {
  auto& pod = created();
  pass(seconds(60));
  EXPECT_EQ(pod.starts, 1u);
  EXPECT_EQ(pod.object.phase, kube::PodPhase::Succeeded);
  EXPECT_TRUE(pod.clean_end);
  EXPECT_TRUE(pod.exists);
}

TEST_F(NodesTest, AContainerWaitsForItsSecret) {
  auto& pod = created(1, 1);
  pass(seconds(20));
  EXPECT_EQ(pod.starts, 0u);
  EXPECT_EQ(main_of(pod).reason, "CreateContainerConfigError");
  EXPECT_EQ(main_of(pod).message, "secret \"p\" not found");
  api.create_beside(ApiServer::Beside::secret, "p", pod.object.metadata.uid, 1);
  pass(seconds(20));
  EXPECT_EQ(pod.starts, 1u);
}

TEST_F(NodesTest, ASecretGoesWithItsPodAndItsNameIsTakenUntilThen) {
  auto& pod = created(1, 1);
  api.create_beside(ApiServer::Beside::secret, "p", pod.object.metadata.uid, 1);
  EXPECT_EQ(api.create_beside(ApiServer::Beside::secret, "p", "another", 1).status.reason, "AlreadyExists");
  pass(seconds(60));
  EXPECT_TRUE(api.secret("p"));
  api.remove(pod, 0, Asker::somebody);
  pass(seconds(60));
  EXPECT_FALSE(api.secret("p"));
}

TEST_F(NodesTest, ADeletedPodIsStoppedThenWrittenThenRemoved) {
  auto& pod = running();
  api.remove(pod, 30, Asker::somebody);
  EXPECT_TRUE(pod.exists);
  pass(seconds(5));
  EXPECT_FALSE(pod.exists);
  EXPECT_TRUE(pod.killed);
  EXPECT_TRUE(pod.confirmed_stopped());
  EXPECT_FALSE(pod.clean_end);
  EXPECT_EQ(main_of(pod).kind, kube::ContainerState::Kind::Terminated);
}

TEST_F(NodesTest, CodeThatOutlastsItsGraceIsKilled) {
  auto& pod = running();
  pod.fate.stop_time = seconds(20);
  api.remove(pod, 2, Asker::somebody);
  pass(seconds(5));
  EXPECT_EQ(pod.exit, 137);
}

TEST_F(NodesTest, ASilentNodesPodRunsOnAndTellsOfItLater) {
  auto& pod = running();
  ASSERT_TRUE(nodes.silence_node(pod, {seconds(15), seconds(30), seconds(25), seconds(0)}));
  pass(seconds(12));
  EXPECT_EQ(pod.main, Main::ended);
  EXPECT_EQ(pod.object.phase, kube::PodPhase::Running);
  pass(seconds(15));
  EXPECT_EQ(pod.object.phase, kube::PodPhase::Succeeded);
}

TEST_F(NodesTest, AGoneNodesPodIsRemovedWithoutConfirmation) {
  auto& pod = running();
  ASSERT_TRUE(nodes.silence_node(pod, {seconds(1), seconds(-1), std::nullopt, seconds(2)}));
  pass(seconds(3));
  EXPECT_FALSE(pod.exists);
  EXPECT_TRUE(pod.collected);
  EXPECT_EQ(pod.object.phase, kube::PodPhase::Failed);
  EXPECT_FALSE(pod.confirmed_stopped());
}

TEST_F(NodesTest, ARestartedKubeletRejectsWhatRan) {
  auto& pod = running();
  ASSERT_TRUE(nodes.restart_kubelet(pod, false));
  pass(seconds(1));
  EXPECT_EQ(pod.object.phase, kube::PodPhase::Failed);
  EXPECT_TRUE(pod.object.message.starts_with("Pod was rejected"));
  EXPECT_FALSE(pod.object.condition("DisruptionTarget"));
  EXPECT_EQ(main_of(pod).exit_code, 137);
}

TEST_F(NodesTest, APodDeletedWhileItPullsEndsWithoutATrace) {
  auto& pod = created();
  ASSERT_TRUE(nodes.fail_pulls(pod, never_pulls));
  pass(seconds(5));
  EXPECT_EQ(pod.main, Main::waiting);
  api.remove(pod, 30, Asker::somebody);
  pass(seconds(2));
  EXPECT_EQ(main_of(pod).reason, "ContainerStatusUnknown");
  EXPECT_FALSE(main_of(pod).started_at);
  EXPECT_EQ(pod.starts, 0u);
}

TEST_F(NodesTest, PreemptionIsWrittenBeforeThePodIsDeleted) {
  auto& pod = running();
  ASSERT_TRUE(nodes.preempt(pod));
  EXPECT_EQ(pod.object.condition("DisruptionTarget")->reason, "PreemptionByScheduler");
  EXPECT_TRUE(pod.object.metadata.deletion_timestamp);
  EXPECT_EQ(pod.first_delete, Asker::cluster);
}

TEST_F(NodesTest, WhatIsKilledForMemoryEndedByItself) {
  auto& pod = running();
  ASSERT_TRUE(nodes.kill_for_memory(pod));
  pass(seconds(5));
  EXPECT_EQ(main_of(pod).reason, "OOMKilled");
  EXPECT_TRUE(pod.clean_end);
}

}  // namespace
}  // namespace stepop::simulation
