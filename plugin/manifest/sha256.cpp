#include "manifest/sha256.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace stepop::manifest {

Sha256 sha256(std::string_view bytes) {
  Sha256 hash{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &size, EVP_sha256(), nullptr) != 1 || size != hash.size()) {
    throw std::runtime_error("OpenSSL cannot compute SHA-256");
  }
  return hash;
}

std::string hex(const Sha256& hash, std::size_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) {
    text += digits[hash[i] >> 4];
    text += digits[hash[i] & 15];
  }
  return text;
}

std::string base32_of_80_bits(const Sha256& hash) {
  constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string text;
  unsigned buffer = 0, bits = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    buffer = (buffer << 8) | hash[i];
    for (bits += 8; bits >= 5; bits -= 5) text += digits[(buffer >> (bits - 5)) & 31];
    buffer &= 0xFF;
  }
  return text;
}

}  // namespace stepop::manifest
