// GKE clusters ("Kubernetes Engine API", v1). Pure.
#pragma once

#include <string>
#include <vector>

#include "connectors/connector.hpp"

namespace stepop::connectors::gcp {

// Of all locations; the API has no pages.
Call list_clusters(const Surroundings&, const std::string& project, const Token&);
// Server and CA of each; no token. A cluster without an endpoint that can be reached has an empty server.
std::vector<Access> read_clusters(const Call&, const Answer&, const std::string& project);

// The one that is meant by NAME, or LOCATION/NAME. Throws plugin::Error (NOT_FOUND, INVALID).
Access find_cluster(std::vector<Access>, const std::string& resource_id, const std::string& project);

}  // namespace stepop::connectors::gcp
