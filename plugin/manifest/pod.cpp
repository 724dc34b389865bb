#include "manifest/pod.hpp"

#include <boost/json/array.hpp>
#include <string>

#include "manifest/labels.hpp"
#include "request/reserved.hpp"

namespace stepop::manifest {
namespace {

namespace reserved = request::reserved;

constexpr std::uint32_t containers_in_pod = 1;

// A text that Kubernetes is not to expand: `$$` is one `$`.
std::string literally(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '$') result += '$';
    result += c;
  }
  return result;
}

json::object as_object(const request::StringMap& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

json::object as_object(const request::ResourceList& list) {
  json::object object;
  for (const auto& [name, quantity] : list) object[name] = quantity.text;
  return object;
}

json::array as_array(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

json::array environment(const request::StepRequest& request, std::uint32_t attempt) {
  json::array variables;
  const auto add = [&variables](std::string_view name, std::string value) {
    variables.push_back(json::object{{"name", name}, {"value", std::move(value)}});
  };
  add(reserved::env_step_run_id, literally(request.step_run_id));
  add(reserved::env_attempt, std::to_string(attempt));
  add(reserved::env_result_path, std::string(result_path));
  add(reserved::env_result_max, std::to_string(result_max(containers_in_pod)));
  for (const auto& [name, value] : request.environment) add(name, value);
  return variables;
}

json::array tolerations(const std::vector<request::Toleration>& from) {
  json::array list;
  for (const auto& toleration : from) {
    json::object object;
    const auto add = [&object](const char* name, const std::string& value) {
      if (!value.empty()) object[name] = value;
    };
    add("key", toleration.key);
    add("operator", toleration.operator_);
    add("value", toleration.value);
    add("effect", toleration.effect);
    if (toleration.toleration_seconds) object["tolerationSeconds"] = *toleration.toleration_seconds;
    list.push_back(std::move(object));
  }
  return list;
}

json::object container(const request::StepRequest& request, std::uint32_t attempt) {
  json::object container{{"name", main_container}, {"image", request.image}};
  if (!request.command.empty()) container["command"] = as_array(request.command);
  if (!request.args.empty()) container["args"] = as_array(request.args);
  container["env"] = environment(request, attempt);
  const auto& [requests, limits] = request.settings.pod_settings.resources;
  json::object resources;
  if (!requests.empty()) resources["requests"] = as_object(requests);
  if (!limits.empty()) resources["limits"] = as_object(limits);
  if (!resources.empty()) container["resources"] = std::move(resources);
  container["terminationMessagePath"] = result_path;
  container["terminationMessagePolicy"] = "File";
  return container;
}

}  // namespace

json::object pod_manifest(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                          std::uint32_t attempt) {
  const auto& settings = request.settings;
  json::object metadata{
      {"name", workload_name(readable_name(request), identity, attempt)},
      {"namespace", settings.kubernetes_namespace},
      {"labels", as_object(pod_labels(request, identity, instance, attempt))},
      {"annotations", as_object(pod_annotations(request))},
  };
  json::object spec{{"restartPolicy", "Never"}};
  spec["containers"] = json::array{container(request, attempt)};
  if (!settings.pod_settings.node_selectors.empty()) {
    spec["nodeSelector"] = as_object(settings.pod_settings.node_selectors);
  }
  if (!settings.pod_settings.tolerations.empty()) {
    spec["tolerations"] = tolerations(settings.pod_settings.tolerations);
  }
  return {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", std::move(metadata)}, {"spec", std::move(spec)}};
}

}  // namespace stepop::manifest
