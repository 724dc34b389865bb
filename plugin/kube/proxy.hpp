#pragma once

#include <string>
#include <vector>

namespace stepop::kube {

/// A proxy on the way to the server. It holds a secret: never print it whole.
struct Proxy {
  enum class Kind { Http, Socks5 };
  Kind kind = Kind::Http;
  std::string host{};
  std::string port{};
  std::string username{};
  std::string password{};
  /// `http://host:port`, for messages.
  std::string display{};
};

/// Throws ConfigError, which names `path` and does not repeat a URL that may hold a password.
Proxy parse_proxy_url(const std::string& url, const std::string& path);

/// The proxy for `server` by HTTPS_PROXY, HTTP_PROXY and NO_PROXY (or in small letters), under the rules of
/// Go's `httpproxy`, which kubectl follows: the server's scheme chooses the variable, loopback is never proxied,
/// NO_PROXY holds `*`, names (with all below them), `.below`, addresses, CIDRs, each with a port or without.
/// `environment`: `NAME=value`. Empty: no proxy. Any thread.
std::string proxy_from(const std::vector<std::string>& environment, const std::string& server);

/// `Basic …`, of a user and a password.
std::string basic_authorization(const std::string& username, const std::string& password);

}  // namespace stepop::kube
