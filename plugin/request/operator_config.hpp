// The configuration of a step operator: the `config` of `open`.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

#include "request/settings.hpp"

namespace stepop::request {

struct OperatorConfig {
  // Whose steps these are: one host's (or one run store's) own name. Part of every step's identity.
  std::string owner;
  std::optional<std::string> kubernetes_context;  // absent: the kubeconfig's current context
  std::optional<std::string> kubeconfig;          // absent: as the environment says
  bool incluster = false;                         // the access that a pod has to its own cluster
  Settings settings;                              // the defaults of every step
  std::vector<plugin::Finding> warnings;          // what was taken, but not as it was meant
};

// Throws plugin::Error (STEPOP_E_INVALID) with a finding for each mistake.
OperatorConfig parse_config(const json::object& config);

}  // namespace stepop::request
