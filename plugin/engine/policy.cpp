#include "engine/policy.hpp"

namespace stepop::engine {

lifecycle::Cleanup cleanup_of(request::Cleanup cleanup) {
  switch (cleanup) {
    case request::Cleanup::on_success:
      return lifecycle::Cleanup::on_success;
    case request::Cleanup::never:
      return lifecycle::Cleanup::never;
    case request::Cleanup::always:
      return lifecycle::Cleanup::always;
  }
  return lifecycle::Cleanup::never;
}

lifecycle::Policy policy_of(const request::Policy& policy) {
  lifecycle::Policy read;
  read.startup_timeout = policy.startup_timeout;
  read.refusal_grace = policy.refusal_grace;
  read.lost_after = policy.lost_after;
  read.waiting_reason_grace = policy.waiting_reason_grace;
  read.fatal_waiting_reasons = policy.fail_on_container_waiting_reasons;
  if (policy.scheduling_timeout.count() > 0) read.scheduling_timeout = policy.scheduling_timeout;
  read.max_startup_retries = policy.max_startup_retries;
  read.max_disruption_restarts = policy.max_disruption_restarts;
  read.on_node_lost = policy.on_node_lost == request::OnNodeLost::replace ? lifecycle::OnNodeLost::replace
                                                                          : lifecycle::OnNodeLost::wait;
  read.cleanup = cleanup_of(policy.cleanup);
  return read;
}

kube::Resource kind_of(const request::StepRequest& request) {
  return request.settings.needs_job() ? kube::Resource::Jobs : kube::Resource::Pods;
}

lifecycle::Asked asked_of(const request::StepRequest& request) {
  return {!request.settings.secrets.empty(), request.settings.pod_count > 1};
}

lifecycle::Policy policy_of(const manifest::Marks& marks) {
  return policy_of(marks.policy.value_or(request::Policy{}));
}

}  // namespace stepop::engine
