// "Did you mean": the name that a person probably meant. For hosts and plugins alike.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stepop {

// The candidate that is nearest to `name` by insertions, deletions and substitutions; "" when all
// are further than a third of the longer name away (but at least one edit is always allowed).
inline std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t least = 0;
  for (const std::string& candidate : candidates) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= name.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t substituted = diagonal + (name[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
      }
    }
    const std::size_t distance = row.back();
    const std::size_t allowed = std::max<std::size_t>(1, std::max(name.size(), candidate.size()) / 3);
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
