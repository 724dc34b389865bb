// The configuration of a step operator: the `config` of `open`.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "request/settings.hpp"

namespace stepop::request {

struct OperatorConfig {
  // Whose steps these are: one host's (or one run store's) own name. Part of every step's identity.
  std::string owner;
  std::optional<std::string> kubernetes_context;  // absent: the kubeconfig's current context
  std::optional<std::string> kubeconfig;          // absent: as the environment says
  Settings settings;                              // the defaults of every step
};

// Throws plugin::Error (STEPOP_E_INVALID) with a finding for each mistake.
OperatorConfig parse_config(const json::object& config);

}  // namespace stepop::request
