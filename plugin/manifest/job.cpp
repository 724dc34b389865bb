#include "manifest/job.hpp"

#include <boost/json/array.hpp>

#include "manifest/pod.hpp"

namespace stepop::manifest {
namespace {

// "Run A Kubernetes Job" (Kueue).
constexpr std::string_view queue_label = "kueue.x-k8s.io/queue-name";

// The label that the Job controller puts on its pods ("Jobs").
constexpr std::string_view job_name_label = "batch.kubernetes.io/job-name";

// It does not hold up the owner's deletion.
json::array owner_references(const Owner& owner) {
  return {json::object{{"apiVersion", owner.api_version},
                       {"kind", owner.kind},
                       {"name", owner.name},
                       {"uid", owner.uid},
                       {"controller", false},
                       {"blockOwnerDeletion", false}}};
}

json::object owned_metadata(json::object metadata, const Owner& owner) {
  metadata.erase("annotations");
  metadata["ownerReferences"] = owner_references(owner);
  return metadata;
}

}  // namespace

json::object job_manifest(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                          std::uint32_t attempt) {
  const auto& settings = request.settings;
  json::object job = metadata(request, identity, instance, attempt);
  const json::value name = job.at("name");

  json::object template_spec = pod_spec(request, identity, attempt);
  if (settings.pod_count > 1) template_spec["subdomain"] = name;
  json::object spec{
      {"backoffLimit", 0},
      {"podReplacementPolicy", "Failed"},
      {"parallelism", settings.pod_count},
      {"completions", settings.pod_count},
      {"template",
       json::object{{"metadata", json::object{{"labels", job.at("labels")}, {"annotations", job.at("annotations")}}},
                    {"spec", std::move(template_spec)}}},
  };
  if (settings.pod_count > 1) spec["completionMode"] = "Indexed";
  if (settings.ttl_after_finished) {
    spec["ttlSecondsAfterFinished"] = std::int64_t{settings.ttl_after_finished->count()};
  }
  if (settings.queue) {
    job["labels"].as_object()[queue_label] = *settings.queue;
    spec["suspend"] = true;
  }
  return {{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", std::move(job)}, {"spec", std::move(spec)}};
}

json::object service_manifest(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                              std::uint32_t attempt, const Owner& job) {
  const json::object spec{
      {"clusterIP", "None"},
      {"publishNotReadyAddresses", true},
      {"selector", json::object{{job_name_label, job.name}}},
      {"ports", json::array{json::object{{"name", main_container}, {"port", main_port}}}},
  };
  return {{"apiVersion", "v1"},
          {"kind", "Service"},
          {"metadata", owned_metadata(metadata(request, identity, instance, attempt), job)},
          {"spec", spec}};
}

json::object secret_manifest(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                             std::uint32_t attempt, const Owner& workload) {
  json::object values;
  for (const auto& [name, value] : request.settings.secrets) values[name] = value;
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", owned_metadata(metadata(request, identity, instance, attempt), workload)},
          {"type", "Opaque"},
          {"immutable", true},
          {"stringData", std::move(values)}};
}

}  // namespace stepop::manifest
