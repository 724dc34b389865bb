#include "connectors/azure/token.hpp"

#include "connectors/encoding.hpp"
#include "kube/targets.hpp"

namespace stepop::connectors::azure {
namespace {

Call posted(const Cloud& cloud, const std::string& tenant, const Pairs& pairs) {
  Call call;
  call.method = kube::Method::Post;
  call.url = token_url(cloud, tenant);
  call.body = form(pairs);
  return call;
}

std::string without_slash(std::string url) {
  while (url.ends_with("/")) url.pop_back();
  return url;
}

Pairs with_client(Pairs pairs, const std::string& client) {
  if (!client.empty()) pairs.emplace_back("client_id", client);
  return pairs;
}

}  // namespace

Cloud cloud_of(const Surroundings& around) {
  Cloud cloud{without_slash(around.variable("AZURE_AUTHORITY_HOST").value_or("https://login.microsoftonline.com")), ""};
  if (cloud.authority.find("://") == std::string::npos) cloud.authority = "https://" + cloud.authority;
  cloud.resource_manager = cloud.authority.ends_with(".cn")   ? "https://management.chinacloudapi.cn"
                           : cloud.authority.ends_with(".us") ? "https://management.usgovcloudapi.net"
                                                              : "https://management.azure.com";
  // Azure Stack, and whoever stands between.
  if (const auto given = around.variable("AZURE_RESOURCE_MANAGER_ENDPOINT"))
    cloud.resource_manager = without_slash(*given);
  return cloud;
}

std::string token_url(const Cloud& cloud, const std::string& tenant) {
  return cloud.authority + "/" + kube::percent_encode(tenant) + "/oauth2/v2.0/token";
}

Call secret_token(const Cloud& cloud, const std::string& tenant, const std::string& client, const std::string& secret,
                  const std::string& scope) {
  Call call = posted(
      cloud, tenant,
      {{"client_id", client}, {"client_secret", secret}, {"grant_type", "client_credentials"}, {"scope", scope}});
  call.secrets = {secret};
  return call;
}

Call assertion_token(const Cloud& cloud, const std::string& tenant, const std::string& client,
                     const std::string& assertion, const std::string& scope) {
  Call call = posted(cloud, tenant,
                     {{"client_assertion", assertion},
                      {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                      {"client_id", client},
                      {"grant_type", "client_credentials"},
                      {"scope", scope}});
  call.secrets = {assertion};
  return call;
}

std::string certificate_assertion(const PrivateKey& key, const std::string& thumbprint, const std::string& client,
                                  const std::string& audience, const std::string& id, Time now) {
  constexpr int lifetime = 600;
  const long long at = now.time_since_epoch().count();
  return key.signed_token({{"x5t#S256", base64url(thumbprint)}},
                          {{"aud", audience},
                           {"iss", client},
                           {"sub", client},
                           {"jti", id},
                           {"nbf", at},
                           {"iat", at},
                           {"exp", at + lifetime}},
                          PrivateKey::Algorithm::PS256);
}

Call machine_token(const Surroundings& around, const std::string& resource, const std::string& client) {
  Call call;
  call.url = without_slash(around.variable("AZURE_POD_IDENTITY_AUTHORITY_HOST").value_or("http://169.254.169.254")) +
             "/metadata/identity/oauth2/token?" +
             form(with_client({{"api-version", "2018-02-01"}, {"resource", resource}}, client));
  call.headers = {{"Metadata", "true"}};
  call.timeout = std::chrono::seconds{3};  // nobody but a machine of Azure's answers there
  return call;
}

Call service_token(const std::string& endpoint, const std::string& header, const std::string& resource,
                   const std::string& client) {
  Call call;
  call.url = endpoint + (endpoint.find('?') == std::string::npos ? "?" : "&") +
             form(with_client({{"api-version", "2019-08-01"}, {"resource", resource}}, client));
  call.headers = {{"X-IDENTITY-HEADER", header}};
  call.secrets = {header};
  return call;
}

Token read_token(const Call& call, const Answer& answer, Time now, const std::string& what) {
  const json::object object = object_of(call, answer, what);
  Token token{text_of(object, "access_token", what), std::nullopt};
  if (object.contains("expires_in")) {
    token.expires_at = expiry_of(object, now, what);
  } else {
    // App Service tells when, and not how long.
    const std::string on = text_of(object, "expires_on", what);
    if (on.find_first_not_of("0123456789") != std::string::npos || on.size() > 12)
      throw Error(STEPOP_E_UNAVAILABLE, what + ": the answer's \"expires_on\" is no number of seconds since 1970");
    token.expires_at = Time{std::chrono::seconds{std::stoll(on)}};
  }
  return token;
}

}  // namespace stepop::connectors::azure
