#include "manifest/objects.hpp"

#include "manifest/job.hpp"
#include "manifest/pod.hpp"

namespace stepop::manifest {
namespace {

// An owner reference must have one.
constexpr std::string_view no_uid = "00000000-0000-0000-0000-000000000000";

}  // namespace

std::vector<json::object> objects_of(const request::StepRequest& request, const Identity& identity,
                                     std::string_view instance) {
  const bool job = request.settings.needs_job();
  std::vector<json::object> objects{job ? job_manifest(request, identity, instance, 0)
                                        : pod_manifest(request, identity, instance, 0)};
  const Owner owner{job ? "batch/v1" : "v1", job ? "Job" : "Pod", workload_name(readable_name(request), identity, 0),
                    std::string(no_uid)};
  if (request.settings.pod_count > 1) objects.push_back(service_manifest(request, identity, instance, 0, owner));
  if (!request.settings.secrets.empty()) {
    objects.push_back(without_secret_values(secret_manifest(request, identity, instance, 0, owner)));
  }
  return objects;
}

json::object without_secret_values(json::object object) {
  const auto* kind = object.if_contains("kind");
  if (!kind || *kind != "Secret") return object;
  for (const auto* member : {"data", "stringData"}) {
    auto* values = object.if_contains(member);
    if (!values || !values->is_object()) continue;
    for (auto& entry : values->get_object()) entry.value() = hidden_value;
  }
  return object;
}

}  // namespace stepop::manifest
