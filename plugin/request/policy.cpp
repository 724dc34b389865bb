#include "request/policy.hpp"

#include "request/declarations.hpp"

namespace stepop::request {

namespace {

// More pods for one step than this are a mistake in the number.
constexpr std::uint32_t most_attempts = 100;

}  // namespace

const Object<Policy>& policy_object() {
  static const auto object =
      Object<Policy>()
          .member("cleanup", &Policy::cleanup,
                  one_of<Cleanup>(
                      {{"on_success", Cleanup::on_success}, {"never", Cleanup::never}, {"always", Cleanup::always}}),
                  "What is deleted from the cluster once the host has acknowledged a step's end: the "
                  "workload of a step that succeeded, none, or any.")
          .member("startup_timeout_seconds", &Policy::startup_timeout, seconds(1),
                  "How long a step may take from having a node to running its code (images, "
                  "volumes, init "
                  "containers) before it fails with StartTimeout.")
          .member("refusal_grace_seconds", &Policy::refusal_grace, seconds(0),
                  "How long the API server must go on refusing access (401, or 403 in RBAC's "
                  "words) before "
                  "a step fails with Forbidden: an API server that has just started refuses for a "
                  "moment "
                  "what it will allow.")
          .member("lost_after_seconds", &Policy::lost_after, seconds(0),
                  "How long after its pod was first seen on an unreachable node, or past its deletion "
                  "grace, a step is given up as lost.")
          .member("fail_on_container_waiting_reasons", &Policy::fail_on_container_waiting_reasons,
                  list_of(text(rule::waiting_reason)),
                  "The reasons for which a container may wait (`state.waiting.reason`) that fail "
                  "the step "
                  "when they last for waiting_reason_grace_seconds. An empty list: none does.")
          .member("waiting_reason_grace_seconds", &Policy::waiting_reason_grace, seconds(0),
                  "How long a reason of fail_on_container_waiting_reasons must last before the "
                  "step fails.")
          .member("scheduling_timeout_seconds", &Policy::scheduling_timeout, seconds(0),
                  "How long a step may wait for a node before it fails with Unschedulable. 0: it waits on, "
                  "whatever the cluster lacks.")
          .member("max_startup_retries", &Policy::max_startup_retries, count(most_attempts),
                  "How often a pod is replaced that a node rejected, that was disrupted, or that did not start, when "
                  "it is certain that its code did not run. A pod that somebody deleted is never replaced.")
          .member("max_disruption_restarts", &Policy::max_disruption_restarts, count(most_attempts),
                  "How often a pod is replaced that was evicted, preempted or rejected when its code may have run: "
                  "for steps that may run twice. Only once it is confirmed stopped.")
          .member("on_node_lost", &Policy::on_node_lost,
                  one_of<OnNodeLost>({{"wait", OnNodeLost::wait}, {"replace", OnNodeLost::replace}}),
                  "After lost_after_seconds without a word of the pod's node: `wait` calls the step lost; `replace` "
                  "runs it again, although the first may still be running.");
  return object;
}

json::object to_json(const Policy& policy) {
  return policy_object().write(policy);
}

Policy policy_from_json(const json::object& object) {
  Policy policy;
  for (const auto& member : policy_object().members()) {
    const auto* value = object.if_contains(member.name);
    if (!value) continue;
    std::vector<plugin::Finding> ignored;
    Policy read = policy;
    member.read(*value, read, Reader(ignored));
    if (ignored.empty()) policy = std::move(read);
  }
  return policy;
}

}  // namespace stepop::request
