#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kube/cluster_access.hpp"
#include "kube/config_error.hpp"

namespace stepop::kube {

/// Where the kubelet puts a service account into a pod ("Accessing the Kubernetes API from a Pod").
inline constexpr const char* service_account_folder = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The access that a pod has to its own cluster: KUBERNETES_SERVICE_HOST and _PORT of `environment`
/// (`NAME=value`), and of `folder` the token and CA, both read again as they rotate, and the namespace.
/// No proxy is used unless the proxy variables name one for that address.
/// Throws ConfigError outside a pod. Blocks on file reads. Any thread.
ClusterAccess in_cluster_access(const std::vector<std::string>& environment,
                                const std::filesystem::path& folder = service_account_folder);

}  // namespace stepop::kube
