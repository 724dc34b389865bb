#include "connectors/jwt.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <boost/json/serialize.hpp>
#include <cstring>
#include <stdexcept>
#include <stepop/plugin.hpp>

#include "connectors/encoding.hpp"

namespace stepop::connectors {
namespace {

using plugin::Error;
using plugin::Finding;

Error wrong(const std::string& path, const std::string& message) {
  ERR_clear_error();
  return Error(STEPOP_E_INVALID, std::vector<Finding>{{Finding::Level::error, "WrongValue", path, message, "", false}});
}

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bio reading(std::string_view pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
}

struct Password {
  const std::string& text;
  bool asked = false;
};

int give_password(char* buffer, int size, int, void* user) {
  auto& password = *static_cast<Password*>(user);
  password.asked = true;
  if (password.text.empty() || password.text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, password.text.data(), password.text.size());
  return static_cast<int>(password.text.size());
}

}  // namespace

PrivateKey PrivateKey::read(std::string_view pem, const std::string& password, const std::string& path) {
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos)
    throw wrong(path, "expected PEM with a PRIVATE KEY, found none");
  Password given{password};
  const Bio bio = reading(pem);
  std::shared_ptr<void> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &given),
                            [](void* held) { EVP_PKEY_free(static_cast<EVP_PKEY*>(held)); });
  if (!key) {
    if (given.asked && password.empty()) throw wrong(path, "the private key is encrypted, and no password is given");
    if (given.asked) throw wrong(path, "the private key does not open with the password that is given");
    throw wrong(path, "the private key cannot be read: it is cut, or damaged");
  }
  if (EVP_PKEY_get_base_id(static_cast<EVP_PKEY*>(key.get())) != EVP_PKEY_RSA)
    throw wrong(path, "found a private key of another kind, expected an RSA key");
  return PrivateKey(std::move(key));
}

std::string PrivateKey::signed_token(json::object header, const json::object& claims, Algorithm algorithm) const {
  header["typ"] = "JWT";
  header["alg"] = algorithm == Algorithm::RS256 ? "RS256" : "PS256";
  const std::string text = base64url(json::serialize(header)) + "." + base64url(json::serialize(claims));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_PKEY_CTX* options = nullptr;  // the context's
  bool fine =
      EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, static_cast<EVP_PKEY*>(key_.get())) == 1;
  if (fine && algorithm == Algorithm::PS256) {
    fine = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
  }
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  fine = fine && EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  std::string signature(size, '\0');
  fine = fine && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                                text.size()) == 1;
  if (!fine) throw std::runtime_error("OpenSSL cannot sign");
  signature.resize(size);
  return text + "." + base64url(signature);
}

std::string certificate_thumbprint(std::string_view pem, const std::string& path) {
  const Bio bio = reading(pem);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                                                X509_free);
  if (!certificate) throw wrong(path, "expected PEM with a CERTIFICATE, found none that can be read");
  std::string hash(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), reinterpret_cast<unsigned char*>(hash.data()), &size) != 1)
    throw std::runtime_error("OpenSSL cannot compute a hash");
  hash.resize(size);
  return hash;
}

}  // namespace stepop::connectors
