// EKS clusters, and the token that their API servers take ("Amazon EKS API reference"; aws-iam-authenticator, "API
// authorization from outside a cluster"). Pure.
#pragma once

#include <string>
#include <vector>

#include "connectors/aws/signature.hpp"
#include "connectors/connector.hpp"

namespace stepop::connectors::aws {

// `page`: what the page before said; "" for the first.
Call list_clusters(const std::string& endpoint, const std::string& page);
struct ClusterPage {
  std::vector<std::string> names;
  std::string next;  // "" for the last
};
ClusterPage read_cluster_page(const Call&, const Answer&, const std::string& region);

Call describe_cluster(const std::string& endpoint, const std::string& name);
// Server, CA and names; no token.
Access read_cluster(const Call&, const Answer&, const std::string& name, const std::string& region);

// A presigned GetCallerIdentity that the cluster sends to STS itself. Good for kTokenLifetime from `now`.
std::string eks_token(const std::string& sts_endpoint, const Credentials&, const std::string& region,
                      const std::string& cluster, Time now);
// 15 minutes is what the authenticator allows; AWS's own command line counts on 14.
inline constexpr std::chrono::seconds kTokenLifetime{14 * 60};

}  // namespace stepop::connectors::aws
