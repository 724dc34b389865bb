#include "manifest/container.hpp"

#include <boost/json/array.hpp>
#include <string>

namespace stepop::manifest {
namespace {

namespace reserved = request::reserved;

// A text that Kubernetes is not to expand: `$$` is one `$`.
std::string literally(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '$') result += '$';
    result += c;
  }
  return result;
}

json::array as_array(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::object as_object(const request::ResourceList& list) {
  json::object object;
  for (const auto& [name, quantity] : list) object[name] = quantity.text;
  return object;
}

// In the order in which one may refer to another ("Define Dependent Environment Variables"): stepop's,
// the secrets, the request's, the settings'.
json::array environment(const request::StepRequest& request, const Identity& identity, std::uint32_t attempt,
                        std::uint32_t containers) {
  const auto& settings = request.settings;
  const std::string name = workload_name(readable_name(request), identity, attempt);
  json::array variables;
  const auto add = [&variables](std::string_view variable, std::string value) {
    variables.push_back(json::object{{"name", variable}, {"value", std::move(value)}});
  };
  add(reserved::env_step_run_id, literally(request.step_run_id));
  add(reserved::env_attempt, std::to_string(attempt));
  add(reserved::env_result_path, std::string(result_path));
  add(reserved::env_result_max, std::to_string(result_max(containers)));
  if (settings.pod_count > 1) {
    add(reserved::env_pod_count, std::to_string(settings.pod_count));
    // The pod of index 0, by the headless Service that is named like the Job.
    add(reserved::env_main_address, name + "-0." + name + "." + settings.kubernetes_namespace + ".svc");
    add(reserved::env_main_port, std::to_string(main_port));
  }
  for (const auto& [key, value] : settings.secrets) {
    const json::object source{{"secretKeyRef", json::object{{"name", name}, {"key", key}}}};
    variables.push_back(json::object{{"name", key}, {"valueFrom", source}});
  }
  for (const auto& [variable, value] : request.environment) add(variable, value);
  for (const auto& variable : settings.pod_settings.env) variables.push_back(variable);
  return variables;
}

json::object resources(const request::Resources& asked) {
  json::object requests = as_object(asked.requests);
  if (!requests.contains("memory")) {
    const auto limit = asked.limits.find("memory");
    const bool is_less =
        limit != asked.limits.end() && limit->second < *request::parse_quantity(default_memory_request);
    requests["memory"] = is_less ? std::string_view(limit->second.text) : default_memory_request;
  }
  json::object resources{{"requests", std::move(requests)}};
  if (!asked.limits.empty()) resources["limits"] = as_object(asked.limits);
  if (!asked.claims.empty()) resources["claims"] = asked.claims;
  return resources;
}

}  // namespace

json::object step_container(const request::StepRequest& request, const Identity& identity, std::uint32_t attempt,
                            std::uint32_t containers) {
  const auto& settings = request.settings.pod_settings;
  json::object container{{"name", main_container}, {"image", request.image}};
  if (!request.command.empty()) container["command"] = as_array(request.command);
  if (!request.args.empty()) container["args"] = as_array(request.args);
  container["env"] = environment(request, identity, attempt, containers);
  if (!settings.env_from.empty()) container["envFrom"] = settings.env_from;
  container["resources"] = resources(settings.resources);
  if (!settings.volume_mounts.empty()) container["volumeMounts"] = settings.volume_mounts;
  json::object security = settings.container_security_context;
  if (request.settings.privileged && !security.contains("privileged")) security["privileged"] = true;
  if (!security.empty()) container["securityContext"] = std::move(security);
  container["terminationMessagePath"] = result_path;
  container["terminationMessagePolicy"] = "File";
  return container;
}

}  // namespace stepop::manifest
