#include "connectors/renewal.hpp"

#include <algorithm>

namespace stepop::connectors {

using std::chrono::seconds;

std::optional<seconds> time_to_renewal(Time now, std::optional<Time> expires_at, unsigned failures, double jitter) {
  constexpr seconds first_pause{2}, longest_pause{60};
  // A cloud that gives credentials which have ended already is not asked without a pause.
  constexpr seconds shortest_life{1};
  if (failures > 0) {
    const unsigned doublings = std::min(failures - 1, 5u);
    return std::min(first_pause * (1 << doublings), longest_pause);
  }
  if (!expires_at) return std::nullopt;
  const double left = static_cast<double>((*expires_at - now).count());
  const double part = 2.0 / 3 - std::clamp(jitter, 0.0, 1.0) / 10;
  return std::max(seconds{static_cast<seconds::rep>(left * part)}, shortest_life);
}

}  // namespace stepop::connectors
