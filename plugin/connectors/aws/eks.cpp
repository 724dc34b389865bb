#include "connectors/aws/eks.hpp"

#include <boost/json/array.hpp>

#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::aws {

Call list_clusters(const std::string& endpoint, const std::string& page) {
  Call call;
  call.url = endpoint + "/clusters" + (page.empty() ? "" : "?" + form({{"nextToken", page}}));
  return call;
}

ClusterPage read_cluster_page(const Call& call, const Answer& answer, const std::string& region) {
  const json::object object = object_of(call, answer, "the EKS clusters of the region " + region,
                                        "the credentials need eks:ListClusters, in a region that exists");
  ClusterPage page;
  if (const json::value* clusters = object.if_contains("clusters"); clusters != nullptr && clusters->is_array()) {
    for (const json::value& name : clusters->get_array()) {
      if (name.is_string()) page.names.emplace_back(name.get_string());
    }
  }
  page.next = text_or_empty(object, "nextToken");
  return page;
}

Call describe_cluster(const std::string& endpoint, const std::string& name) {
  Call call;
  call.url = endpoint + "/clusters/" + kube::percent_encode(name);
  return call;
}

Access read_cluster(const Call& call, const Answer& answer, const std::string& name, const std::string& region) {
  const std::string what = "the EKS cluster " + name + " of the region " + region;
  const json::object object = object_of(call, answer, what, "is it deleted? the credentials need eks:DescribeCluster");
  const json::value* member = object.if_contains("cluster");
  if (member == nullptr || !member->is_object())
    throw Error(STEPOP_E_UNAVAILABLE, what + ": the answer has no \"cluster\", expected an object");
  const json::object& cluster = member->get_object();
  Access access;
  access.cluster = {name, text_or_empty(cluster, "arn"), region, text_or_empty(cluster, "status"),
                    text_or_empty(cluster, "version")};
  if (access.cluster.name.empty()) access.cluster.name = name;
  access.access.context_name = access.cluster.name;
  access.access.server = text_or_empty(cluster, "endpoint");
  if (const json::value* authority = cluster.if_contains("certificateAuthority");
      authority != nullptr && authority->is_object()) {
    const std::string data = text_or_empty(authority->get_object(), "data");
    access.access.ca_pem = from_base64(data).value_or("");
    if (!data.empty() && access.access.ca_pem.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      throw Error(STEPOP_E_UNAVAILABLE, what + ": its certificate authority is no PEM");
  }
  return access;
}

std::string eks_token(const std::string& sts_endpoint, const Credentials& credentials, const std::string& region,
                      const std::string& cluster, Time now) {
  constexpr std::chrono::seconds url_lifetime{60};  // what AWS's own tools ask for; the cluster goes by X-Amz-Date
  Call call;
  call.url = sts_endpoint + "/?" + form({{"Action", "GetCallerIdentity"}, {"Version", "2011-06-15"}});
  call.headers = {{"x-k8s-aws-id", cluster}};
  return "k8s-aws-v1." + base64url(presigned_url(call, credentials, {region, "sts"}, now, url_lifetime));
}

}  // namespace stepop::connectors::aws
