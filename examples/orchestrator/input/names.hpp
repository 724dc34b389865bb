// Names for people: the one that was meant, and lists of them.
#pragma once

#include <stepop/nearest_name.hpp>
#include <string>
#include <vector>

namespace stepop::orchestrator {

// "a, b, c"; "(none)" when empty.
std::string listed(const std::vector<std::string>& names);

}  // namespace stepop::orchestrator
