// When credentials are obtained anew. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "connectors/surroundings.hpp"

namespace stepop::connectors {

// From `now` until the next try; nothing when there is none: they do not end. `failures`: how many tries have failed since
// the last one that did not. Credentials are renewed after two thirds of what is left of their life, and a tenth earlier at
// most: `jitter` (0 to 1) keeps many operators from asking at once. A try that failed is made again after 2 s, twice as long
// each time, up to a minute.
std::optional<std::chrono::seconds> time_to_renewal(Time now, std::optional<Time> expires_at, unsigned failures,
                                                    double jitter);

}  // namespace stepop::connectors
