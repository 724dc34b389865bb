#include "manifest/pod.hpp"

#include <boost/json/array.hpp>
#include <string>

#include "manifest/labels.hpp"

namespace stepop::manifest {
namespace {

json::object as_object(const request::StringMap& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

std::uint32_t count_at(const json::object& object, std::string_view name) {
  const auto* list = object.if_contains(name);
  return list ? static_cast<std::uint32_t>(list->as_array().size()) : 0;
}

// ZenML's way: what is exactly `{{ image }}` is the step's image.
json::value with_image(const json::value& value, const std::string& image) {
  if (value.is_string()) return value.get_string() == "{{ image }}" ? json::value(image) : value;
  if (value.is_array()) {
    json::array elements;
    for (const auto& element : value.get_array()) elements.push_back(with_image(element, image));
    return elements;
  }
  if (value.is_object()) {
    json::object members;
    for (const auto& [key, member] : value.get_object()) members[key] = with_image(member, image);
    return members;
  }
  return value;
}

// ZenML's way, too: elements are added to a list, members take the place of an object's, all else
// is replaced.
void add(json::object& spec, const json::object& arguments, const std::string& image) {
  for (const auto& [name, written] : arguments) {
    const json::value value = with_image(written, image);
    auto* known = spec.if_contains(name);
    if (known && known->is_array()) {
      for (const auto& element : value.as_array()) known->get_array().push_back(element);
    } else if (known && known->is_object()) {
      for (const auto& [key, member] : value.as_object()) known->get_object()[key] = member;
    } else {
      spec[name] = value;
    }
  }
}

}  // namespace

json::object metadata(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                      std::uint32_t attempt) {
  return {
      {"name", workload_name(readable_name(request), identity, attempt)},
      {"namespace", request.settings.kubernetes_namespace},
      {"labels", as_object(pod_labels(request, identity, instance, attempt))},
      {"annotations", as_object(pod_annotations(request))},
  };
}

json::object pod_spec(const request::StepRequest& request, const Identity& identity, std::uint32_t attempt) {
  const auto& settings = request.settings;
  const auto& pod = settings.pod_settings;
  const auto& arguments = pod.additional_pod_spec_args;
  const std::uint32_t containers = 1 + count_at(arguments, "containers") + count_at(arguments, "initContainers");

  json::object spec{{"restartPolicy", "Never"}};
  spec["containers"] = json::array{step_container(request, identity, attempt, containers)};
  if (settings.service_account_name) spec["serviceAccountName"] = *settings.service_account_name;
  if (settings.active_deadline) spec["activeDeadlineSeconds"] = std::int64_t{settings.active_deadline->count()};
  if (!pod.image_pull_secrets.empty()) {
    json::array secrets;
    for (const auto& name : pod.image_pull_secrets) secrets.push_back(json::object{{"name", name}});
    spec["imagePullSecrets"] = std::move(secrets);
  }
  if (!pod.node_selectors.empty()) spec["nodeSelector"] = as_object(pod.node_selectors);
  if (!pod.affinity.empty()) spec["affinity"] = pod.affinity;
  if (!pod.tolerations.empty()) spec["tolerations"] = pod.tolerations;
  if (!pod.volumes.empty()) spec["volumes"] = pod.volumes;
  if (pod.host_ipc) spec["hostIPC"] = true;
  if (pod.scheduler_name) spec["schedulerName"] = *pod.scheduler_name;
  add(spec, arguments, request.image);
  return spec;
}

json::object pod_manifest(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                          std::uint32_t attempt) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", metadata(request, identity, instance, attempt)},
          {"spec", pod_spec(request, identity, attempt)}};
}

}  // namespace stepop::manifest
