// Bytes as text, and their hashes by OpenSSL. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stepop::connectors {

std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view bytes);

std::string hex(std::string_view bytes);  // lower case
std::string base64(std::string_view bytes);
std::string base64url(std::string_view bytes);  // RFC 4648, 5, without padding
// Either alphabet, with or without padding; white space is skipped. Nothing for what is none.
std::optional<std::string> from_base64(std::string_view text);

using Pairs = std::vector<std::pair<std::string, std::string>>;
// application/x-www-form-urlencoded, everything but unreserved characters as %XX.
std::string form(const Pairs&);

// RFC 3339 in whole seconds, `20130524T000000Z` and `20130524`.
std::string rfc3339(long long seconds_since_1970);
std::string basic_time(long long seconds_since_1970);

}  // namespace stepop::connectors
