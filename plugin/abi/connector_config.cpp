#include "abi/connector_config.hpp"

#include "connectors/connector.hpp"
#include "kube/tls.hpp"

namespace stepop::abi {
namespace {

namespace json = plugin::json;
using plugin::Error;
using plugin::Finding;

constexpr const char* kConnector = "connector";
constexpr const char* kResourceId = "connector_resource_id";

Error wrong(const std::string& path, const std::string& message, const std::string& hint = "") {
  return Error(STEPOP_E_INVALID,
               std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, hint, false}});
}

connectors::Configuration read_connector(const json::value& value, const json::value* resource_id) {
  if (!value.is_object()) throw wrong(kConnector, "expected a mapping: a service connector");
  if (resource_id != nullptr && !resource_id->is_string()) throw wrong(kResourceId, "expected a text");
  json::object connector = value.get_object();
  if (resource_id != nullptr) connector["resource_id"] = *resource_id;
  try {
    kube::initialise_tls();  // keys and certificates are read
    auto read = connectors::read_configuration(connector);
    connectors::make_connector(read);
    return read;
  } catch (const Error& error) {
    std::vector<Finding> findings = error.findings();
    for (Finding& finding : findings) {
      finding.path = finding.path == "resource_id" && resource_id != nullptr
                         ? std::string(kResourceId)
                         : std::string(kConnector) + (finding.path.empty() ? "" : "." + finding.path);
    }
    throw Error(error.code(), std::move(findings));
  }
}

}  // namespace

PartedConfig part_config(const json::object& config) {
  PartedConfig parted{config, std::nullopt};
  const json::value* connector = config.if_contains(kConnector);
  const json::value* resource_id = config.if_contains(kResourceId);
  if (connector == nullptr) {
    if (resource_id != nullptr) throw wrong(kResourceId, "there is no connector beside it");
    return parted;
  }
  for (const char* other : {"kubeconfig", "kubernetes_context", "incluster"}) {
    if (config.contains(other) && config.at(other) != false)
      throw wrong(other, "found beside a connector, expected one way to the cluster: a kubeconfig or a connector",
                  "remove one of the two");
  }
  parted.connector = read_connector(*connector, resource_id);
  parted.rest.erase(kConnector);
  parted.rest.erase(kResourceId);
  return parted;
}

json::object with_connector(json::object schema) {
  json::object& properties = schema["properties"].as_object();
  properties[kConnector] =
      json::object{{"type", "object"},
                   {"description",
                    "A service connector that reaches the cluster, instead of a kubeconfig: type, auth_method, "
                    "configuration."}};
  properties[kResourceId] =
      json::object{{"type", "string"}, {"description", "Which of the connector's clusters; else the connector's own."}};
  return schema;
}

}  // namespace stepop::abi
