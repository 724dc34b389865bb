#pragma once

#include <string_view>

#include "kube/pod.hpp"

namespace stepop::lifecycle {

// A container, as far as its log is concerned.
enum class ContainerLife {
  unbound,  // the pod has no node yet
  waiting,  // it has a node, but has not started
  running,
  ended,  // it ran, and is over
  // Over; the kubelet does not know any more whether it ran (ContainerStatusUnknown without an id).
  status_lost,
  never_ran,  // the pod is over without it
};
ContainerLife container_life(const kube::Pod& pod, std::string_view container);

}  // namespace stepop::lifecycle
