#include "connectors/gcp/token.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::gcp {
namespace {

Call posted(const std::string& url, const Pairs& pairs) {
  Call call;
  call.method = kube::Method::Post;
  call.url = url;
  call.body = form(pairs);
  return call;
}

// Every one of them that is missing is told.
void require_members(const json::object& file, const std::vector<const char*>& members, const std::string& path) {
  std::vector<Finding> findings;
  for (const char* member : members) {
    if (text_or_empty(file, member).empty())
      findings.push_back({Finding::Level::error, "MissingKey", path + "." + member, "is missing, expected a text",
                          "is the file whole?", false});
  }
  if (!findings.empty()) throw Error(STEPOP_E_INVALID, std::move(findings));
}

std::string or_else(const std::string& text, const char* other) {
  return text.empty() ? std::string(other) : text;
}

}  // namespace

ServiceAccount read_service_account(const json::object& file, const std::string& path) {
  require_members(file, {"client_email", "private_key"}, path);
  return {text_or_empty(file, "client_email"), text_or_empty(file, "private_key_id"),
          or_else(text_or_empty(file, "token_uri"), kTokenEndpoint), text_or_empty(file, "project_id"),
          PrivateKey::read(text_or_empty(file, "private_key"), "", path + ".private_key")};
}

Call service_account_token(const ServiceAccount& account, Time now) {
  constexpr int lifetime = 3600;  // the longest that Google takes
  const long long at = now.time_since_epoch().count();
  json::object header;
  if (!account.key_id.empty()) header["kid"] = account.key_id;
  const std::string assertion = account.key.signed_token(
      std::move(header),
      {{"iat", at}, {"exp", at + lifetime}, {"iss", account.email}, {"aud", kTokenEndpoint}, {"scope", kScope}},
      PrivateKey::Algorithm::RS256);
  Call call = posted(account.token_uri,
                     {{"assertion", assertion}, {"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}});
  call.secrets = {assertion};
  return call;
}

Call user_token(const json::object& file, const std::string& path) {
  require_members(file, {"refresh_token", "client_id", "client_secret"}, path);
  const std::string secret = text_or_empty(file, "client_secret"), refresh = text_or_empty(file, "refresh_token");
  Call call = posted(or_else(text_or_empty(file, "token_uri"), kTokenEndpoint),
                     {{"grant_type", "refresh_token"},
                      {"client_id", text_or_empty(file, "client_id")},
                      {"client_secret", secret},
                      {"refresh_token", refresh},
                      {"scope", kScope}});
  call.secrets = {secret, refresh};
  return call;
}

Call metadata_token(const std::string& base) {
  Call call;
  call.url = base + "/computeMetadata/v1/instance/service-accounts/default/token?" + form({{"scopes", kScope}});
  call.headers = {{"Metadata-Flavor", "Google"}};
  call.timeout = std::chrono::seconds{3};  // nobody but a machine or a pod of Google's answers there
  return call;
}

Call exchanged_token(const json::object& file, const std::string& subject_token) {
  const std::string id = text_or_empty(file, "client_id"), secret = text_or_empty(file, "client_secret");
  Call call = posted(or_else(text_or_empty(file, "token_url"), "https://sts.googleapis.com/v1/token"),
                     {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                      {"audience", text_or_empty(file, "audience")},
                      {"scope", kScope},
                      {"requested_token_type", "urn:ietf:params:oauth:token-type:access_token"},
                      {"subject_token", subject_token},
                      {"subject_token_type", text_or_empty(file, "subject_token_type")}});
  call.secrets = {subject_token};
  if (!id.empty() && !secret.empty()) {
    const std::string basic = base64(id + ":" + secret);
    call.headers.emplace_back("Authorization", "Basic " + basic);
    call.secrets.insert(call.secrets.end(), {secret, basic});
  }
  return call;
}

Token read_token(const Call& call, const Answer& answer, Time now, const std::string& what) {
  const json::object object = object_of(call, answer, what);
  return {text_of(object, "access_token", what), expiry_of(object, now, what)};
}

Call impersonated_token(const std::string& url, const std::string& token, int seconds, const json::array& delegates) {
  Call call;
  call.method = kube::Method::Post;
  call.url = url;
  call.content_type = "application/json";
  call.headers = {{"Authorization", "Bearer " + token}};
  call.secrets = {token};
  call.body = json::serialize(json::object{
      {"delegates", delegates}, {"scope", json::array{kScope}}, {"lifetime", std::to_string(seconds) + "s"}});
  return call;
}

Token read_impersonated(const Call& call, const Answer& answer, const std::string& what) {
  const json::object object =
      object_of(call, answer, what, "the source needs roles/iam.serviceAccountTokenCreator on the account");
  return {text_of(object, "accessToken", what), time_of(text_of(object, "expireTime", what), what)};
}

std::string impersonation_url(const Surroundings& around, const std::string& account) {
  // As gcloud has it, for private endpoints.
  std::string base = around.variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS")
                         .value_or("https://iamcredentials.googleapis.com/");
  if (!base.ends_with("/")) base += "/";
  return base + "v1/projects/-/serviceAccounts/" + account + ":generateAccessToken";
}

}  // namespace stepop::connectors::gcp
