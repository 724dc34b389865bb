// The service connector `kubernetes`: one cluster, whose credentials are given as they are, or in files that others rotate.
// Asks nobody but the cluster.
#include "connectors/connector.hpp"
#include "connectors/encoding.hpp"
#include "connectors/expiry.hpp"

namespace stepop::connectors {
namespace {

// As kubectl reads a token file again.
constexpr std::chrono::seconds kTokenFileLife{60};

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
    token_file_ = configuration.text("token_file");
    certificate_file_ = configuration.text("client_certificate_file");
    key_file_ = configuration.text("client_key_file");
    require_one("token", access_.token, token_file_);
    require_one("client_certificate", access_.client_certificate_pem, certificate_file_);
    require_one("client_key", access_.client_key_pem, key_file_);
    const bool certificate = !access_.client_certificate_pem.empty() || !certificate_file_.empty();
    const bool key = !access_.client_key_pem.empty() || !key_file_.empty();
    if (certificate != key) {
      throw wrong(certificate ? "client_key" : "client_certificate",
                  "is missing, expected both client_certificate and client_key");
    }
    if (configuration.auth_method == "client-certificate" && !certificate)
      throw wrong("client_certificate", "is missing, expected a client certificate with its key");
    if (configuration.auth_method == "token" && access_.token.empty() && token_file_.empty() && !certificate)
      throw wrong("token", "is missing, expected a token or a client certificate with its key");
  }

  Identity verify(const Surroundings& around) const override { return {access_.username, current(around).expires_at}; }
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
    return current(around);
  }

 private:
  static void require_one(const std::string& attribute, const std::string& value, const std::string& file) {
    if (!value.empty() && !file.empty())
      throw wrong(attribute, "found beside " + attribute + "_file, expected one of the two");
  }

  // With what the files hold now.
  Access current(const Surroundings& around) const {
    Access access{cluster_, access_, expires_at_};
    if (!token_file_.empty()) access.access.token = text_in(around, token_file_, "token_file");
    if (!certificate_file_.empty())
      access.access.client_certificate_pem = text_in(around, certificate_file_, "client_certificate_file");
    if (!key_file_.empty()) access.access.client_key_pem = text_in(around, key_file_, "client_key_file");
    const auto end = end_of(access.access);
    access.expires_at = earlier(access.expires_at, end);
    if (access.expires_at && *access.expires_at <= around.now()) {
      throw Error(STEPOP_E_FORBIDDEN,
                  "the connector's credentials expired at " + rfc3339(access.expires_at->time_since_epoch().count()),
                  "give it new ones");
    }
    if (!token_file_.empty() && !end) access.expires_at = earlier(access.expires_at, around.now() + kTokenFileLife);
    return access;
  }

  static std::string text_in(const Surroundings& around, const std::string& path, const std::string& attribute) {
    std::string text = around.read_file(around.home_path(path)).value_or("");
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
    if (text.empty()) {
      throw Error(STEPOP_E_UNAVAILABLE,
                  "the file " + path + " of the connector's " + attribute + " is empty or cannot be read");
    }
    return text;
  }

  Cluster cluster_;
  kube::ClusterAccess access_;
  std::string token_file_, certificate_file_, key_file_;
  std::optional<Time> expires_at_;
};

}  // namespace

std::unique_ptr<Connector> make_kubernetes_connector(const Configuration& configuration) {
  return std::make_unique<KubernetesConnector>(configuration);
}

}  // namespace stepop::connectors
