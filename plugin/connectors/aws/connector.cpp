// The service connector `aws`: EKS clusters of one region.
#include "connectors/connector.hpp"

#include <algorithm>

#include "connectors/aws/eks.hpp"
#include "connectors/aws/exchange.hpp"
#include "connectors/aws/implicit.hpp"
#include "connectors/aws/sts.hpp"

namespace stepop::connectors {
namespace {

using aws::Credentials;

Error wrong(const std::string& path, const std::string& message, const std::string& hint = "") {
  return Error(STEPOP_E_INVALID,
               std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, hint, false}});
}

bool is_word(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || more.find(c) != std::string_view::npos;
  });
}

class AwsConnector : public Connector {
 public:
  explicit AwsConnector(const Configuration& configuration) : given_(configuration) {
    region_ = given_.text("region");
    // It becomes a part of host names.
    if (!is_word(region_, "-"))
      throw wrong("configuration.region", "found \"" + region_ + "\", expected a region as eu-central-1");
    if (!given_.resource_id.empty()) name_of(given_.resource_id);
    if (given_.has("policy") && given_.has("policy_arns"))
      throw wrong("configuration.policy_arns", "found both policy and policy_arns, expected one of the two");
  }

  Identity verify(const Surroundings& around) const override {
    const Credentials credentials = obtain(around, given_.resource_id);
    const auto [call, answer] = aws::ask_signed(
        around, aws::get_caller_identity(aws::endpoint_of(around, "sts", region_)), credentials, {region_, "sts"});
    return {aws::read_caller(call, answer), credentials.expires_at};
  }

  std::vector<Cluster> list(const Surroundings& around) const override {
    const Credentials credentials = obtain(around, "");
    std::vector<Cluster> clusters;
    std::string page;
    do {
      const auto [call, answer] =
          aws::ask_signed(around, aws::list_clusters(eks(around), page), credentials, {region_, "eks"});
      const auto read = aws::read_cluster_page(call, answer, region_);
      for (const std::string& name : read.names) clusters.push_back({name, name, region_, "", ""});
      if (!read.next.empty() && read.next == page)
        throw Error(STEPOP_E_UNAVAILABLE, "the EKS clusters of " + region_ + ": the list never ends");
      page = read.next;
    } while (!page.empty());
    return clusters;
  }

  Cluster describe(const Surroundings& around, const std::string& resource_id) const override {
    const std::string name = name_of(around, resource_id);
    return ask_cluster(around, name, obtain(around, name)).cluster;
  }

  Access access(const Surroundings& around, const std::string& resource_id) const override {
    const std::string name = name_of(around, resource_id);
    const Credentials credentials = obtain(around, name);
    Access access = ask_cluster(around, name, credentials);
    if (access.access.server.empty() || access.access.ca_pem.empty()) {
      throw Error(STEPOP_E_UNAVAILABLE,
                  "the EKS cluster " + name + " has no endpoint yet; its status is " + access.cluster.status);
    }
    const Time now = around.now();
    access.access.token = aws::eks_token(aws::endpoint_of(around, "sts", region_), credentials, region_, name, now);
    access.expires_at = now + aws::kTokenLifetime;
    if (credentials.expires_at) access.expires_at = std::min(*access.expires_at, *credentials.expires_at);
    return access;
  }

 private:
  // The only one that there is, where none is named.
  std::string name_of(const Surroundings& around, const std::string& resource_id) const {
    if (!resource_id.empty()) return name_of(resource_id);
    const auto all = list(around);
    return all.size() == 1 ? all.front().id : name_of("");
  }

  std::string name_of(const std::string& resource_id) const {
    std::string name = resource_id;
    if (resource_id.starts_with("arn:")) {
      // arn:aws:eks:REGION:ACCOUNT:cluster/NAME
      const auto slash = resource_id.find(":cluster/");
      name = slash == std::string::npos ? "" : resource_id.substr(slash + 9);
      if (!name.empty() && resource_id.find(":eks:" + region_ + ":") == std::string::npos)
        throw wrong("resource_id", "found " + resource_id + ", expected a cluster of the region " + region_);
    }
    if (!is_word(name, "-_")) {
      throw wrong("resource_id", resource_id.empty()
                                     ? "is missing, expected the name or the ARN of an EKS cluster"
                                     : "found \"" + resource_id + "\", expected the name or the ARN of an EKS cluster");
    }
    return name;
  }

  std::string eks(const Surroundings& around) const {
    std::string given = given_.text("endpoint_url");
    while (given.ends_with("/")) given.pop_back();
    return given.empty() ? aws::endpoint_of(around, "eks", region_) : given;
  }

  Access ask_cluster(const Surroundings& around, const std::string& name, const Credentials& credentials) const {
    const auto [call, answer] =
        aws::ask_signed(around, aws::describe_cluster(eks(around), name), credentials, {region_, "eks"});
    return aws::read_cluster(call, answer, name, region_);
  }

  // `cluster`: what a session is cut down to; "" for all clusters.
  Credentials obtain(const Surroundings& around, const std::string& cluster) const {
    const std::string& method = given_.auth_method;
    Credentials base{given_.text("aws_access_key_id"), given_.text("aws_secret_access_key"),
                     given_.text("aws_session_token"), std::nullopt};
    if (method == "implicit") base = aws::implicit_credentials(around, given_.text("profile_name"), region_);
    if (method == "sts-token") base.expires_at = given_.expires_at;
    if (base.expires_at && *base.expires_at <= around.now())
      throw Error(STEPOP_E_FORBIDDEN, "the connector's AWS session token has expired", "give it a new one");
    aws::Session session;
    session.seconds = given_.expiration_seconds.value_or(session.seconds);
    session.policy = given_.text("policy");
    session.policy_arns = given_.list("policy_arns");
    if (session.policy.empty() && session.policy_arns.empty()) session.policy = aws::eks_policy(region_, cluster);
    const std::string sts = aws::endpoint_of(around, "sts", region_);
    Call call;
    std::string what;
    if (const std::string role = given_.text("role_arn"); !role.empty()) {
      call = aws::assume_role(sts, role, session);
      what = "the role " + role + " (STS AssumeRole)";
    } else if (method == "session-token") {
      call = aws::get_session_token(sts, session);
      what = "a session token (STS GetSessionToken)";
    } else if (method == "federation-token") {
      call = aws::get_federation_token(sts, session);
      what = "a federation token (STS GetFederationToken)";
    } else {
      return base;
    }
    const auto exchange = aws::ask_signed(around, call, base, {region_, "sts"});
    return aws::read_credentials(exchange.call, exchange.answer, what);
  }

  Configuration given_;
  std::string region_;
};

}  // namespace

std::unique_ptr<Connector> make_aws_connector(const Configuration& configuration) {
  return std::make_unique<AwsConnector>(configuration);
}

}  // namespace stepop::connectors
