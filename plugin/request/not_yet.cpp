#include "request/not_yet.hpp"

namespace stepop::request {
namespace {

constexpr const char* not_supported = "NotSupported";

}  // namespace

void refuse_what_is_not_made_yet(const OperatorConfig& config) {
  std::vector<plugin::Finding> findings;
  const Reader root(findings);
  if (config.incluster)
    root.member("incluster").report(not_supported, "incluster is not supported yet", "use a kubeconfig");
  throw_if_any(std::move(findings));
}

}  // namespace stepop::request
