#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "kube/cluster_access.hpp"

namespace stepop::kube {

/// Looks whether the files of a ClusterAccess (CA, client certificate, key) have changed: certificates are
/// rotated in place by whoever keeps them. Internal to the room.
class AccessFiles {
 public:
  using Clock = std::chrono::steady_clock;

  /// Reads what has changed into `access`; true when something did. Seldom more than one stat a file every few
  /// seconds. A file that cannot be read leaves what was read before.
  bool read_again(ClusterAccess& access, Clock::time_point now);

  /// The server said 401: look at the next occasion.
  void look_now() noexcept { looked_at_.reset(); }

 private:
  bool read_again(const std::string& path, std::string& pem);

  std::optional<Clock::time_point> looked_at_;
  std::map<std::string, std::string> seen_;  // by path: what stat said
};

}  // namespace stepop::kube
