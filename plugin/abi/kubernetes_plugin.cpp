// The plugin: what it is called, what it offers, and the one symbol.

#include <stepop/draft/render.h>

#include <stepop/plugin.hpp>

#include "abi/connectors_extension.hpp"
#include "abi/kubernetes_operator.hpp"
#include "kube/tls.hpp"
#include "lifecycle/report.hpp"
#include "request/schema.hpp"

namespace stepop::abi {
namespace {

plugin::Description describe() {
  plugin::Flavor flavor;
  flavor.name = "kubernetes";
  flavor.description = "Runs each step in a pod of a Kubernetes cluster.";
  flavor.config_schema = with_connector(request::config_schema());
  flavor.settings_schema = request::settings_schema();
  flavor.request_schema = request::request_schema();
  for (const auto reason : lifecycle::all_reasons()) flavor.reasons.emplace_back(reason);
  flavor.open = [](const plugin::json::object& config, plugin::Events& events) {
    return std::make_unique<KubernetesOperator>(config, Environment::read(), events);
  };
  plugin::Description description;
  description.name = "stepop_kubernetes";
  description.version = STEPOP_VERSION;
  description.flavors.push_back(std::move(flavor));
  description.extensions = {{STEPOP_EXT_RENDER, plugin::render_extension()},
                            {STEPOP_EXT_CONNECTORS, plugin::connectors_extension(service_connectors())}};
  return description;
}

#ifndef STEPOP_SHARED_DEPS
// The OpenSSL inside this library goes with it; a shared one is the host's too.
__attribute__((destructor)) void unload() {
  kube::release_tls();
}
#endif

}  // namespace
}  // namespace stepop::abi

STEPOP_PLUGIN(stepop::abi::describe)
