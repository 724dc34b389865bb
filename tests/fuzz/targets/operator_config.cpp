// The configuration of an operator: read, or refused with every mistake.
#include <boost/json.hpp>
#include <plugin/json_text.hpp>

#include "findings.hpp"
#include "input.hpp"
#include "request/declarations.hpp"
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
  return request::config_object().write(a) == request::config_object().write(b) &&
         a.settings.secrets == b.settings.secrets;
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
