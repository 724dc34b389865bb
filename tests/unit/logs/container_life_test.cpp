#include <gtest/gtest.h>

#include "lifecycle/log_machine.hpp"

namespace stepop::lifecycle {
namespace {

using Kind = kube::ContainerState::Kind;

kube::Pod pod_with(Kind kind, std::string reason = "", std::string container_id = "") {
  kube::Pod pod;
  pod.node_name = "node";
  kube::ContainerStatus status;
  status.name = "main";
  status.state.kind = kind;
  status.state.reason = std::move(reason);
  status.state.container_id = std::move(container_id);
  pod.container_statuses.push_back(status);
  return pod;
}

TEST(ContainerLife, IsUnboundUntilThePodHasANode) {
  kube::Pod pod;
  pod.phase = kube::PodPhase::Pending;
  EXPECT_EQ(container_life(pod, "main"), ContainerLife::unbound);
  pod.node_name = "node";
  EXPECT_EQ(container_life(pod, "main"), ContainerLife::waiting);
}

TEST(ContainerLife, IsWaitingWhileTheImageIsPulled) {
  EXPECT_EQ(container_life(pod_with(Kind::Waiting, "ContainerCreating"), "main"), ContainerLife::waiting);
}

TEST(ContainerLife, IsRunningOrEndedAsTheKubeletSays) {
  EXPECT_EQ(container_life(pod_with(Kind::Running), "main"), ContainerLife::running);
  EXPECT_EQ(container_life(pod_with(Kind::Terminated, "Completed", "containerd://1"), "main"), ContainerLife::ended);
}

TEST(ContainerLife, ReadsTheNamedContainerAlone) {
  kube::Pod pod = pod_with(Kind::Running);
  pod.container_statuses.front().name = "sidecar";
  EXPECT_EQ(container_life(pod, "main"), ContainerLife::waiting);
}

TEST(ContainerLife, IsLostWithTheKubeletsStatusUnknown) {
  EXPECT_EQ(container_life(pod_with(Kind::Terminated, "ContainerStatusUnknown"), "main"), ContainerLife::status_lost);
  EXPECT_EQ(container_life(pod_with(Kind::Terminated, "ContainerStatusUnknown", "containerd://1"), "main"),
            ContainerLife::ended);
}

TEST(ContainerLife, NeverRanInAPodThatFailedBeforeIt) {
  kube::Pod pod = pod_with(Kind::Waiting, "ImagePullBackOff");
  pod.phase = kube::PodPhase::Failed;
  EXPECT_EQ(container_life(pod, "main"), ContainerLife::never_ran);
  pod.container_statuses.clear();
  EXPECT_EQ(container_life(pod, "main"), ContainerLife::never_ran);
}

}  // namespace
}  // namespace stepop::lifecycle
