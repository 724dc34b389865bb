#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/pod.hpp"
#include "kube/timestamp.hpp"

namespace stepop::kube {

// Request targets (path and query) of the API's resources. Every part is percent-encoded.

using Query = std::vector<std::pair<std::string, std::string>>;

/// Percent-encodes everything but RFC 3986's unreserved characters.
std::string percent_encode(std::string_view text);

/// `path?key=value&…`; just `path` for an empty query.
std::string with_query(std::string path, const Query& query);

/// A collection: `/api/v1/namespaces/dev/pods` for ("", "v1", "dev", "pods");
/// `/apis/batch/v1/namespaces/dev/jobs` for ("batch", "v1", "dev", "jobs"). With an empty
/// namespace the resource is cluster-wide.
std::string collection_target(std::string_view group, std::string_view version, std::string_view namespace_,
                              std::string_view resource);

/// One object of a collection; `subresource` (`log`, `status`, `eviction`) may be empty.
std::string object_target(std::string_view group, std::string_view version, std::string_view namespace_,
                          std::string_view resource, std::string_view name, std::string_view subresource = {});

std::string collection_target(Resource resource, std::string_view namespace_);
std::string object_target(Resource resource, std::string_view namespace_, std::string_view name);
std::string pods_target(std::string_view namespace_);
std::string pod_target(std::string_view namespace_, std::string_view name);

/// Options of a pod's log (API reference, "read log of the specified Pod").
struct LogQuery {
  std::string container{};
  bool follow = false;
  bool previous = false;
  bool timestamps = true;
  /// Only lines at or after. Kubernetes cuts the fraction: whole seconds alone are exact.
  std::optional<Timestamp> since_time{};
  std::optional<std::int64_t> tail_lines{};
  std::optional<std::int64_t> limit_bytes{};
};

/// The target of a pod's log: for Client::call without `follow`, for Client::stream with it.
std::string pod_log_target(std::string_view namespace_, std::string_view name, const LogQuery& query);

}  // namespace stepop::kube
