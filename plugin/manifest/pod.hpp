// A step's request as a Kubernetes Pod. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>

#include "manifest/identity.hpp"
#include "request/step_request.hpp"

namespace stepop::manifest {

namespace json = boost::json;

// The container that runs the step's command.
inline constexpr std::string_view main_container = "main";

// STEPOP_RESULT_PATH: where the kubelet reads a container's termination message ("Determine the
// Reason for Pod Failure").
inline constexpr std::string_view result_path = "/dev/termination-log";

// STEPOP_RESULT_MAX, bytes: the kubelet keeps 4096 bytes of one container's message and 12288 of
// all containers of a pod.
constexpr std::uint32_t result_max(std::uint32_t containers) {
  constexpr std::uint32_t of_one = 4096, of_all = 12288;
  return of_all / containers < of_one ? of_all / containers : of_one;
}

// The pod of one attempt. It has what the request asks and what stepop needs, and nothing else:
// what is not said (image pull policy, service account, service links, memory request) is the
// cluster's default, as with ZenML.
//
// `$(NAME)` in command, args and environment is expanded by Kubernetes ("Define a Command and
// Arguments for a Container"), as with ZenML: it is passed on as it is. stepop's own variables come
// first, so that the user's may refer to them.
json::object pod_manifest(const request::StepRequest&, const Identity&, std::string_view instance,
                          std::uint32_t attempt);

}  // namespace stepop::manifest
