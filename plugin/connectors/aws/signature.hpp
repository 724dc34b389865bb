// AWS Signature Version 4 ("Create a signed AWS API request", IAM user guide). Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "connectors/surroundings.hpp"

namespace stepop::connectors::aws {

struct Credentials {
  std::string access_key_id{};
  std::string secret_access_key{};
  std::string session_token{};  // "" for a long-lived key
  std::optional<Time> expires_at{};
};

struct Scope {
  std::string region;
  std::string service;
};

// The call with X-Amz-Date, X-Amz-Security-Token and Authorization; all of its headers are signed.
Call signed_call(Call, const Credentials&, const Scope&, Time);

// The call's URL with the signature in its query, good for `lifetime`. Whoever uses it must send the call's headers too.
std::string presigned_url(const Call&, const Credentials&, const Scope&, Time, std::chrono::seconds lifetime);

// What is hashed and signed, for tests: method, path, query, headers, signed headers, hash of the body.
std::string canonical_request(const Call&);

}  // namespace stepop::connectors::aws
