// AKS clusters ("Azure Kubernetes Service REST API", "Subscriptions - List"). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/azure/token.hpp"

namespace stepop::connectors::azure {

// A page of a list: its elements, and the URL of the next; "" for the last.
struct Page {
  json::array items;
  std::string next;
};
// Throws plugin::Error, also when the next page is at another server, which must not have the token.
Page read_page(const Call&, const Answer&, const std::string& what, const std::string& hint);

Call list_subscriptions(const Cloud&, const Token&);
Call list_clusters(const Cloud&, const Token&, const std::string& subscription);
Call next_page(const std::string& url, const Token&);

struct AksCluster {
  Cluster cluster;  // its name is the whole ARM id, beginning with /subscriptions/
  std::string group;
  std::string short_name;
};
// Nothing for an element that is none.
std::optional<AksCluster> read_cluster(const json::value&);

// RESOURCE_GROUP/NAME, NAME, or a whole ARM id. Throws plugin::Error (NOT_FOUND, INVALID when several are meant).
AksCluster find_cluster(const std::vector<AksCluster>&, const std::string& resource_id);

Call user_credentials(const Cloud&, const Token&, const AksCluster&);
struct UserCredentials {
  kube::ClusterAccess access;
  // The cluster is one with Entra ID: it takes a token for this application; `access` holds no credentials.
  std::string entra_server;
};
UserCredentials read_user_credentials(const Call&, const Answer&, const AksCluster&);

}  // namespace stepop::connectors::azure
