#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kube/pod.hpp"

namespace stepop::simulation {

// One page of a list of pods or Jobs, as an API server writes it.
std::string list_json(kube::Resource resource, const std::vector<std::shared_ptr<const kube::Pod>>& pods,
                      std::uint64_t revision, const std::string& continue_token);

}  // namespace stepop::simulation
