#pragma once

#include "lifecycle/step_machine.hpp"
#include "manifest/labels.hpp"
#include "request/policy.hpp"
#include "request/step_request.hpp"

namespace stepop::engine {

// What the host set, as the lifecycle reads it. Pure.
lifecycle::Policy policy_of(const request::Policy& policy);
// Of a pod that another life made: what it wrote on it, or the defaults.
lifecycle::Policy policy_of(const manifest::Marks& marks);
// What the step needs beside its pod.
kube::Resource kind_of(const request::StepRequest& request);
lifecycle::Asked asked_of(const request::StepRequest& request);
lifecycle::Cleanup cleanup_of(request::Cleanup cleanup);

}  // namespace stepop::engine
