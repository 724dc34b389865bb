#include "connectors/azure/aks.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <stepop/nearest_name.hpp>

#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::azure {
namespace {

constexpr const char* kSubscriptionsVersion = "2022-12-01";
constexpr const char* kAksVersion = "2024-05-01";

Call with_token(const std::string& url, const Token& token) {
  Call call;
  call.url = url;
  call.headers = {{"Authorization", "Bearer " + token.text}};
  call.secrets = {token.text};
  return call;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// The part of an ARM id after `/NAME/`. Azure compares ids without their case.
std::string part_of(const std::string& id, const std::string& name) {
  const auto at = lower(id).find("/" + lower(name) + "/");
  if (at == std::string::npos) return "";
  const auto begin = at + name.size() + 2;
  return id.substr(begin, id.find('/', begin) - begin);
}

std::string scalar(const YAML::Node& node) {
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

// kubelogin's `--server-id X`, or the older plugin's apiserver-id; what AKS has everywhere else.
std::string entra_server(const YAML::Node& user) {
  if (const YAML::Node provider = user["auth-provider"]; provider && provider.IsMap()) {
    const std::string id =
        provider["config"] && provider["config"].IsMap() ? scalar(provider["config"]["apiserver-id"]) : "";
    return id.empty() ? kAksServer : id;
  }
  const YAML::Node args = user["exec"]["args"];
  for (std::size_t i = 0; args && args.IsSequence() && i + 1 < args.size(); ++i) {
    if (scalar(args[i]) == "--server-id") return scalar(args[i + 1]);
  }
  return kAksServer;
}

UserCredentials read_kubeconfig(const std::string& text) {
  UserCredentials read;
  const YAML::Node root = YAML::Load(text);
  const YAML::Node cluster = root["clusters"][0]["cluster"], user = root["users"][0]["user"];
  read.access.server = scalar(cluster["server"]);
  read.access.ca_pem = from_base64(scalar(cluster["certificate-authority-data"])).value_or("");
  if ((user["exec"] && user["exec"].IsMap()) || user["auth-provider"]) {
    read.entra_server = entra_server(user);
    return read;
  }
  read.access.token = scalar(user["token"]);
  read.access.client_certificate_pem = from_base64(scalar(user["client-certificate-data"])).value_or("");
  read.access.client_key_pem = from_base64(scalar(user["client-key-data"])).value_or("");
  return read;
}

}  // namespace

Page read_page(const Call& call, const Answer& answer, const std::string& what, const std::string& hint) {
  json::object object = object_of(call, answer, what, hint);
  Page page;
  if (json::value* items = object.if_contains("value"); items != nullptr && items->is_array())
    page.items = std::move(items->get_array());
  page.next = text_or_empty(object, "nextLink");
  if (!page.next.empty() && origin_of(page.next) != origin_of(call.url))
    throw Error(STEPOP_E_UNAVAILABLE,
                what + ": the next page would be at " + origin_of(page.next) + ", expected " + origin_of(call.url));
  return page;
}

Call list_subscriptions(const Cloud& cloud, const Token& token) {
  return with_token(cloud.resource_manager + "/subscriptions?api-version=" + kSubscriptionsVersion, token);
}

Call list_clusters(const Cloud& cloud, const Token& token, const std::string& subscription) {
  return with_token(cloud.resource_manager + "/subscriptions/" + kube::percent_encode(subscription) +
                        "/providers/Microsoft.ContainerService/managedClusters?api-version=" + kAksVersion,
                    token);
}

Call next_page(const std::string& url, const Token& token) {
  return with_token(url, token);
}

std::optional<AksCluster> read_cluster(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const std::string id = text_or_empty(object, "id");
  AksCluster read;
  read.group = part_of(id, "resourceGroups");
  read.short_name = text_or_empty(object, "name");
  if (read.group.empty() || read.short_name.empty()) return std::nullopt;
  read.cluster = {read.group + "/" + read.short_name, id, text_or_empty(object, "location"), "", ""};
  if (const json::value* properties = object.if_contains("properties");
      properties != nullptr && properties->is_object()) {
    read.cluster.status = text_or_empty(properties->get_object(), "provisioningState");
    read.cluster.version = text_or_empty(properties->get_object(), "kubernetesVersion");
  }
  return read;
}

AksCluster find_cluster(const std::vector<AksCluster>& clusters, const std::string& resource_id) {
  std::vector<AksCluster> found;
  std::vector<std::string> ids;
  const std::string wanted = lower(resource_id);
  for (const AksCluster& one : clusters) {
    ids.push_back(one.cluster.id);
    if (wanted == lower(one.cluster.id) || wanted == lower(one.short_name) || wanted == lower(one.cluster.name))
      found.push_back(one);
  }
  if (found.size() > 1)
    throw Error(STEPOP_E_INVALID, "several AKS clusters are meant by " + resource_id,
                "say which: " + found[0].cluster.name + " or " + found[1].cluster.name);
  if (found.empty())
    throw Error(STEPOP_E_NOT_FOUND, "there is no AKS cluster " + resource_id + " that the credentials may see",
                ids.empty() ? "they may see none" : did_you_mean(resource_id, ids));
  return found.front();
}

Call user_credentials(const Cloud& cloud, const Token& token, const AksCluster& cluster) {
  Call call = with_token(cloud.resource_manager + cluster.cluster.name +
                             "/listClusterUserCredential?api-version=" + kAksVersion + "&format=exec",
                         token);
  call.method = kube::Method::Post;
  return call;
}

UserCredentials read_user_credentials(const Call& call, const Answer& answer, const AksCluster& cluster) {
  const std::string what = "the user credentials of the AKS cluster " + cluster.cluster.id;
  const json::object object = object_of(
      call, answer, what, "is it deleted? the credentials need the role Azure Kubernetes Service Cluster User");
  const Error unreadable(STEPOP_E_UNAVAILABLE, what + ": the answer holds no kubeconfig that can be read");
  const json::value* all = object.if_contains("kubeconfigs");
  if (all == nullptr || !all->is_array() || all->get_array().empty() || !all->get_array()[0].is_object())
    throw unreadable;
  const auto text = from_base64(text_or_empty(all->get_array()[0].get_object(), "value"));
  UserCredentials read;
  try {
    read = read_kubeconfig(text.value_or(""));
  } catch (const YAML::Exception&) {
    throw unreadable;  // its own message would quote it
  }
  if (read.access.server.empty()) throw unreadable;
  read.access.context_name = cluster.short_name;
  return read;
}

}  // namespace stepop::connectors::azure
