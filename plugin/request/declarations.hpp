// Everything that can be asked, declared. Each is made at its first use and lives as long as the
// library.
#pragma once

#include "request/object.hpp"
#include "request/operator_config.hpp"
#include "request/policy.hpp"
#include "request/settings.hpp"
#include "request/step_request.hpp"

namespace stepop::request {

const Object<Policy>& policy_object();
const Object<PodSettings>& pod_settings_object();
const Object<Settings>& settings_object();
const Object<OperatorConfig>& config_object();
const Object<StepRequest>& request_object();

}  // namespace stepop::request
