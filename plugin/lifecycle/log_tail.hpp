#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kube/pod.hpp"
#include "lifecycle/report.hpp"

namespace stepop::lifecycle {

// The end of a failed step's log, which goes into its terminal event. Pure.

// What a person looks at first, and what fits on a screen beside the reason. It lives as long as the event, and a
// thousand steps that fail at once are 8 MB.
inline constexpr std::int64_t tail_lines = 20;
inline constexpr std::size_t tail_bytes = std::size_t{8} * 1024;

// The container whose last lines tell why a step ended so: main once it started, or the init container that failed.
// Nothing for a success, and where there is no log or nobody who could hand it out. `pod`: the last view of the step's
// newest pod, null when there is none.
std::optional<std::string> container_to_quote(const Report& report, const kube::Pod* pod);

// The last lines of an answer to `GET …/log?timestamps=true&tailLines=N`, without their times, each ended by a newline;
// within both bounds. A last line that is too long keeps its end. Empty when there is nothing to quote.
std::string tail_of(std::string_view answer);

}  // namespace stepop::lifecycle
