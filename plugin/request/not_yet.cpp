#include "request/not_yet.hpp"

namespace stepop::request {
namespace {

constexpr const char* not_supported = "NotSupported";

}  // namespace

void refuse_what_is_not_made_yet(const StepRequest& request) {
  std::vector<plugin::Finding> findings;
  const Reader root(findings);
  const Reader settings = root.member("settings");
  const auto& asked = request.settings;
  const auto refuse = [&settings](const char* name, const std::string& needs) {
    settings.member(name).report(not_supported,
                                 std::string(name) + " needs " + needs + ", which this version does not make yet");
  };
  if (asked.pod_count > 1) refuse("pod_count", "several pods");
  throw_if_any(std::move(findings));
}

void refuse_what_is_not_made_yet(const OperatorConfig& config) {
  std::vector<plugin::Finding> findings;
  const Reader root(findings);
  if (config.incluster)
    root.member("incluster").report(not_supported, "incluster is not supported yet", "use a kubeconfig");
  throw_if_any(std::move(findings));
}

}  // namespace stepop::request
