#pragma once

#include <string>
#include <string_view>

#include "kube/proxy.hpp"
#include "kube/server_url.hpp"

namespace stepop::kube {

/// How a proxy is asked for a tunnel to the server: HTTP's CONNECT (RFC 9110, 9.3.6) with Basic credentials, or
/// SOCKS5 (RFC 1928) with a name and password (RFC 1929); names are resolved by the proxy. Pure.
class ProxyHandshake {
 public:
  ProxyHandshake(const Proxy& proxy, const ServerUrl& server);

  enum class Next { Send, Read, Done, Failed };
  Next next() const noexcept { return next_; }
  /// REQUIRES: next() is Send. What to send; then it is Read.
  std::string take();
  /// REQUIRES: next() is Read. What came, cut anywhere.
  void feed(std::string_view bytes);

  /// Why it Failed: `the proxy http://p:3128 refused …`. No secret in it.
  const std::string& failure() const noexcept { return failure_; }

 private:
  void feed_http();
  void feed_socks();
  void ask_for_server();
  void send(std::string bytes);
  void fail(const std::string& why);

  Proxy proxy_;
  ServerUrl server_;
  Next next_ = Next::Send;
  enum class Socks { Method, Login, Answer } socks_ = Socks::Method;
  std::string outgoing_;
  std::string incoming_;
  std::string failure_;
};

}  // namespace stepop::kube
