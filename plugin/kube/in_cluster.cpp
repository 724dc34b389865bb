#include "kube/in_cluster.hpp"

#include <fstream>
#include <iterator>
#include <string_view>

#include "kube/proxy.hpp"

namespace stepop::kube {
namespace {

std::string variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& line : environment) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=') {
      return line.substr(name.size() + 1);
    }
  }
  throw ConfigError("incluster", "no " + std::string(name) + " in the environment", "a pod of the cluster",
                    "outside a pod use a kubeconfig");
}

std::string contents(const std::filesystem::path& path, const char* hint) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ConfigError("incluster", "no readable " + path.string(), "the pod's service account", hint);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

ClusterAccess in_cluster_access(const std::vector<std::string>& environment, const std::filesystem::path& folder) {
  ClusterAccess access;
  std::string host = variable(environment, "KUBERNETES_SERVICE_HOST");
  if (host.find(':') != std::string::npos) host = '[' + host + ']';
  access.server = "https://" + host + ':' + variable(environment, "KUBERNETES_SERVICE_PORT");
  access.proxy_url = proxy_from(environment, access.server);
  constexpr const char* hint = "is the pod's automountServiceAccountToken false?";
  access.token_file = (folder / "token").string();
  contents(access.token_file, hint);
  access.ca_file = (folder / "ca.crt").string();
  access.ca_pem = contents(access.ca_file, hint);
  access.default_namespace = contents(folder / "namespace", hint);
  while (!access.default_namespace.empty() && access.default_namespace.back() <= ' ')
    access.default_namespace.pop_back();
  access.context_name = "the pod's service account";
  return access;
}

}  // namespace stepop::kube
