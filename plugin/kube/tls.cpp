#include "kube/tls.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <stdexcept>

namespace stepop::kube {

void initialise_tls() {
  // The first initialisation decides for the whole life of this copy of OpenSSL, so it must come
  // before Asio or anything else touches the library.
  constexpr std::uint64_t options = OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG |
                                    OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS;
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1 ||
      OPENSSL_init_ssl(options, nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not be initialised");
  }
}

void release_tls() noexcept {
  OPENSSL_cleanup();
}

}  // namespace stepop::kube
