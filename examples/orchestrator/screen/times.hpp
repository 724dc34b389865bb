#pragma once

#include <cstdint>
#include <string>

namespace stepop::orchestrator {

// Microseconds since 1970-01-01 UTC.
std::int64_t now_us();
std::string rfc3339(std::int64_t us);     // "2026-01-31T12:00:00.123456Z"
std::string clock_time(std::int64_t us);  // of the local time zone: "12:00:00"
std::string date_time(std::int64_t us);   // of the local time zone: "2026-01-31 12:00:00"
std::string duration(std::int64_t us);    // "0.4s", "12s", "3m05s", "2h07m", "3d04h"

}  // namespace stepop::orchestrator
