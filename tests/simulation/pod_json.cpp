#include "pod_json.hpp"

#include <boost/json.hpp>

#include "kube/timestamp.hpp"

namespace stepop::simulation {
namespace {

namespace json = boost::json;
using kube::ContainerState;

json::object map_json(const kube::StringMap& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

json::object state_json(const ContainerState& state) {
  json::object inner;
  if (!state.reason.empty()) inner["reason"] = state.reason;
  if (!state.message.empty()) inner["message"] = state.message;
  if (state.started_at) inner["startedAt"] = kube::format_rfc3339(*state.started_at);
  switch (state.kind) {
    case ContainerState::Kind::None:
      return {};
    case ContainerState::Kind::Waiting:
      return {{"waiting", inner}};
    case ContainerState::Kind::Running:
      return {{"running", inner}};
    case ContainerState::Kind::Terminated:
      inner["exitCode"] = state.exit_code;
      if (state.finished_at) inner["finishedAt"] = kube::format_rfc3339(*state.finished_at);
      if (!state.container_id.empty()) inner["containerID"] = state.container_id;
      return {{"terminated", inner}};
  }
  return {};
}

json::array statuses_json(const std::vector<kube::ContainerStatus>& statuses) {
  json::array array;
  for (const auto& status : statuses) {
    array.push_back({{"name", status.name}, {"containerID", status.container_id}, {"state", state_json(status.state)}});
  }
  return array;
}

json::object pod_json(const kube::Pod& pod) {
  json::object metadata{{"name", pod.metadata.name},
                        {"namespace", pod.metadata.namespace_},
                        {"uid", pod.metadata.uid},
                        {"resourceVersion", pod.metadata.resource_version},
                        {"labels", map_json(pod.metadata.labels)},
                        {"annotations", map_json(pod.metadata.annotations)}};
  if (pod.metadata.deletion_timestamp) {
    metadata["deletionTimestamp"] = kube::format_rfc3339(*pod.metadata.deletion_timestamp);
    metadata["deletionGracePeriodSeconds"] = pod.metadata.deletion_grace_seconds.value_or(0);
  }
  json::array owners;
  for (const auto& owner : pod.metadata.owner_references) {
    owners.push_back(
        {{"kind", owner.kind}, {"name", owner.name}, {"uid", owner.uid}, {"controller", owner.controller}});
  }
  metadata["ownerReferences"] = std::move(owners);
  if (pod.metadata.creation_timestamp) {
    metadata["creationTimestamp"] = kube::format_rfc3339(*pod.metadata.creation_timestamp);
  }
  json::object spec;
  if (!pod.node_name.empty()) spec["nodeName"] = pod.node_name;
  if (pod.completions) spec["completions"] = *pod.completions;
  json::array conditions;
  for (const auto& condition : pod.conditions) {
    conditions.push_back({{"type", condition.type},
                          {"status", condition.status},
                          {"reason", condition.reason},
                          {"message", condition.message}});
  }
  json::object status{{"phase", kube::phase_name(pod.phase)},
                      {"conditions", std::move(conditions)},
                      {"initContainerStatuses", statuses_json(pod.init_container_statuses)},
                      {"containerStatuses", statuses_json(pod.container_statuses)}};
  if (!pod.reason.empty()) status["reason"] = pod.reason;
  if (!pod.message.empty()) status["message"] = pod.message;
  return {{"metadata", std::move(metadata)}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

}  // namespace

std::string list_json(kube::Resource resource, const std::vector<std::shared_ptr<const kube::Pod>>& pods,
                      std::uint64_t revision, const std::string& continue_token) {
  json::array items;
  for (const auto& pod : pods) items.push_back(pod_json(*pod));
  json::object metadata{{"resourceVersion", std::to_string(revision)}};
  if (!continue_token.empty()) metadata["continue"] = continue_token;
  return json::serialize(json::object{{"kind", std::string(kube::kind_name(resource)) + "List"},
                                      {"metadata", std::move(metadata)},
                                      {"items", std::move(items)}});
}

}  // namespace stepop::simulation
