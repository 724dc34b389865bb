#include "lifecycle/container_life.hpp"

namespace stepop::lifecycle {

ContainerLife container_life(const kube::Pod& pod, std::string_view container) {
  using Kind = kube::ContainerState::Kind;
  const bool pod_over = pod.phase == kube::PodPhase::Succeeded || pod.phase == kube::PodPhase::Failed;
  if (const auto* status = pod.container_status(container)) {
    if (status->state.kind == Kind::Running) return ContainerLife::running;
    if (status->state.kind == Kind::Terminated) {
      // Without an id there is no log file; the kubelet then looks for an earlier container's.
      if (!status->state.container_id.empty()) return ContainerLife::ended;
      return status->state.reason == "ContainerStatusUnknown" ? ContainerLife::status_lost : ContainerLife::never_ran;
    }
  }
  if (pod_over) return ContainerLife::never_ran;
  return pod.node_name.empty() ? ContainerLife::unbound : ContainerLife::waiting;
}

}  // namespace stepop::lifecycle
