// What a service connector is told, checked against its type: types, methods and attributes are declared once, under
// ZenML 0.98's names (declarations.cpp). Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

#include "connectors/surroundings.hpp"

namespace stepop::connectors {

namespace json = boost::json;

struct Attribute {
  enum class Kind { text, secret, boolean, list };
  const char* name;
  const char* title;
  Kind kind = Kind::text;
  bool required = false;
};

struct AuthMethod {
  const char* name;
  const char* title;
  std::vector<Attribute> attributes;
  // How long what it issues lives: the default, and the bounds of `expiration_seconds`. 0: that is not ours to say.
  int default_seconds = 0, least_seconds = 0, most_seconds = 0;
};

struct ConnectorType {
  const char* name;
  const char* title;
  std::vector<AuthMethod> methods;
  const char* resource_id;  // what names a cluster: "the cluster's name, or its ARN"
};

const std::vector<ConnectorType>& connector_types();
inline constexpr const char* kKubernetesCluster = "kubernetes-cluster";

// For `describe` of the extension: every type with its methods, resource types and attributes.
json::array types_as_json();

// A checked connector: {"type", "auth_method", "configuration", and any of "resource_type", "resource_id",
// "expiration_seconds", "expires_at"}.
struct Configuration {
  std::string type;
  std::string auth_method;
  json::object values;  // of the attributes
  std::string resource_id;
  std::optional<int> expiration_seconds;
  std::optional<Time> expires_at;

  bool has(std::string_view attribute) const { return values.contains(attribute); }
  std::string text(std::string_view attribute) const;  // "" where it is not given
  std::vector<std::string> list(std::string_view attribute) const;
  bool flag(std::string_view attribute) const;
};

// Throws plugin::Error (INVALID) with a finding for each mistake. No finding holds an attribute's value where that is a secret.
Configuration read_configuration(const json::object& connector);

}  // namespace stepop::connectors
