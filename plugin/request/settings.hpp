// What a step's settings are, once they are read. How they are written, checked and documented is
// declared in settings.cpp, pod_settings.cpp, resources.cpp and policy.cpp.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "request/policy.hpp"
#include "request/resources.hpp"

namespace stepop::request {

using StringMap = std::map<std::string, std::string, std::less<>>;

// Objects of Kubernetes' API have its own names for their fields, and are valid as far as that can
// be said without a cluster.
struct PodSettings {
  Resources resources;
  StringMap labels;
  StringMap annotations;
  StringMap node_selectors;
  json::object affinity;      // Affinity
  json::array tolerations;    // Toleration
  json::array volumes;        // Volume
  json::array volume_mounts;  // VolumeMount
  json::array env;            // EnvVar
  json::array env_from;       // EnvFromSource
  bool host_ipc = false;
  std::optional<std::string> scheduler_name;  // absent: the cluster's
  std::vector<std::string> image_pull_secrets;
  json::object container_security_context;  // SecurityContext
  json::object additional_pod_spec_args;    // fields of PodSpec
};

// Which object runs a step.
enum class Workload { automatic, pod, job };

struct Settings {
  std::string kubernetes_namespace = "zenml";
  PodSettings pod_settings;
  std::uint32_t pod_count = 1;
  std::optional<std::string> service_account_name;  // absent: the namespace's default
  bool privileged = false;
  std::string job_name_prefix;
  std::optional<std::chrono::seconds> ttl_after_finished;
  std::optional<std::chrono::seconds> active_deadline;
  Workload workload = Workload::automatic;
  std::optional<std::string> queue;
  StringMap secrets;  // values by the name of their environment variable
  std::optional<std::chrono::seconds> api_request_timeout;
  std::uint32_t max_api_retries = 3;
  Policy policy;

  // Whether they ask for what only a Job has.
  bool needs_job() const { return pod_count > 1 || ttl_after_finished || queue || workload == Workload::job; }
};

}  // namespace stepop::request
