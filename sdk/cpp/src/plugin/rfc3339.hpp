#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace stepop::plugin {

// "2026-01-31T12:00:00.5+01:00" -> a point in time; empty when it is no date-time of RFC 3339.
// Digits beyond microseconds are cut.
std::optional<std::chrono::sys_time<std::chrono::microseconds>> parse_rfc3339(std::string_view text);

}  // namespace stepop::plugin
