#include "test_keys.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace stepop::connectors {
namespace {

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

void require(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a test key");
}

TestKey make() {
  TestKey made;
  EVP_PKEY* key = EVP_RSA_gen(2048);
  require(key != nullptr);
  BIO* plain = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PKCS8PrivateKey(plain, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  made.pem = text_of(plain);
  BIO* encrypted = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PKCS8PrivateKey(encrypted, key, EVP_aes_128_cbc(), made.password.data(),
                                        static_cast<int>(made.password.size()), nullptr, nullptr) == 1);
  made.encrypted = text_of(encrypted);
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  require(X509_sign(certificate, key, EVP_sha256()) != 0);
  BIO* written = BIO_new(BIO_s_mem());
  require(PEM_write_bio_X509(written, certificate) == 1);
  made.certificate = text_of(written);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace

const TestKey& test_key() {
  static const TestKey made = make();
  return made;
}

}  // namespace stepop::connectors
