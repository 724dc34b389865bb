#include "connectors/gcp/gke.hpp"

#include <boost/json/array.hpp>
#include <stepop/nearest_name.hpp>

#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::gcp {
namespace {

const json::object& member(const json::object& object, std::string_view name) {
  static const json::object none;
  const json::value* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? found->get_object() : none;
}

Access read_cluster(const json::object& cluster, const std::string& project) {
  Access access;
  const std::string name = text_or_empty(cluster, "name");
  access.cluster = {name, "gke_" + project + "_" + name, text_or_empty(cluster, "location"),
                    text_or_empty(cluster, "status"), text_or_empty(cluster, "currentMasterVersion")};
  access.access.context_name = access.cluster.name;
  // The endpoint by name, whose certificate is public, where it lets us in; else the one by address, with the cluster's CA.
  const json::object& dns = member(member(cluster, "controlPlaneEndpointsConfig"), "dnsEndpointConfig");
  const json::value* open = dns.if_contains("allowExternalTraffic");
  const std::string host = text_or_empty(dns, "endpoint");
  if (!host.empty() && open != nullptr && open->is_bool() && open->get_bool()) {
    access.access.server = "https://" + host;
  } else if (const std::string address = text_or_empty(cluster, "endpoint"); !address.empty()) {
    access.access.server = "https://" + address;
    access.access.ca_pem =
        from_base64(text_or_empty(member(cluster, "masterAuth"), "clusterCaCertificate")).value_or("");
  }
  return access;
}

}  // namespace

Call list_clusters(const Surroundings& around, const std::string& project, const Token& token) {
  // As gcloud has it, for private endpoints.
  std::string base =
      around.variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER").value_or("https://container.googleapis.com/");
  if (!base.ends_with("/")) base += "/";
  Call call;
  call.url = base + "v1/projects/" + kube::percent_encode(project) + "/locations/-/clusters";
  call.headers = {{"Authorization", "Bearer " + token.text}};
  call.secrets = {token.text};
  return call;
}

std::vector<Access> read_clusters(const Call& call, const Answer& answer, const std::string& project) {
  const json::object object = object_of(call, answer, "the GKE clusters of the project " + project,
                                        "the account needs container.clusters.list in the project");
  std::vector<Access> clusters;
  if (const json::value* listed = object.if_contains("clusters"); listed != nullptr && listed->is_array()) {
    for (const json::value& cluster : listed->get_array()) {
      if (cluster.is_object()) clusters.push_back(read_cluster(cluster.get_object(), project));
    }
  }
  // A name that two locations have is told apart by its location.
  for (Access& one : clusters) {
    for (Access& other : clusters) {
      if (&one == &other || one.cluster.id != other.cluster.id) continue;
      one.cluster.id = one.cluster.location + "/" + one.cluster.id;
      other.cluster.id = other.cluster.location + "/" + other.cluster.id;
    }
  }
  return clusters;
}

Access find_cluster(std::vector<Access> clusters, const std::string& resource_id, const std::string& project) {
  std::vector<std::string> ids;
  std::vector<Access> found;
  for (Access& one : clusters) {
    const std::string& id = one.cluster.id;
    const std::string name = id.substr(id.find('/') + 1);
    ids.push_back(id);
    if (id == resource_id || name == resource_id || one.cluster.location + "/" + name == resource_id)
      found.push_back(std::move(one));
  }
  if (found.size() > 1)
    throw Error(STEPOP_E_INVALID, "several GKE clusters of the project " + project + " are named " + resource_id,
                "say which: " + found[0].cluster.id + " or " + found[1].cluster.id);
  if (found.empty())
    throw Error(STEPOP_E_NOT_FOUND, "there is no GKE cluster " + resource_id + " in the project " + project,
                ids.empty() ? "it has none that the account may see" : did_you_mean(resource_id, ids));
  return std::move(found.front());
}

}  // namespace stepop::connectors::gcp
