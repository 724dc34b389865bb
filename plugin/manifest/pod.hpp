// A step's request as a Kubernetes Pod. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>

#include "manifest/container.hpp"
#include "manifest/identity.hpp"
#include "request/step_request.hpp"

namespace stepop::manifest {

namespace json = boost::json;

// The pod of one attempt. It has what the request asks and what stepop needs, and nothing else but
// ZenML's memory request: what is not said (image pull policy, service account, service links) is
// the cluster's default, as with ZenML.
//
// `$(NAME)` in command, args and environment is expanded by Kubernetes ("Define a Command and
// Arguments for a Container"), as with ZenML: it is passed on as it is. stepop's own variables come
// first, so that the user's may refer to them.
json::object pod_manifest(const request::StepRequest&, const Identity&, std::string_view instance,
                          std::uint32_t attempt);

// What a pod is made of, for other objects that make pods.
json::object metadata(const request::StepRequest&, const Identity&, std::string_view instance, std::uint32_t attempt);
json::object pod_spec(const request::StepRequest&, const Identity&, std::uint32_t attempt);

}  // namespace stepop::manifest
