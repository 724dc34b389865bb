#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kube/exec_plugin.hpp"

namespace stepop::kube {

/// What is needed to reach one cluster, and nothing about where it came from.
///
/// Plain data, copied freely. It holds secrets: never print it whole.
/// Empty strings mean "not given". At most one way of authenticating is used, in this order:
/// client certificate (in the TLS handshake) together with the first of `token_file`, `token`,
/// `username`/`password`, `exec` (in the Authorization header).
/// `*_file` beside a `*_pem`: the PEM came from that file, and is read again when the file changes.
struct ClusterAccess {
  /// Base URL, `https://host[:port][/prefix]` or `http://…` (kubectl proxy, tests).
  std::string server{};
  /// PEM of the authorities that may sign the server's certificate. Empty: the system's.
  std::string ca_pem{};
  std::string ca_file{};
  /// Name to verify the server's certificate for, and to send as SNI, instead of the URL's host.
  std::string tls_server_name{};
  /// Do not verify the server at all. Never together with `ca_pem`.
  bool insecure_skip_tls_verify = false;

  /// `http://`, `https://` or `socks5://[user:password@]host[:port]` to go through. Empty: straight to the server.
  std::string proxy_url{};

  /// PEM of the client certificate (leaf first, then intermediates) and of its private key.
  std::string client_certificate_pem{};
  std::string client_certificate_file{};
  std::string client_key_pem{};
  std::string client_key_file{};

  /// Static bearer token.
  std::string token{};
  /// File that holds a bearer token. It wins over `token`, is read again when it changes and at
  /// least every minute (projected service account tokens are rotated in place).
  std::string token_file{};

  /// HTTP basic authentication.
  std::string username{};
  std::string password{};

  /// A program that gives a token or a client certificate, each time one is needed.
  std::optional<ExecPlugin> exec{};

  /// Whom to act as; nobody else when `user` is empty ("User impersonation").
  struct Impersonation {
    std::string user{};
    std::string uid{};
    std::vector<std::string> groups{};
    std::map<std::string, std::vector<std::string>> extra{};
  };
  Impersonation impersonate{};

  /// What a person should know of this access each time it is used. No secrets.
  std::vector<std::string> warnings{};

  /// Namespace of the kubeconfig context, or of the pod in a cluster; empty when none is named.
  std::string default_namespace{};
  /// Name of the kubeconfig context, for messages.
  std::string context_name{};
};

}  // namespace stepop::kube
