#include <algorithm>
#include <array>
#include <set>

#include "request/declarations.hpp"
#include "request/openapi/kinds.hpp"
#include "request/reserved.hpp"

namespace stepop::request {
namespace {

// The API server takes at most 256 KiB of annotations (keys and values together); stepop's own are
// at most six texts of 4 KiB, the policy and the hashes.
constexpr std::size_t most_annotations = (256 - 64) * 1024;

// ---- Labels, annotations, node selectors

bool refuse_reserved(std::string_view key, const Reader& place) {
  if (key != reserved::managed_by && !key.starts_with(reserved::key_prefix)) return true;
  place.report(finding::reserved_key, found_expected("a key that stepop writes itself", "a key of your own"));
  return false;
}

bool refuse_reserved_label(std::string_view key, const Reader& place) {
  for (const auto zenml : reserved::zenml_labels) {
    if (key != zenml) continue;
    place.report(finding::reserved_key,
                 found_expected("a label that every step gets from its request", "a key of your own"),
                 "put it under a prefix: `example.com/" + std::string(key) + "`");
    return false;
  }
  return refuse_reserved(key, place);
}

// Of a JSON Schema's `propertyNames`.
json::object reserved_keys() {
  const json::object prefix{{"pattern", "^stepop\\.dev/"}};
  const json::object managed_by{{"const", reserved::managed_by}};
  return {{"anyOf", json::array{prefix, managed_by}}};
}

Kind<StringMap> annotations() {
  auto kind = map_of<StringMap>(rule::annotation_key, text(most_annotations), "an object of texts", refuse_reserved);
  kind.schema["propertyNames"].as_object()["not"] = reserved_keys();
  return kind;
}

Kind<StringMap> labels() {
  auto kind = map_of<StringMap>(rule::label_key, text(rule::label_value), "an object of texts", refuse_reserved_label);
  json::object reserved = reserved_keys();
  const json::object zenmls{{"enum", json::array(reserved::zenml_labels.begin(), reserved::zenml_labels.end())}};
  reserved["anyOf"].as_array().push_back(zenmls);
  kind.schema["propertyNames"].as_object()["not"] = std::move(reserved);
  return kind;
}

void check_annotations(const PodSettings& settings, const Reader& here) {
  std::size_t size = 0;
  for (const auto& [key, value] : settings.annotations) size += key.size() + value.size();
  if (size <= most_annotations) return;
  here.member("annotations")
      .report(finding::too_long, found_expected(std::to_string(size) + " bytes of annotations",
                                                "at most " + std::to_string(most_annotations)));
}

// ---- Lists whose elements have a name

using Names = std::set<std::string, std::less<>>;

std::string text_at(const json::value& object, std::string_view name) {
  const auto* value = object.as_object().if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::array& list_at(const json::object& object, std::string_view name) {
  static const json::array none;
  const auto* list = object.if_contains(name);
  return list ? list->as_array() : none;
}

// No two elements have one text under `key`. `names` are those that are taken, and then these too.
void check_distinct(const json::array& list, std::string_view key, Names& names, const Reader& place) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string name = text_at(list[i], key);
    if (name.empty() || names.insert(name).second) continue;
    const Reader element = place.element(i);
    element.member(key).report(finding::duplicate_key, found_expected(found(name) + " for the second time", "it once"));
  }
}

void check_volumes(const PodSettings& settings, const Reader& here) {
  Names names;
  check_distinct(settings.volumes, "name", names, here.member("volumes"));
  const Reader arguments = here.member("additional_pod_spec_args");
  check_distinct(list_at(settings.additional_pod_spec_args, "volumes"), "name", names, arguments.member("volumes"));

  const Reader mounts = here.member("volume_mounts");
  Names paths;
  check_distinct(settings.volume_mounts, "mountPath", paths, mounts);
  for (std::size_t i = 0; i < settings.volume_mounts.size(); ++i) {
    const std::string name = text_at(settings.volume_mounts[i], "name");
    if (names.contains(name)) continue;
    const Reader element = mounts.element(i);
    element.member("name").report(finding::invalid_value, found_expected(found(name), "the name of one of `volumes`"),
                                  did_you_mean(name, {names.begin(), names.end()}));
  }
}

void check_variables(const PodSettings& settings, const Reader& here) {
  const Reader env = here.member("env");
  Names names;
  check_distinct(settings.env, "name", names, env);
  for (std::size_t i = 0; i < settings.env.size(); ++i) {
    const Reader element = env.element(i);
    refuse_reserved_variable(text_at(settings.env[i], "name"), element.member("name"));
  }
}

// ---- Additional arguments

void check_containers(const PodSettings& settings, const Reader& here) {
  const auto& arguments = settings.additional_pod_spec_args;
  const Reader place = here.member("additional_pod_spec_args");
  Names names;
  for (const char* member : {"containers", "initContainers"}) {
    const Reader containers = place.member(member);
    const auto& list = list_at(arguments, member);
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (text_at(list[i], "name") != reserved::main_container) continue;
      const Reader element = containers.element(i);
      element.member("name").report(
          finding::reserved_key,
          found_expected("the name of the step's own container", "another name: this is a container beside it"),
          "the step's container takes env, env_from, volume_mounts, resources and container_security_context from "
          "pod_settings");
    }
    check_distinct(list, "name", names, containers);
  }
}

