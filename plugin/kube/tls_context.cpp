#include "kube/tls_context.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <fstream>

#include "kube/config_error.hpp"

namespace stepop::kube {

namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

// Where Linux distributions keep the authorities they trust. OpenSSL's own default is the path of
// the system it was built on, and asks the environment, which a plugin must not.
constexpr std::array system_bundles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",                   // older RHEL
    "/etc/ssl/ca-bundle.pem",                             // SUSE
    "/etc/ssl/cert.pem",                                  // Alpine, NixOS
};

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "unknown error";
}

Bio memory_bio(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Without a callback OpenSSL would ask for the passphrase on the terminal of the host.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

/// All certificates of a PEM text; other blocks are skipped.
std::vector<Certificate> read_certificates(const std::string& pem, const char* path) {
  std::vector<Certificate> out;
  Bio bio = memory_bio(pem);
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    out.emplace_back(next);
  }
  const unsigned long code = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  const std::string problem = last_openssl_error();
  ERR_clear_error();
  if (out.empty()) {
    throw ConfigError(path, "no certificate", "one or more PEM certificates",
                      at_end ? "there is no BEGIN CERTIFICATE line" : problem);
  }
  if (!at_end) {
    throw ConfigError(path, "a damaged certificate after " + std::to_string(out.size()), "PEM certificates", problem);
  }
  return out;
}

void trust(SSL_CTX* context, const std::string& pem, const char* path) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const Certificate& certificate : read_certificates(pem, path)) {
    X509_STORE_add_cert(store, certificate.get());
  }
}

void trust_system(SSL_CTX* context) {
  for (const char* path : system_bundles) {
    std::ifstream file(path, std::ios::binary);
    if (!file) continue;
    const std::string pem{std::istreambuf_iterator<char>(file), {}};
    try {
      trust(context, pem, path);
      return;
    } catch (const ConfigError&) {
      // Not a usable bundle: the next may be. With none, verification says what it lacks.
    }
  }
}

void use_client_certificate(SSL_CTX* context, const ClusterAccess& access) {
  if (access.client_certificate_pem.empty() != access.client_key_pem.empty()) {
    const bool key_missing = access.client_key_pem.empty();
    throw ConfigError("user", key_missing ? "a client certificate without a key" : "a client key without a certificate",
                      "both client-certificate and client-key, or neither");
  }
  if (access.client_certificate_pem.empty()) return;

  std::vector<Certificate> chain = read_certificates(access.client_certificate_pem, "user.client-certificate");
  Bio bio = memory_bio(access.client_key_pem);
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    const bool encrypted = access.client_key_pem.find("ENCRYPTED") != std::string::npos;
    const std::string problem = last_openssl_error();
    ERR_clear_error();
    throw ConfigError("user.client-key", encrypted ? "an encrypted key" : "no private key",
                      "a PEM private key without a passphrase", encrypted ? std::string() : problem);
  }
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    const std::string problem = last_openssl_error();
    ERR_clear_error();
    throw ConfigError("user.client-certificate", "a certificate that OpenSSL refuses", "a client certificate", problem);
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    SSL_CTX_add1_chain_cert(context, chain[i].get());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    throw ConfigError("user.client-key", "a key that does not belong to the certificate",
                      "the private key of user.client-certificate");
  }
}

std::string to_text(const ASN1_STRING* text) {
  return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
}

std::string certificate_names(X509* certificate) {
  std::string out;
  const auto add = [&out](const std::string& name) {
    if (!out.empty()) out += ", ";
    out += name;
  };
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      add(to_text(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
      const auto* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
      char text[INET6_ADDRSTRLEN] = {};
      const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      if (inet_ntop(family, bytes, text, sizeof text) != nullptr) add(text);
    }
  }
  GENERAL_NAMES_free(names);
  return out.empty() ? "no name at all" : out;
}

std::string name_line(const X509_NAME* name) {
  Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : "(no name)";
}

std::string time_line(const ASN1_TIME* time) {
  Bio bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(bio.get(), time);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : "an unknown date";
}

}  // namespace

std::shared_ptr<boost::asio::ssl::context> make_tls_context(const ClusterAccess& access) {
  auto context = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection holds no buffers
  SSL_CTX_set_default_passwd_cb(native, no_passphrase);
  static constexpr unsigned char http_1_1[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(native, http_1_1, sizeof http_1_1 - 1);

  if (access.insecure_skip_tls_verify) {
    if (!access.ca_pem.empty()) {
      throw ConfigError("cluster", "insecure-skip-tls-verify with a certificate-authority", "one of the two");
    }
    SSL_CTX_set_verify(native, SSL_VERIFY_NONE, nullptr);
  } else {
    if (access.ca_pem.empty()) {
      trust_system(native);
    } else {
      trust(native, access.ca_pem, "cluster.certificate-authority");
    }
    SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
    // As kubectl (Go) has it: whatever stands in the CA file is an anchor, an intermediate or
    // the server's own certificate included, and only SANs are names.
    X509_VERIFY_PARAM* param = SSL_CTX_get0_param(native);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  }
  use_client_certificate(native, access);
  return context;
}

void expect_server_name(SSL* ssl, const std::string& name, bool is_ip) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_host(param, name.data(), name.size());
    SSL_set_tlsext_host_name(ssl, name.c_str());
  }
}

std::string describe_verify_failure(X509_STORE_CTX* verification, const std::string& wanted_name) {
  const int error = X509_STORE_CTX_get_error(verification);
  X509* current = X509_STORE_CTX_get_current_cert(verification);
  X509* leaf = X509_STORE_CTX_get0_cert(verification);
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the server's certificate is for " + (leaf != nullptr ? certificate_names(leaf) : "another name") +
             ", not for " + wanted_name;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the server's certificate is signed by an unknown authority (" +
             (current != nullptr ? name_line(X509_get_issuer_name(current)) : std::string("unknown")) + ")";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate" + std::string(current != leaf ? " chain has a certificate that" : "") +
             " expired on " +
             (current != nullptr ? time_line(X509_get0_notAfter(current)) : std::string("an unknown date"));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid before " +
             (current != nullptr ? time_line(X509_get0_notBefore(current)) : std::string("an unknown date")) +
             "; is this machine's clock right?";
    default:
      return std::string("the server's certificate was refused: ") + X509_verify_cert_error_string(error);
  }
}

}  // namespace stepop::kube
