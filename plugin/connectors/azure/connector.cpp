// The service connector `azure`: AKS clusters of one subscription, or of all that the credentials may see.
#include "connectors/connector.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "connectors/azure/aks.hpp"
#include "connectors/azure/implicit.hpp"
#include "connectors/encoding.hpp"
#include "connectors/expiry.hpp"

namespace stepop::connectors {
namespace {

using azure::AksCluster;
using azure::Cloud;

Error wrong(const std::string& path, const std::string& message) {
  return Error(STEPOP_E_INVALID, std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, "", false}});
}

class AzureConnector : public Connector {
 public:
  explicit AzureConnector(const Configuration& configuration) : given_(configuration) {
    if (given_.auth_method != "service-principal") return;
    if (given_.has("client_secret") == given_.has("client_certificate"))
      throw wrong("configuration.client_secret", "expected a client_secret or a client_certificate, one of the two");
    if (!given_.has("client_certificate")) return;
    certificate_ = pem_of(given_, "client_certificate", "CERTIFICATE");
    // Both are read again when they are used; here only what is wrong with them is told.
    PrivateKey::read(certificate_, given_.text("client_certificate_password"), "configuration.client_certificate");
    certificate_thumbprint(certificate_, "configuration.client_certificate");
  }

  Identity verify(const Surroundings& around) const override {
    const Token token = manager_token(around);
    if (given_.auth_method == "access-token") subscriptions(around, token);
    return {given_.text("client_id"), token.expires_at};
  }
  std::vector<Cluster> list(const Surroundings& around) const override {
    std::vector<Cluster> all;
    for (const AksCluster& one : clusters(around, manager_token(around))) all.push_back(one.cluster);
    return all;
  }
  Cluster describe(const Surroundings& around, const std::string& resource_id) const override {
    return found(around, resource_id, manager_token(around)).cluster;
  }
  Access access(const Surroundings& around, const std::string& resource_id) const override {
    const Token token = manager_token(around);
    const AksCluster cluster = found(around, resource_id, token);
    const Call call = azure::user_credentials(azure::cloud_of(around), token, cluster);
    const azure::UserCredentials read = azure::read_user_credentials(call, around.ask(call), cluster);
    Access access{cluster.cluster, read.access, end_of(read.access)};
    if (read.entra_server.empty()) return access;
    const Token entra = obtain(around, read.entra_server + "/.default");
    access.access.token = entra.text;
    access.expires_at = entra.expires_at;
    return access;
  }

 private:
  Token manager_token(const Surroundings& around) const {
    // The token's audience is the public name, whoever stands between.
    return obtain(around, scope_of(azure::cloud_of(around)));
  }

  static std::string scope_of(const Cloud& cloud) {
    const bool known = cloud.resource_manager.starts_with("https://management.");
    return (known ? cloud.resource_manager : std::string("https://management.azure.com")) + "/.default";
  }

  Token obtain(const Surroundings& around, const std::string& scope) const {
    const std::string tenant = given_.text("tenant_id"), client = given_.text("client_id");
    if (given_.auth_method == "implicit") return azure::implicit_token(around, tenant, scope);
    if (given_.auth_method == "access-token") {
      if (scope != scope_of(azure::cloud_of(around))) {
        throw Error(
            STEPOP_E_INVALID,
            "this AKS cluster takes tokens of Entra ID, and the connector has one for the resource manager alone",
            "use the method service-principal or implicit");
      }
      if (given_.expires_at && *given_.expires_at <= around.now())
        throw Error(STEPOP_E_FORBIDDEN, "the connector's Azure token has expired", "give it a new one");
      return {given_.text("token"), given_.expires_at};
    }
    if (!certificate_.empty()) {
      return azure::certificate_token(around, tenant, client, certificate_, given_.text("client_certificate_password"),
                                      scope, "configuration.client_certificate");
    }
    const Call call = azure::secret_token(azure::cloud_of(around), tenant, client, given_.text("client_secret"), scope);
    return azure::read_token(call, around.ask(call), around.now(), "a token of the service principal " + client);
  }

  template <class Each>
  void all_pages(const Surroundings& around, Call call, const Token& token, const std::string& what,
                 const std::string& hint, Each&& each) const {
    constexpr int most = 1000;  // pages: a list that never ends is none
    for (int page = 0; page < most; ++page) {
      const azure::Page read = azure::read_page(call, around.ask(call), what, hint);
      for (const json::value& item : read.items) each(item);
      if (read.next.empty()) return;
      call = azure::next_page(read.next, token);
    }
    throw Error(STEPOP_E_UNAVAILABLE, what + ": the list never ends");
  }

  std::vector<std::string> subscriptions(const Surroundings& around, const Token& token) const {
    if (given_.has("subscription_id")) return {given_.text("subscription_id")};
    std::vector<std::string> ids;
    all_pages(around, azure::list_subscriptions(azure::cloud_of(around), token), token, "the Azure subscriptions", "",
              [&](const json::value& item) {
                if (item.is_object()) ids.push_back(text_or_empty(item.get_object(), "subscriptionId"));
              });
    if (ids.empty())
      throw Error(STEPOP_E_FORBIDDEN, "the credentials may see no Azure subscription",
                  "give them the role Reader on one");
    return ids;
  }

  std::vector<AksCluster> clusters(const Surroundings& around, const Token& token) const {
    const Cloud cloud = azure::cloud_of(around);
    std::vector<AksCluster> all;
    for (const std::string& subscription : subscriptions(around, token)) {
      all_pages(around, azure::list_clusters(cloud, token, subscription), token,
                "the AKS clusters of the subscription " + subscription,
                "the credentials need Microsoft.ContainerService/managedClusters/read", [&](const json::value& item) {
                  const auto cluster = azure::read_cluster(item);
                  if (cluster && (!given_.has("resource_group") || cluster->group == given_.text("resource_group")))
                    all.push_back(*cluster);
                });
    }
    return all;
  }

  AksCluster found(const Surroundings& around, const std::string& resource_id, const Token& token) const {
    auto all = clusters(around, token);
    if (!resource_id.empty()) return azure::find_cluster(all, resource_id);
    if (all.size() != 1) throw wrong("resource_id", "is missing, expected RESOURCE_GROUP/NAME of an AKS cluster");
    return std::move(all.front());
  }

  Configuration given_;
  std::string certificate_;
};

}  // namespace

std::unique_ptr<Connector> make_azure_connector(const Configuration& configuration) {
  return std::make_unique<AzureConnector>(configuration);
}

}  // namespace stepop::connectors
