#include "request/operator_config.hpp"

#include "request/declarations.hpp"

namespace stepop::request {
namespace {

// ZenML ignores a context there too, but a user should know.
void check_ways_to_the_cluster(const OperatorConfig& config, const Reader& here) {
  if (!config.incluster) return;
  const auto unused = [&](const char* name) {
    here.member(name).warn(finding::contradiction, "found beside `incluster: true`, so it is not used",
                           "leave one of the two out");
  };
  if (config.kubernetes_context) unused("kubernetes_context");
  if (config.kubeconfig) unused("kubeconfig");
}

}  // namespace

const Object<OperatorConfig>& config_object() {
  static const auto object =
      Object<OperatorConfig>()
          .member("owner", &OperatorConfig::owner, text(rule::owner),
                  "Whose steps these are: a name of this host's own, made once and kept beside its "
                  "journal. Steps are found again by owner and step_run_id, so two hosts that "
                  "share one "
                  "share their steps.")
          .required()
          .member("kubernetes_context", &OperatorConfig::kubernetes_context, optional(text(rule::context)),
                  "The kubeconfig's context to use; its current context when it is not given.")
          .member("kubeconfig", &OperatorConfig::kubeconfig, optional(text(rule::context)),
                  "The kubeconfig: one path, or several with `:` between them as in $KUBECONFIG; "
                  "$KUBECONFIG, then ~/.kube/config when it is not given.")
          .member("incluster", &OperatorConfig::incluster, boolean(),
                  "Whether to use the access that a pod has to the cluster that it runs in, and no kubeconfig.")
          .members_of(&OperatorConfig::settings, settings_object())
          .misplaced(pod_settings_object(), "pod_settings")
          .misplaced("settings", "settings stand beside `owner`")
          .check(check_ways_to_the_cluster);
  return object;
}

OperatorConfig parse_config(const json::object& object) {
  OperatorConfig config;
  std::vector<plugin::Finding> findings;
  config_object().read(object, config, Reader(findings, &config.warnings));
  throw_if_any(std::move(findings));
  return config;
}

}  // namespace stepop::request
