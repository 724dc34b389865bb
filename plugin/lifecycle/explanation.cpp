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

// What keeps a Job's controller from making its pods, in the words of who refuses them.
std::string_view reason_of(const kube::Event& event) {
  if (is_missing_configuration(event)) return reason::container_config;
  if (event.reason != "FailedCreate") return reason::start_timeout;
  const auto says = [&](std::string_view words) { return event.message.find(words) != std::string::npos; };
  return says("exceeded quota: ") || says("failed quota: ") ? reason::quota_exceeded : reason::admission_denied;
}

}  // namespace

std::optional<Explanation> explanation_of(const std::vector<kube::Event>& events) {
  const kube::Event* newest = nullptr;
  for (const auto& event : events) {
    if (event.type != "Warning" || event.message.empty()) continue;
    if (!newest || event.last_seen >= newest->last_seen) newest = &event;
  }
  if (!newest) return std::nullopt;
  const auto why = reason_of(*newest);
  return Explanation{why, newest->reason.empty() ? newest->message : newest->reason + ": " + newest->message};
}

}  // namespace stepop::lifecycle
