// A step as a Kubernetes Job, and what stands beside it. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "manifest/identity.hpp"
#include "request/step_request.hpp"

namespace stepop::manifest {

namespace json = boost::json;

// The Job of one attempt: its pods are as pod_manifest's, and it never makes a second one for the
// same index. No pod failure policy: what to do about a failure is the lifecycle's to decide.
//
// The deadline of the settings stands in the pod, not here: the kubelet then says DeadlineExceeded
// of the pod, where a Job at its deadline would delete the pod that could tell how it ended.
//
// With a queue it is suspended until Kueue admits it ("Run A Kubernetes Job", Kueue).
json::object job_manifest(const request::StepRequest&, const Identity&, std::string_view instance,
                          std::uint32_t attempt);

// The object that owns another and takes it along when it is deleted.
struct Owner {
  std::string api_version;  // "v1", "batch/v1"
  std::string kind;         // "Pod", "Job"
  std::string name;
  std::string uid;
};

// The headless Service by which the pods of an Indexed Job find each other, ready or not, as
// `<job>-<index>.<job>.<namespace>.svc` ("Job with Pod-to-Pod Communication"). To be made before or
// after its pods; `job` is its owner.
json::object service_manifest(const request::StepRequest&, const Identity&, std::string_view instance,
                              std::uint32_t attempt, const Owner& job);

// The Secret with the step's `secrets`, to be made right after the workload, which is its owner and
// whose name it has: the container's environment refers to it and cannot start without. Immutable.
// It holds values in clear: never to be shown or logged.
json::object secret_manifest(const request::StepRequest&, const Identity&, std::string_view instance,
                             std::uint32_t attempt, const Owner& workload);

}  // namespace stepop::manifest
