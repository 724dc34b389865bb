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
const Object<Resources>& resources_object();
const Object<PodSettings>& pod_settings_object();
const Object<Settings>& settings_object();
const Object<OperatorConfig>& config_object();
const Object<StepRequest>& request_object();

// Of a map of environment variables: reports a name that stepop sets itself, and returns false.
bool refuse_reserved_variable(std::string_view name, const Reader& place);
// The same for a JSON Schema's `propertyNames`: what a name must not be.
json::object reserved_variables();

}  // namespace stepop::request