// Fields of a pod's spec that are settings of their own, under another name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> own_settings{{
    {"hostIPC", "host_ipc"},
    {"imagePullSecrets", "image_pull_secrets"},
    {"nodeSelector", "node_selectors"},
    {"node_selector", "node_selectors"},
    {"schedulerName", "scheduler_name"},
    {"envFrom", "env_from"},
    {"volumeMounts", "volume_mounts"},
    {"securityContext", "container_security_context"},
    {"security_context", "container_security_context"},
}};

// What to say to those who write a field of a pod's spec beside the settings.
void point_to_places(Object<PodSettings>& object) {
  const auto is_own = [](std::string_view name) {
    return std::any_of(own_settings.begin(), own_settings.end(), [name](const auto& own) { return own.first == name; });
  };
  for (const auto& [field, setting] : own_settings) {
    object.misplaced(std::string(field), "it is the setting `" + std::string(setting) + "`");
  }
  for (const auto& field : openapi::type_named("PodSpec").fields) {
    for (const auto name : {field.name, field.python_name}) {
      if (!is_own(name)) object.misplaced(std::string(name), "it belongs in `additional_pod_spec_args`");
    }
  }
}

Kind<json::object> additional_arguments() {
  return openapi::part_of(
      "PodSpec",
      {{"restartPolicy", "no restartPolicy: whether a step may run again is max_disruption_restarts' to say"},
       {"ephemeralContainers", "none: Kubernetes makes no pod with them"}});
}

}  // namespace

bool refuse_reserved_variable(std::string_view name, const Reader& place) {
  const auto& variables = reserved::environment;
  if (std::find(variables.begin(), variables.end(), name) == variables.end()) return true;
  place.report(finding::reserved_key, found_expected("a variable that stepop sets itself", "a name of your own"));
  return false;
}

json::object reserved_variables() {
  const auto& names = reserved::environment;
  return {{"enum", json::array(names.begin(), names.end())}};
}

const Object<PodSettings>& pod_settings_object() {
  static const auto object = [] {
    auto object =
        Object<PodSettings>()
            .member(
                "resources", &PodSettings::resources, resources_object(),
                "Requests and limits of the step's container, merged by resource name over the operator's. Where no "
                "memory is requested it requests 400Mi, or its limit if that is less.")
            .member("labels", &PodSettings::labels, labels(),
                    "Labels of the pod, as they are, merged by key over the operator's.")
            .member("annotations", &PodSettings::annotations, annotations(),
                    "Annotations of the pod, merged by key over the operator's.")
            .member("node_selectors", &PodSettings::node_selectors,
                    map_of<StringMap>(rule::label_key, text(rule::label_value), "an object of texts"),
                    "Labels that a node must have, merged by key over the operator's.")
            .member("affinity", &PodSettings::affinity, openapi::object_of("Affinity"),
                    "Which nodes, and which other pods' nodes, the pod wants or needs. Merged by member over the "
                    "operator's.")
            .member("tolerations", &PodSettings::tolerations, openapi::list_of("Toleration"),
                    "Taints of nodes that the pod tolerates; a step's list takes the place of the "
                    "operator's.")
            .member("volumes", &PodSettings::volumes, openapi::list_of("Volume"),
                    "What may be mounted into the pod's containers.")
            .member("volume_mounts", &PodSettings::volume_mounts, openapi::list_of("VolumeMount"),
                    "Which of the volumes the step's container has, and where.")
            .member("env", &PodSettings::env, openapi::list_of("EnvVar"),
                    "Environment variables of the step, with Kubernetes' own sources: fields of the pod, keys of "
                    "ConfigMaps and Secrets. They come after the request's `environment`.")
            .member("env_from", &PodSettings::env_from, openapi::list_of("EnvFromSource"),
                    "ConfigMaps and Secrets whose keys all become environment variables of the step.")
            .member("host_ipc", &PodSettings::host_ipc, boolean(), "Whether the pod shares its node's IPC namespace.")
            .member("scheduler_name", &PodSettings::scheduler_name, optional(text(rule::word)),
                    "Which scheduler finds the pod's node; the cluster's own when it is not given.")
            .member("image_pull_secrets", &PodSettings::image_pull_secrets, list_of(text(rule::dns_subdomain)),
                    "Names of the Secrets with which the pod's images are pulled.")
            .member("container_security_context", &PodSettings::container_security_context,
                    openapi::object_of("SecurityContext"),
                    "The security context of the step's container. Merged by member over the operator's.")
            .member("additional_pod_spec_args", &PodSettings::additional_pod_spec_args, additional_arguments(),
                    "Any other field of the pod's spec. A list is added to what the pod has, an object's members take "
                    "the place of those that it has, and all else replaces. A text that is `{{ image }}` becomes the "
                    "step's image.")
            .check(check_annotations)
            .check(check_volumes)
            .check(check_variables)
            .check(check_containers);
    point_to_places(object);
    return object;
  }();
  return object;
}

}  // namespace stepop::request
