// The service connector `kubernetes`: one cluster, whose credentials are given as they are. Asks nobody but the cluster.
#include "connectors/connector.hpp"
#include "connectors/encoding.hpp"

namespace stepop::connectors {
namespace {

Error wrong(const std::string& attribute, const std::string& message, const std::string& hint = "") {
  return Error(STEPOP_E_INVALID, std::vector<Finding>{{Finding::Level::error, "WrongValue",
                                                       "configuration." + attribute, message, hint, false}});
}

class KubernetesConnector : public Connector {
 public:
  explicit KubernetesConnector(const Configuration& configuration) : expires_at_(configuration.expires_at) {
    cluster_.id = cluster_.name = configuration.text("cluster_name");
    access_.server = configuration.text("server");
    if (!access_.server.starts_with("https://") && !access_.server.starts_with("http://"))
      throw wrong("server", "found \"" + access_.server + "\", expected a URL that begins with https://");
    access_.context_name = cluster_.name;
    access_.ca_pem = pem_of(configuration, "certificate_authority", "CERTIFICATE");
    access_.insecure_skip_tls_verify = configuration.flag("insecure");
    if (access_.insecure_skip_tls_verify && !access_.ca_pem.empty())
      throw wrong("insecure", "found true beside a certificate_authority, expected one of the two");
    access_.token = configuration.text("token");
    access_.username = configuration.text("username");
    access_.password = configuration.text("password");
    access_.client_certificate_pem = pem_of(configuration, "client_certificate", "CERTIFICATE");
    access_.client_key_pem = pem_of(configuration, "client_key", "PRIVATE KEY");
    if (access_.client_certificate_pem.empty() != access_.client_key_pem.empty()) {
      throw wrong(access_.client_key_pem.empty() ? "client_key" : "client_certificate",
                  "is missing, expected both client_certificate and client_key");
    }
    if (configuration.auth_method == "token" && access_.token.empty() && access_.client_key_pem.empty())
      throw wrong("token", "is missing, expected a token or a client certificate with its key");
  }

  Identity verify(const Surroundings& around) const override {
    require_valid(around);
    return {access_.username, expires_at_};
  }
  std::vector<Cluster> list(const Surroundings&) const override { return {cluster_}; }
  Cluster describe(const Surroundings&, const std::string& resource_id) const override {
    if (!resource_id.empty() && resource_id != cluster_.id) {
      throw Error(STEPOP_E_NOT_FOUND,
                  "found \"" + resource_id + "\", expected " + cluster_.id + ", the only cluster of this connector");
    }
    return cluster_;
  }
  Access access(const Surroundings& around, const std::string& resource_id) const override {
    describe(around, resource_id);
    require_valid(around);
    return {cluster_, access_, expires_at_};
  }

 private:
  void require_valid(const Surroundings& around) const {
    if (expires_at_ && *expires_at_ <= around.now()) {
      throw Error(STEPOP_E_FORBIDDEN,
                  "the connector's credentials expired at " + rfc3339(expires_at_->time_since_epoch().count()),
                  "give it new ones");
    }
  }

  Cluster cluster_;
  kube::ClusterAccess access_;
  std::optional<Time> expires_at_;
};

}  // namespace

std::unique_ptr<Connector> make_kubernetes_connector(const Configuration& configuration) {
  return std::make_unique<KubernetesConnector>(configuration);
}

}  // namespace stepop::connectors
