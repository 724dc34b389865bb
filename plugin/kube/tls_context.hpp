#pragma once

#include <memory>
#include <string>

#include "kube/cluster_access.hpp"

namespace boost::asio::ssl {
class context;
}
typedef struct ssl_st SSL;
typedef struct x509_store_ctx_st X509_STORE_CTX;

namespace stepop::kube {

/// What all TLS connections to one cluster share: trust, client certificate, versions.
/// Internal to the room. Throws ConfigError when a PEM does not parse.
std::shared_ptr<boost::asio::ssl::context> make_tls_context(const ClusterAccess& access);

/// Makes a connection verify that the server is `name` (a DNS name or an IP address), and send it
/// as SNI when it is a DNS name (RFC 6066 allows no IP there).
void expect_server_name(SSL* ssl, const std::string& name, bool is_ip);

/// Why OpenSSL's verification said no, in words; called from within a verify callback.
std::string describe_verify_failure(X509_STORE_CTX* verification, const std::string& wanted_name);

}  // namespace stepop::kube
