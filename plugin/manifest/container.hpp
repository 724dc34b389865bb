// The container that runs the step's command. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>

#include "manifest/identity.hpp"
#include "request/reserved.hpp"
#include "request/step_request.hpp"

namespace stepop::manifest {

namespace json = boost::json;

inline constexpr std::string_view main_container = request::reserved::main_container;

// STEPOP_RESULT_PATH: where the kubelet reads a container's termination message ("Determine the
// Reason for Pod Failure").
inline constexpr std::string_view result_path = "/dev/termination-log";

// STEPOP_RESULT_MAX, bytes: the kubelet keeps 4096 bytes of one container's message and 12288 of
// all containers of a pod, init containers among them.
constexpr std::uint32_t result_max(std::uint32_t containers) {
  constexpr std::uint32_t of_one = 4096, of_all = 12288;
  return of_all / containers < of_one ? of_all / containers : of_one;
}

// ZenML 0.98's: what a step requests that says nothing of memory, so that it is not put on a node
// that has none left. At most the limit, where there is one.
inline constexpr std::string_view default_memory_request = "400Mi";

// The port of ZENML_KUBERNETES_MAIN_PORT, which ZenML 0.98 gives every step of several pods.
inline constexpr std::uint16_t main_port = 29500;

// `containers`: how many the pod has, this one included.
json::object step_container(const request::StepRequest&, const Identity&, std::uint32_t attempt,
                            std::uint32_t containers);

}  // namespace stepop::manifest
