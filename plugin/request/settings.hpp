// What a step's settings are, once they are read. How they are written, checked and documented is
// declared in settings.cpp, pod_settings.cpp and policy.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "request/policy.hpp"
#include "request/quantity.hpp"

namespace stepop::request {

using StringMap = std::map<std::string, std::string, std::less<>>;
using ResourceList = std::map<std::string, Quantity, std::less<>>;

struct Resources {
  ResourceList requests;
  ResourceList limits;
};

// "Taints and Tolerations". An empty text is a member that was not given.
struct Toleration {
  std::string key;
  std::string operator_;
  std::string value;
  std::string effect;
  std::optional<std::int64_t> toleration_seconds;
};

struct PodSettings {
  Resources resources;
  StringMap labels;
  StringMap annotations;
  StringMap node_selectors;
  std::vector<Toleration> tolerations;
};

struct Settings {
  std::string kubernetes_namespace = "zenml";
  PodSettings pod_settings;
  Policy policy;
};

}  // namespace stepop::request
