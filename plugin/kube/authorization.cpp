#include "kube/authorization.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "kube/config_error.hpp"

namespace stepop::kube {

namespace {

using namespace std::chrono_literals;

// The kubelet rotates a projected token at 80 % of its life (at least minutes before it expires):
// a look every few seconds is early enough and costs one stat.
constexpr auto look_every = 5s;
// Read whatever the times say: some file systems keep them coarsely or wrongly.
constexpr auto read_every = 60s;

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) -> unsigned {
      return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u;
    };
    const unsigned triple = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += digits[triple >> 18 & 63];
    out += digits[triple >> 12 & 63];
    out += i + 1 < bytes.size() ? digits[triple >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? digits[triple & 63] : '=';
  }
  return out;
}

bool fits_in_a_header(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Authorization::Authorization(const ClusterAccess& access) : token_file_(access.token_file) {
  if (!token_file_.empty()) return;
  if (!access.token.empty()) {
    if (!fits_in_a_header(access.token)) {
      throw ConfigError("user.token", "a token with spaces or control characters", "a bearer token",
                        "a line break at its end?");
    }
    fixed_ = "Bearer " + access.token;
  } else if (!access.username.empty() || !access.password.empty()) {
    if (access.username.find(':') != std::string::npos) {
      throw ConfigError("user.username", "a name with ':'", "a name without ':'");
    }
    fixed_ = "Basic " + base64(access.username + ':' + access.password);
  }
}

std::optional<std::string> Authorization::header(Clock::time_point now) {
  if (token_file_.empty()) return fixed_;
  if (!looked_at_ || now - *looked_at_ >= look_every) read_token_file(now);
  if (from_file_.empty()) return std::nullopt;
  return from_file_;
}

void Authorization::refused() noexcept {
  looked_at_.reset();
  read_at_.reset();
}

void Authorization::read_token_file(Clock::time_point now) {
  looked_at_ = now;
  std::error_code error;
  const auto modified = std::filesystem::last_write_time(token_file_, error);
  if (!error && read_at_ && modified == modified_ && now - *read_at_ < read_every) return;

  std::ifstream file(token_file_, std::ios::binary);
  std::string token;
  if (file) token.assign(std::istreambuf_iterator<char>(file), {});
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
  if (!fits_in_a_header(token)) {
    problem_ = "the token file " + token_file_.string() +
               (!file           ? " cannot be read"
                : token.empty() ? " is empty"
                                : " holds no token");
    return;
  }
  from_file_ = "Bearer " + token;
  modified_ = modified;
  read_at_ = now;
  problem_.clear();
}

}  // namespace stepop::kube
