#include "connectors/encoding.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "kube/targets.hpp"

namespace stepop::connectors {
namespace {

std::string digest(std::string_view bytes, const EVP_MD* kind) {
  std::string hash(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(hash.data()), &size, kind, nullptr) != 1)
    throw std::runtime_error("OpenSSL cannot compute a hash");
  hash.resize(size);
  return hash;
}

struct Moment {
  std::chrono::year_month_day day;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

Moment moment(long long seconds) {
  const std::chrono::sys_seconds at{std::chrono::seconds{seconds}};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<std::chrono::seconds>{at - day}};
}

std::string written(long long seconds, const char* format) {
  const Moment at = moment(seconds);
  char text[40];
  std::snprintf(text, sizeof text, format, static_cast<int>(at.day.year()), static_cast<unsigned>(at.day.month()),
                static_cast<unsigned>(at.day.day()), static_cast<int>(at.time.hours().count()),
                static_cast<int>(at.time.minutes().count()), static_cast<int>(at.time.seconds().count()));
  return text;
}

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

}  // namespace

std::string sha1(std::string_view bytes) {
  return digest(bytes, EVP_sha1());
}

std::string sha256(std::string_view bytes) {
  return digest(bytes, EVP_sha256());
}

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
           bytes.size(), reinterpret_cast<unsigned char*>(mac.data()), &size) == nullptr)
    throw std::runtime_error("OpenSSL cannot compute a MAC");
  mac.resize(size);
  return mac;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<unsigned char>(byte) >> 4];
    text += digits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string base64url(std::string_view bytes) {
  std::string text = base64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  std::size_t characters = 0;
  bool ended = false;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ended = true;
      continue;
    }
    const int value = value_of(c);
    if (value < 0 || ended) return std::nullopt;
    ++characters;
    buffer = (buffer << 6 | static_cast<unsigned>(value)) & 0xFFFFu;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(buffer >> bits & 0xFFu);
  }
  if (characters % 4 == 1) return std::nullopt;
  return bytes;
}

std::string form(const Pairs& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) {
    if (!text.empty()) text += '&';
    text += kube::percent_encode(key) + '=' + kube::percent_encode(value);
  }
  return text;
}

std::string rfc3339(long long seconds) {
  return written(seconds, "%04d-%02u-%02uT%02d:%02d:%02dZ");
}

std::string basic_time(long long seconds) {
  return written(seconds, "%04d%02u%02uT%02d%02d%02dZ");
}

}  // namespace stepop::connectors
