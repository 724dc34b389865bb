#pragma once

#include <string>

namespace stepop::kube {

/// What is needed to reach one cluster, and nothing about where it came from.
///
/// Plain data, copied freely. It holds secrets: never print it whole.
/// Empty strings mean "not given". At most one way of authenticating is used, in this order:
/// client certificate (in the TLS handshake) together with the first of `token_file`, `token`,
/// `username`/`password` (in the Authorization header).
struct ClusterAccess {
  /// Base URL, `https://host[:port][/prefix]` or `http://…` (kubectl proxy, tests).
  std::string server{};
  /// PEM of the authorities that may sign the server's certificate. Empty: the system's.
  std::string ca_pem{};
  /// Name to verify the server's certificate for, and to send as SNI, instead of the URL's host.
  std::string tls_server_name{};
  /// Do not verify the server at all. Never together with `ca_pem`.
  bool insecure_skip_tls_verify = false;

  /// PEM of the client certificate (leaf first, then intermediates) and of its private key.
  std::string client_certificate_pem{};
  std::string client_key_pem{};

  /// Static bearer token.
  std::string token{};
  /// File that holds a bearer token. It wins over `token`, is read again when it changes and at
  /// least every minute (projected service account tokens are rotated in place).
  std::string token_file{};

  /// HTTP basic authentication.
  std::string username{};
  std::string password{};

  /// Namespace of the kubeconfig context; empty when the context names none.
  std::string default_namespace{};
  /// Name of the kubeconfig context, for messages.
  std::string context_name{};
};

}  // namespace stepop::kube
