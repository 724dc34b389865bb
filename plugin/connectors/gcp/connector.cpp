// The service connector `gcp`: GKE clusters of one project.
#include "connectors/connector.hpp"
#include "connectors/encoding.hpp"
#include "connectors/gcp/credentials.hpp"
#include "connectors/gcp/gke.hpp"

namespace stepop::connectors {
namespace {

class GcpConnector : public Connector {
 public:
  explicit GcpConnector(const Configuration& configuration)
      : given_(configuration), project_(given_.text("project_id")) {
    const std::string& method = given_.auth_method;
    if (method == "implicit" || method == "oauth2-token") return;  // the project is required there
    const std::string attribute = method == "user-account"       ? "user_account_json"
                                  : method == "external-account" ? "external_account_json"
                                                                 : "service_account_json";
    path_ = "configuration." + attribute;
    file_ = gcp::read_file_text(given_.text(attribute), path_);
    const std::string type = method == "user-account"       ? "authorized_user"
                             : method == "external-account" ? "external_account"
                                                            : "service_account";
    if (const std::string found = text_or_empty(file_, "type"); found != type)
      throw wrong(path_ + ".type", "found \"" + found + "\", expected " + type);
    if (type == "service_account") {
      const auto account = gcp::read_service_account(file_, path_);
      if (project_.empty()) project_ = account.project;
    }
    if (type == "authorized_user") gcp::user_token(file_, path_);
    if (project_.empty()) throw wrong("configuration.project_id", "is missing, and the account's file names none");
  }

  Identity verify(const Surroundings& around) const override {
    const Token token = obtain(around);
    // That a token was issued proves the credentials; one that was given is only proved by using it.
    if (given_.auth_method == "oauth2-token") clusters(around, token);
    return {name(), token.expires_at};
  }
  std::vector<Cluster> list(const Surroundings& around) const override {
    std::vector<Cluster> all;
    for (const Access& one : clusters(around, obtain(around))) all.push_back(one.cluster);
    return all;
  }
  Cluster describe(const Surroundings& around, const std::string& resource_id) const override {
    return found(around, resource_id, obtain(around)).cluster;
  }
  Access access(const Surroundings& around, const std::string& resource_id) const override {
    const Token token = obtain(around);
    Access access = found(around, resource_id, token);
    if (access.access.server.empty()) {
      throw Error(STEPOP_E_UNAVAILABLE,
                  "the GKE cluster " + resource_id + " has no endpoint that can be reached; its status is " +
                      access.cluster.status,
                  "enable its endpoint by name (DNS) for external traffic, or the one by address");
    }
    access.access.token = token.text;
    access.expires_at = token.expires_at;
    return access;
  }

 private:
  static Error wrong(const std::string& path, const std::string& message) {
    return Error(STEPOP_E_INVALID,
                 std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, "", false}});
  }

  std::string name() const {
    if (given_.auth_method == "impersonation") return given_.text("target_principal");
    if (given_.auth_method == "oauth2-token") return given_.text("service_account_email");
    return text_or_empty(file_, "client_email");
  }

  Token obtain(const Surroundings& around) const {
    if (given_.auth_method == "implicit") return gcp::default_token(around);
    if (given_.auth_method == "oauth2-token") {
      if (given_.expires_at && *given_.expires_at <= around.now())
        throw Error(STEPOP_E_FORBIDDEN, "the connector's Google token has expired", "give it a new one");
      return {given_.text("token"), given_.expires_at};
    }
    const Token token = gcp::token_of_file(around, file_, path_);
    if (given_.auth_method != "impersonation") return token;
    const std::string account = given_.text("target_principal");
    return gcp::impersonate(around, gcp::impersonation_url(around, account), account, token,
                            given_.expiration_seconds.value_or(3600));
  }

  std::vector<Access> clusters(const Surroundings& around, const Token& token) const {
    const Call call = gcp::list_clusters(around, project_, token);
    return gcp::read_clusters(call, around.ask(call), project_);
  }

  Access found(const Surroundings& around, const std::string& resource_id, const Token& token) const {
    auto all = clusters(around, token);
    if (!resource_id.empty()) return gcp::find_cluster(std::move(all), resource_id, project_);
    if (all.size() != 1) throw wrong("resource_id", "is missing, expected the name of a GKE cluster");
    return std::move(all.front());
  }

  Configuration given_;
  std::string project_;
  std::string path_;
  json::object file_;
};

}  // namespace

std::unique_ptr<Connector> make_gcp_connector(const Configuration& configuration) {
  return std::make_unique<GcpConnector>(configuration);
}

}  // namespace stepop::connectors
