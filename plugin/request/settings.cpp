#include "request/settings.hpp"

#include "request/declarations.hpp"

namespace stepop::request {

const Object<Settings>& settings_object() {
  static const auto object = Object<Settings>()
                                 .member("kubernetes_namespace", &Settings::kubernetes_namespace, text(rule::dns_label),
                                         "The namespace that the step's pod is made in.")
                                 .member("pod_settings", &Settings::pod_settings, pod_settings_object(),
                                         "What the step's pod asks of the cluster.")
                                 .members_of(&Settings::policy, policy_object())
                                 .misplaced(pod_settings_object(), "pod_settings");
  return object;
}

}  // namespace stepop::request
