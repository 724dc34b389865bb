#include "manifest/objects.hpp"

#include "manifest/pod.hpp"

namespace stepop::manifest {

std::vector<json::object> objects_of(const request::StepRequest& request, const Identity& identity,
                                     std::string_view instance) {
  return {pod_manifest(request, identity, instance, 0)};
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
