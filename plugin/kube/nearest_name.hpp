#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stepop::kube {

/// The candidate that a mistyped name most probably meant, or empty when none is near: at most a
/// third of its characters may differ. Internal to the room.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace stepop::kube
