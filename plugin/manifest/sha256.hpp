#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stepop::manifest {

using Sha256 = std::array<std::uint8_t, 32>;

// Throws std::runtime_error when OpenSSL has no SHA-256 to give.
Sha256 sha256(std::string_view bytes);

// The first `bytes` bytes, in hex.
std::string hex(const Sha256& hash, std::size_t bytes);
// The first 80 bits in base32 (RFC 4648's alphabet in lower case): 16 characters.
std::string base32_of_80_bits(const Sha256& hash);

}  // namespace stepop::manifest
