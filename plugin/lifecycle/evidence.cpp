#include "lifecycle/evidence.hpp"

#include <algorithm>
#include <charconv>

namespace stepop::lifecycle {

using kube::ContainerState;

namespace {

// Within one uid they can be ordered ("Kubernetes API Concepts", Resource versions).
std::uint64_t version_of(const kube::Pod& pod) {
  const auto& text = pod.metadata.resource_version;
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

bool really_started(const ContainerState& state) {
  if (state.kind == ContainerState::Kind::Running) return true;
  if (state.kind != ContainerState::Kind::Terminated) return false;
  return state.started_at && state.started_at->time_since_epoch().count() > 0;
}

void Evidence::observe(const kube::Pod& pod) {
  // First seen when it is already on a node: what happened before that was not seen.
  if (!seen_ && !pod.node_name.empty()) gap_since_binding_ = true;
  seen_ = true;
  unseen_since_gap_ = false;
  // A list, and what is watched from it on, may be older than what was seen before.
  const auto version = version_of(pod);
  const bool is_newer = version > newest_version_;
  newest_version_ = std::max(newest_version_, version);
  bound_ = bound_ || !pod.node_name.empty();
  const bool terminal = pod.phase == kube::PodPhase::Failed || pod.phase == kube::PodPhase::Succeeded;
  const bool told_of_containers = !pod.container_statuses.empty() || !pod.init_container_statuses.empty();
  if (!terminal) {
    rejected_ = rejected_ || (is_newer && acknowledged_ && !told_of_containers);
    acknowledged_ = acknowledged_ || told_of_containers;
  }
  if (const auto* main = pod.container_status(main_container)) {
    main_started_ = main_started_ || really_started(main->state) || really_started(main->last_state);
    main_had_container_id_ = main_had_container_id_ || !main->container_id.empty();
  }
}

void Evidence::gap() {
  if (!seen_) return;
  unseen_since_gap_ = true;
  // It may have been bound meanwhile, so an unbound pod has the gap too, until it is seen to be unbound still;
  // that is more careful than the truth, never less.
  gap_since_binding_ = true;
}

UserCodeRan Evidence::so_far() const {
  if (main_started_) return UserCodeRan::yes;
  return bound_ ? UserCodeRan::maybe : UserCodeRan::no;
}

UserCodeRan Evidence::after_final_status(const kube::Pod& last) const {
  if (main_started_) return UserCodeRan::yes;
  const auto* main = last.container_status(main_container);
  if (!main || main->state.kind == ContainerState::Kind::None) {
    // No word about the container: a kubelet that rejects a new pod writes this, but so does one that was restarted
    // and has forgotten what it had admitted, and perhaps started a moment before. Only an unbroken view
    // since the pod was bound, in which no kubelet had spoken of its containers, tells them apart.
    return gap_since_binding_ || acknowledged_ ? UserCodeRan::maybe : UserCodeRan::no;
  }
  const bool never_seen = !main_had_container_id_ && !gap_since_binding_;
  if (main->state.kind == ContainerState::Kind::Waiting) {
    // A kubelet that cannot find the container any more writes "waiting" too, and what it makes of the one before into
    // lastState (seen: an eviction for the size of an emptyDir).
    const bool one_before = main->last_state.kind != ContainerState::Kind::None || main->restart_count > 0;
    return one_before && !never_seen ? UserCodeRan::maybe : UserCodeRan::no;
  }
  const auto& ended = main->state;
  if (ended.reason == "StartError" || ended.reason == "ContainerCannotRun") return UserCodeRan::no;
  // The kubelet turns every waiting container of a pod into this at the end ("Pod Lifecycle"), and also one whose
  // traces it lost: the difference is whether anybody ever saw a container.
  if (ended.reason == "ContainerStatusUnknown" && ended.container_id.empty() && !ended.started_at && never_seen) {
    return UserCodeRan::no;
  }
  return UserCodeRan::maybe;
}

UserCodeRan Evidence::after_vanishing(const kube::Pod& last, bool whole) const {
  if (main_started_) return UserCodeRan::yes;
  if (whole && last.node_name.empty()) return UserCodeRan::no;
  const bool final_status = last.phase == kube::PodPhase::Failed || last.phase == kube::PodPhase::Succeeded;
  if (whole && final_status) return after_final_status(last);
  return UserCodeRan::maybe;
}

}  // namespace stepop::lifecycle
