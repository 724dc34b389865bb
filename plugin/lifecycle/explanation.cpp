#include "lifecycle/explanation.hpp"

#include "lifecycle/report.hpp"

namespace stepop::lifecycle {
namespace {

// A ConfigMap, Secret or key that a volume names and that is not there (kubelet: volume/configmap, volume/secret).
bool is_missing_configuration(const kube::Event& event) {
  if (event.reason != "FailedMount") return false;
  const auto says = [&](std::string_view words) { return event.message.find(words) != std::string::npos; };
  const bool of_configuration = says("configmap ") || says("secret ") || says("references non-existent config key") ||
                                says("references non-existent secret key");
  return of_configuration && (says("not found") || says("non-existent"));
}

}  // namespace

std::optional<Explanation> explanation_of(const std::vector<kube::Event>& events) {
  const kube::Event* newest = nullptr;
  for (const auto& event : events) {
    if (event.type != "Warning" || event.message.empty()) continue;
    if (!newest || event.last_seen >= newest->last_seen) newest = &event;
  }
  if (!newest) return std::nullopt;
  const auto why = is_missing_configuration(*newest) ? reason::container_config : reason::start_timeout;
  return Explanation{why, newest->reason.empty() ? newest->message : newest->reason + ": " + newest->message};
}

}  // namespace stepop::lifecycle
