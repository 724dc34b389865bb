// The name that a person probably meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::orchestrator {

// The candidate nearest to `name` by insertions, deletions, substitutions and swaps of neighbours;
// none when all are further away than a third of its length (at least 2, and 1 for a name of up to
// 3).
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// `did you mean "x"?`, or when nothing is near: `expected one of a, b, c`, or "" without
// candidates.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// "a, b, c"; "(none)" when empty.
std::string listed(const std::vector<std::string>& names);

}  // namespace stepop::orchestrator
