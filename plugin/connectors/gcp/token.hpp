// Google's ways to an access token: what is asked, and what is answered ("Using OAuth 2.0 for Server to Server
// Applications"; "Security Token Service API"; "IAM Service Account Credentials API"). Pure.
#pragma once

#include <string>

#include "connectors/connector.hpp"
#include "connectors/jwt.hpp"

namespace stepop::connectors::gcp {

inline constexpr const char* kScope = "https://www.googleapis.com/auth/cloud-platform";
inline constexpr const char* kTokenEndpoint = "https://oauth2.googleapis.com/token";

struct ServiceAccount {
  std::string email, key_id, token_uri, project;
  PrivateKey key;
};
// Of a key file. Throws plugin::Error (INVALID) at `path`, with each member that is missing.
ServiceAccount read_service_account(const json::object& file, const std::string& path);

// A JWT of the account's own, exchanged for a token: RFC 7523.
Call service_account_token(const ServiceAccount&, Time now);

// A user's refresh token: RFC 6749, 6.
Call user_token(const json::object& file, const std::string& path);

// What the metadata server of a machine, or a GKE pod, has for it. `base`: http://metadata.google.internal
Call metadata_token(const std::string& base);

// A subject token of another issuer, exchanged for one of Google's: RFC 8693. `file`: the credentials configuration.
Call exchanged_token(const json::object& file, const std::string& subject_token);

// {"access_token", "expires_in"}, which all of the above answer.
Token read_token(const Call&, const Answer&, Time now, const std::string& what);

// `url`: ...:generateAccessToken of the account that is impersonated.
Call impersonated_token(const std::string& url, const std::string& token, int seconds, const json::array& delegates);
Token read_impersonated(const Call&, const Answer&, const std::string& what);
std::string impersonation_url(const Surroundings&, const std::string& account);

}  // namespace stepop::connectors::gcp
