// "Did you mean": the name that a person probably meant. For hosts and plugins alike.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stepop {

// The candidate that is nearest to `name` by insertions, deletions, substitutions and swaps of neighbours; "" when all are
// further than a third of the longer name away (at least 2, and 1 for names of up to 3), or longer than names are.
inline std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest = 200;  // bounds the work
  if (name.empty() || name.size() > longest) return "";
  std::string nearest;
  std::size_t least = 0;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest) continue;
    std::vector<std::size_t> before(candidate.size() + 1), previous(before), row(before);
    for (std::size_t j = 0; j < previous.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= name.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t substituted = previous[j - 1] + (name[i - 1] == candidate[j - 1] ? 0 : 1);
        row[j] = std::min({substituted, previous[j] + 1, row[j - 1] + 1});
        if (i > 1 && j > 1 && name[i - 1] == candidate[j - 2] && name[i - 2] == candidate[j - 1])
          row[j] = std::min(row[j], before[j - 2] + 1);
      }
      before.swap(previous);
      previous.swap(row);
    }
    const std::size_t distance = previous.back();
    const std::size_t longer = std::max(name.size(), candidate.size());
    const std::size_t allowed = longer < 4 ? 1 : std::max<std::size_t>(2, longer / 3);
    if (distance <= allowed && (nearest.empty() || distance < least)) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

// `did you mean "x"?`; or, when nothing is near, `expected one of a, b, c`; or "" without
// candidates.
inline std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  if (const std::string nearest = nearest_name(name, candidates); !nearest.empty())
    return "did you mean \"" + nearest + "\"?";
  std::string list;
  for (const std::string& candidate : candidates) list += (list.empty() ? "expected one of " : ", ") + candidate;
  return list;
}

}  // namespace stepop
