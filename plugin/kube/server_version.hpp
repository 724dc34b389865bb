#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stepop::kube {

/// What `GET /version` says ("Kubernetes API Concepts"; version.Info of apimachinery).
struct ServerVersion {
  int major = 0;
  int minor = 0;
  std::string text{};  ///< e.g. v1.34.2, v1.34.1-gke.1200
};

/// Nothing when it is not such an object. A provider's "34+" is 34.
std::optional<ServerVersion> parse_server_version(std::string_view body);

/// The four newest minors are supported, of which the tests use the oldest. A release of stepop moves them on.
inline constexpr int oldest_supported_minor = 34;
inline constexpr int newest_supported_minor = 37;
constexpr bool is_supported(const ServerVersion& version) {
  return version.major == 1 && version.minor >= oldest_supported_minor && version.minor <= newest_supported_minor;
}

}  // namespace stepop::kube
