#include "abi/connectors_extension.hpp"

#include <algorithm>

#include "connectors/connector.hpp"
#include "connectors/encoding.hpp"
#include "connectors/this_process.hpp"
#include "kube/tls.hpp"

namespace stepop::abi {
namespace {

namespace json = plugin::json;
using connectors::Cluster;
using std::chrono::milliseconds;

struct Asked {
  connectors::Configuration configuration;
  std::unique_ptr<connectors::Connector> connector;
  connectors::Surroundings around;
};

Asked read(const json::object& connector, milliseconds timeout) {
  kube::initialise_tls();
  Asked asked{connectors::read_configuration(connector), nullptr, connectors::surroundings_of_this_process(timeout)};
  asked.connector = connectors::make_connector(asked.configuration);
  return asked;
}

std::string id_of(const Asked& asked, std::string_view resource_id) {
  return resource_id.empty() ? asked.configuration.resource_id : std::string(resource_id);
}

json::object to_json(const Cluster& cluster) {
  return {{"resource_id", cluster.id},
          {"name", cluster.name},
          {"location", cluster.location},
          {"status", cluster.status},
          {"version", cluster.version}};
}

void put_expiry(json::object& object, const std::optional<connectors::Time>& expires_at) {
  if (expires_at) object["expires_at"] = connectors::rfc3339(expires_at->time_since_epoch().count());
}

void validate(const json::object& connector) {
  kube::initialise_tls();
  connectors::make_connector(connectors::read_configuration(connector));
}

json::object verify(const json::object& connector, milliseconds timeout) {
  const Asked asked = read(connector, timeout);
  const auto identity = asked.connector->verify(asked.around);
  json::object said{{"identity", identity.name}};
  put_expiry(said, identity.expires_at);
  return said;
}

json::array list_resources(const json::object& connector, std::string_view resource_type, milliseconds timeout) {
  if (resource_type != connectors::kKubernetesCluster) {
    throw plugin::Error(STEPOP_E_INVALID, "found the resource type \"" + std::string(resource_type) + "\", expected " +
                                              connectors::kKubernetesCluster + ", the only one here");
  }
  const Asked asked = read(connector, timeout);
  json::array clusters;
  for (const Cluster& cluster : asked.connector->list(asked.around)) clusters.push_back(to_json(cluster));
  return clusters;
}

json::object describe_resource(const json::object& connector, std::string_view resource_id, milliseconds timeout) {
  const Asked asked = read(connector, timeout);
  return to_json(asked.connector->describe(asked.around, id_of(asked, resource_id)));
}

json::object access(const json::object& connector, std::string_view resource_id, milliseconds timeout) {
  const Asked asked = read(connector, timeout);
  const auto given = asked.connector->access(asked.around, id_of(asked, resource_id));
  json::object said{{"resource", to_json(given.cluster)}, {"server", given.access.server}};
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) said[name] = value;
  };
  // PEM is ASCII, and JSON takes no bytes that are none.
  const std::string& authority = given.access.ca_pem;
  if (std::any_of(authority.begin(), authority.end(), [](char c) { return c <= 0 || c == 0x7f; })) {
    throw plugin::Error(STEPOP_E_UNAVAILABLE,
                        "the cluster " + given.cluster.id + " is said to have a certificate authority that is no PEM");
  }
  put("certificate_authority", authority);
  if (given.access.insecure_skip_tls_verify) said["insecure"] = true;
  put("token", given.access.token);
  put("username", given.access.username);
  put("password", given.access.password);
  put("client_certificate", given.access.client_certificate_pem);
  put("client_key", given.access.client_key_pem);
  put_expiry(said, given.expires_at);
  return said;
}

}  // namespace

plugin::Connectors service_connectors() {
  return {connectors::types_as_json, validate, verify, list_resources, describe_resource, access};
}

}  // namespace stepop::abi
