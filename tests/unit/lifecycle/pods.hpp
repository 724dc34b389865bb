// Pods as a kubelet and an API server write them, for tests: start from one and change what matters.
#pragma once

#include <string>

#include "kube/pod.hpp"
#include "lifecycle/step_machine.hpp"

namespace stepop::lifecycle::pods {

using kube::ContainerState;
using kube::Pod;
using kube::PodPhase;

inline kube::Timestamp at(int seconds) {
  return kube::Timestamp(std::chrono::seconds(1'700'000'000 + seconds));
}

inline Pod unbound() {
  Pod pod;
  pod.metadata.name = "train-abc-0";
  pod.metadata.namespace_ = "zenml";
  pod.metadata.uid = "uid-1";
  pod.metadata.resource_version = "1";
  pod.containers.push_back({"main", "image:1", "64Mi", "", ""});
  pod.phase = PodPhase::Pending;
  return pod;
}

inline Pod with_main(Pod pod, ContainerState state, std::string container_id = "") {
  kube::ContainerStatus status;
  status.name = "main";
  status.container_id = std::move(container_id);
  status.state = std::move(state);
  pod.container_statuses = {status};
  return pod;
}

inline ContainerState waiting(std::string reason, std::string message = "") {
  ContainerState state;
  state.kind = ContainerState::Kind::Waiting;
  state.reason = std::move(reason);
  state.message = std::move(message);
  return state;
}

inline ContainerState running() {
  ContainerState state;
  state.kind = ContainerState::Kind::Running;
  state.started_at = at(1);
  return state;
}

inline ContainerState terminated(int code, std::string reason, std::string message = "") {
  ContainerState state;
  state.kind = ContainerState::Kind::Terminated;
  state.exit_code = code;
  state.reason = std::move(reason);
  state.message = std::move(message);
  state.started_at = at(1);
  state.finished_at = at(2);
  return state;
}

inline Pod bound() {
  Pod pod = unbound();
  pod.node_name = "node-a";
  return with_main(pod, waiting("ContainerCreating"));
}

inline Pod started() {
  Pod pod = with_main(bound(), running(), "containerd://1");
  pod.phase = PodPhase::Running;
  return pod;
}

inline Pod ended(int code, std::string reason = "", std::string message = "") {
  if (reason.empty()) reason = code == 0 ? "Completed" : "Error";
  Pod pod = with_main(bound(), terminated(code, std::move(reason), std::move(message)), "containerd://1");
  pod.phase = code == 0 ? PodPhase::Succeeded : PodPhase::Failed;
  return pod;
}

inline Pod being_deleted(Pod pod, int grace = 30) {
  pod.metadata.deletion_timestamp = at(100);
  pod.metadata.deletion_grace_seconds = grace;
  return pod;
}

inline Pod disrupted(Pod pod, std::string reason, std::string message = "because") {
  pod.conditions.push_back({"DisruptionTarget", "True", std::move(reason), std::move(message), {}});
  return pod;
}

inline Pod failed_by_node(Pod pod, std::string reason, std::string message) {
  pod.phase = PodPhase::Failed;
  pod.reason = std::move(reason);
  pod.message = std::move(message);
  return pod;
}

inline PodView view(Pod pod) {
  PodView view;
  view.pod = std::move(pod);
  view.same_step = view.same_request = view.ours = true;
  return view;
}

// What a kubelet refuses.
inline Pod rejected() {
  auto pod = failed_by_node(unbound(), "OutOfcpu", "Node didn't have enough resource: cpu");
  pod.node_name = "node-a";
  return pod;
}

// As the next attempt's pod.
inline Pod numbered(Pod pod, std::uint32_t attempt) {
  pod.metadata.uid = "uid-" + std::to_string(attempt + 1);
  pod.metadata.name = "train-abc-" + std::to_string(attempt);
  return pod;
}
inline PodView numbered_view(Pod pod, std::uint32_t attempt, std::uint32_t restarts = 0) {
  auto v = view(numbered(std::move(pod), attempt));
  v.attempt = attempt;
  v.restarts = restarts;
  return v;
}

}  // namespace stepop::lifecycle::pods
