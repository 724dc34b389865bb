#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/event.hpp"

namespace stepop::lifecycle {

// Why a pod that has a node does not start, where the pod itself says nothing but ContainerCreating: a volume that cannot
// be mounted, a sandbox that cannot be made. Only its events tell.
struct Explanation {
  std::string_view reason;  // one of reason::*
  std::string message;      // in the cluster's words, after its own word for it: `FailedMount: …`
  bool operator==(const Explanation&) const = default;
};

// The newest warning; nothing when there is none.
std::optional<Explanation> explanation_of(const std::vector<kube::Event>& events);

}  // namespace stepop::lifecycle
