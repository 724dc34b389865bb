#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/pod.hpp"
#include "kube/status.hpp"

namespace stepop::kube {

// JSON to Pod in one pass, without a DOM. Unknown fields are skipped; a null or a value of the
// wrong type leaves its field at the default; only text that is not JSON, or not the kind of
// object that was asked for, is an error. Pure; any thread.

/// One page of a list of pods ("Kubernetes API Concepts", Retrieving large results sets in chunks).
struct PodList {
  std::string resource_version{};
  /// Not empty: there are more pages.
  std::string continue_token{};
  std::vector<Pod> items{};
};

/// One line of a watch ("Kubernetes API Concepts", Efficient detection of changes).
struct WatchLine {
  enum class Type {
    Added,
    Modified,
    Deleted,    ///< `pod` is its last state
    Bookmark,   ///< `pod` has nothing but metadata.resource_version
    Error,      ///< `status` says why
    Malformed,  ///< not a watch event; `problem` says why
  };
  Type type = Type::Malformed;
  Pod pod{};
  Status status{};
  /// Of a Bookmark: it carries `k8s.io/initial-events-end`, the end of a streaming list.
  bool initial_events_end = false;
  std::string problem{};
};

// All of them read a Job in the same way, where `resource` says so: its pod template is skipped.

/// Reads a Pod. Nothing when it is not JSON or another kind; then `why`, if given, says why.
std::optional<Pod> parse_pod(std::string_view json, std::string* why = nullptr, Resource resource = Resource::Pods);

/// Reads a PodList. Nothing when it is not JSON or another kind; then `why`, if given, says why.
std::optional<PodList> parse_pod_list(std::string_view json, std::string* why = nullptr,
                                      Resource resource = Resource::Pods);

/// Reads one line of a watch, without its newline. Never fails: see WatchLine::Malformed.
WatchLine parse_watch_line(std::string_view line, Resource resource = Resource::Pods);

}  // namespace stepop::kube
