#include "connectors/aws/sts.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "connectors/answer.hpp"
#include "connectors/encoding.hpp"

namespace stepop::connectors::aws {
namespace {

Call action(const std::string& endpoint, const std::string& name, Pairs parameters) {
  Call call;
  call.method = kube::Method::Post;
  call.url = endpoint + "/";
  Pairs all{{"Action", name}, {"Version", "2011-06-15"}};
  all.insert(all.end(), parameters.begin(), parameters.end());
  call.body = form(all);
  call.content_type = "application/x-www-form-urlencoded; charset=utf-8";
  call.headers.emplace_back("Content-Type", call.content_type);
  return call;
}

void add_policies(Pairs& parameters, const Session& session) {
  if (!session.policy.empty()) parameters.emplace_back("Policy", session.policy);
  for (std::size_t i = 0; i < session.policy_arns.size(); ++i)
    parameters.emplace_back("PolicyArns.member." + std::to_string(i + 1) + ".arn", session.policy_arns[i]);
}

// One element's text; STS's answers have no attributes, comments or CDATA in what is read here.
std::string element(std::string_view xml, std::string_view tag) {
  const std::string open = "<" + std::string(tag) + ">";
  const auto begin = xml.find(open);
  const auto end = begin == std::string_view::npos ? begin : xml.find("</" + std::string(tag) + ">", begin);
  if (end == std::string_view::npos) return "";
  std::string text(xml.substr(begin + open.size(), end - begin - open.size()));
  for (const auto& [entity, character] :
       {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}}) {
    for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
      text.replace(at, std::string_view(entity).size(), character);
  }
  return text;
}

std::string required(const Answer& answer, const char* tag, const std::string& what) {
  std::string text = element(answer.body, tag);
  if (text.empty())
    throw Error(STEPOP_E_UNAVAILABLE, what + ": the answer has no <" + tag + ">",
                "a proxy or a login page may stand between");
  return text;
}

}  // namespace

std::string partition_of(const std::string& region) {
  return region.starts_with("cn-") ? "aws-cn" : region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
}

std::string endpoint_of(const Surroundings& around, const std::string& service, const std::string& region) {
  std::string upper;
  for (const char c : service) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto given = around.variable("AWS_ENDPOINT_URL_" + upper);
  if (!given) given = around.variable("AWS_ENDPOINT_URL");
  if (given) {
    while (given->ends_with("/")) given->pop_back();
    return *given;
  }
  return "https://" + service + "." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

Call assume_role(const std::string& endpoint, const std::string& role_arn, const Session& session) {
  Pairs parameters{
      {"RoleArn", role_arn}, {"RoleSessionName", session.name}, {"DurationSeconds", std::to_string(session.seconds)}};
  add_policies(parameters, session);
  if (!session.external_id.empty()) parameters.emplace_back("ExternalId", session.external_id);
  return action(endpoint, "AssumeRole", std::move(parameters));
}

Call assume_role_with_web_identity(const std::string& endpoint, const std::string& role_arn, const Session& session,
                                   const std::string& token) {
  Call call = action(endpoint, "AssumeRoleWithWebIdentity",
                     {{"RoleArn", role_arn}, {"RoleSessionName", session.name}, {"WebIdentityToken", token}});
  call.secrets.push_back(token);
  return call;
}

Call get_session_token(const std::string& endpoint, const Session& session) {
  return action(endpoint, "GetSessionToken", {{"DurationSeconds", std::to_string(session.seconds)}});
}

Call get_federation_token(const std::string& endpoint, const Session& session) {
  constexpr std::size_t longest_name = 32;
  Pairs parameters{{"Name", session.name.substr(0, longest_name)},
                   {"DurationSeconds", std::to_string(session.seconds)}};
  add_policies(parameters, session);
  return action(endpoint, "GetFederationToken", std::move(parameters));
}

Call get_caller_identity(const std::string& endpoint) {
  return action(endpoint, "GetCallerIdentity", {});
}

Credentials read_credentials(const Call& call, const Answer& answer, const std::string& what) {
  if (answer.status != 200) throw refusal(call, answer, what);
  Credentials credentials;
  credentials.access_key_id = required(answer, "AccessKeyId", what);
  credentials.secret_access_key = required(answer, "SecretAccessKey", what);
  credentials.session_token = required(answer, "SessionToken", what);
  credentials.expires_at = time_of(required(answer, "Expiration", what), what);
  return credentials;
}

std::string read_caller(const Call& call, const Answer& answer) {
  const std::string what = "who the AWS credentials belong to (STS GetCallerIdentity)";
  if (answer.status != 200) throw refusal(call, answer, what);
  return required(answer, "Arn", what);
}

std::string eks_policy(const std::string& region, const std::string& cluster) {
  const std::string resource =
      "arn:" + partition_of(region) + ":eks:" + region + ":*:cluster/" + (cluster.empty() ? "*" : cluster);
  return json::serialize(json::object{
      {"Version", "2012-10-17"},
      {"Statement", json::array{json::object{{"Sid", "AllowEKSClusterAccess"},
                                             {"Effect", "Allow"},
                                             {"Action", json::array{"eks:ListClusters", "eks:DescribeCluster"}},
                                             {"Resource", json::array{json::string(resource)}}}}}});
}

}  // namespace stepop::connectors::aws
