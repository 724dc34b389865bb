// The configuration of an operator: read, or refused with every mistake.
#include <boost/json.hpp>
#include <plugin/json_text.hpp>

#include "findings.hpp"
#include "input.hpp"
#include "request/operator_config.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

std::optional<request::OperatorConfig> read(const boost::json::object& object) {
  try {
    return request::parse_config(object);
  } catch (const plugin::Error& error) {
    check_findings(error);
    return std::nullopt;
  }
}

bool same(const request::OperatorConfig& a, const request::OperatorConfig& b) {
  const auto& x = a.settings;
  const auto& y = b.settings;
  return a.owner == b.owner && a.kubernetes_context == b.kubernetes_context && a.kubeconfig == b.kubeconfig &&
         x.kubernetes_namespace == y.kubernetes_namespace && x.pod_settings.labels == y.pod_settings.labels &&
         x.pod_settings.annotations == y.pod_settings.annotations &&
         x.pod_settings.node_selectors == y.pod_settings.node_selectors &&
         x.pod_settings.resources.requests == y.pod_settings.resources.requests &&
         x.pod_settings.resources.limits == y.pod_settings.resources.limits &&
         x.pod_settings.tolerations.size() == y.pod_settings.tolerations.size() &&
         request::to_json(x.policy) == request::to_json(y.policy);
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  const auto object = object_of(input.text());
  if (!object) return 0;
  const auto config = read(*object);
  const auto again = read(backwards(*object));
  require(config.has_value() == again.has_value(), "the order of members does not matter");
  if (!config) return 0;
  require(same(*config, *again), "the order of members does not matter");
  require(!config->owner.empty(), "a configuration has an owner");
  require(!config->settings.kubernetes_namespace.empty(), "steps go to a namespace");
  const auto policy = stepop::request::policy_from_json(stepop::request::to_json(config->settings.policy));
  require(stepop::request::to_json(policy) == stepop::request::to_json(config->settings.policy),
          "a policy that was written on a pod is read back as it was");
  return 0;
}
