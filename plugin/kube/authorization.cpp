#include "kube/authorization.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "kube/config_error.hpp"
#include "kube/proxy.hpp"

namespace stepop::kube {

namespace {

using namespace std::chrono_literals;

// The kubelet rotates a projected token at 80 % of its life (at least minutes before it expires):
// a look every few seconds is early enough and costs one stat.
constexpr auto look_every = 5s;
// Read whatever the times say: some file systems keep them coarsely or wrongly.
constexpr auto read_every = 60s;

bool fits_in_a_header(std::string_view token) {
  return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

}  // namespace

Authorization::Authorization(const ClusterAccess& access) : token_file_(access.token_file) {
  if (!token_file_.empty()) {
    // As kubectl has it: the token beside a token file is used while the file cannot be read.
    if (fits_in_a_header(access.token)) from_file_ = "Bearer " + access.token;
    return;
  }
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
    fixed_ = basic_authorization(access.username, access.password);
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
  token = "Bearer " + token;
  if (token != from_file_) ++generation_;
  from_file_ = std::move(token);
  modified_ = modified;
  read_at_ = now;
  problem_.clear();
}

}  // namespace stepop::kube
