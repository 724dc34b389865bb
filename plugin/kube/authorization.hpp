#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "kube/cluster_access.hpp"

namespace stepop::kube {

/// Makes the value of the Authorization header; reads a token file again as it is rotated.
/// Internal to the room.
class Authorization {
 public:
  using Clock = std::chrono::steady_clock;

  /// Throws ConfigError for a token that no header can hold.
  explicit Authorization(const ClusterAccess& access);

  /// Empty when no header is to be sent. Nothing when the token file has never been readable;
  /// then problem() says why. A file that has become unreadable leaves the last token in use.
  std::optional<std::string> header(Clock::time_point now);

  /// The server said 401: look at the file again before the next request.
  void refused() noexcept;

  /// Counts the tokens that were read: another one, another number.
  std::uint64_t generation() const noexcept { return generation_; }

  const std::string& problem() const noexcept { return problem_; }

 private:
  void read_token_file(Clock::time_point now);

  std::string fixed_;
  std::filesystem::path token_file_;
  std::string from_file_;
  std::filesystem::file_time_type modified_{};
  std::optional<Clock::time_point> looked_at_;
  std::optional<Clock::time_point> read_at_;
  std::string problem_;
  std::uint64_t generation_ = 0;
};

}  // namespace stepop::kube
