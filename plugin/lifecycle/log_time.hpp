#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "kube/timestamp.hpp"

namespace stepop::lifecycle::log_time {

// The times of log lines, in nanoseconds since 1970.

inline constexpr std::int64_t ns_per_second = 1'000'000'000;

// What a line or a host may say reaches further than nanoseconds of 64 bits do: 1677 to 2262. The day in hand is for what
// is added and taken away here.
inline constexpr kube::Timestamp latest_time{
    std::chrono::microseconds{std::numeric_limits<std::int64_t>::max() / 1000} - std::chrono::hours{24}};
inline constexpr kube::Timestamp earliest_time{-latest_time.time_since_epoch()};

inline std::int64_t ns_of(kube::Timestamp time) {
  return std::clamp(time, earliest_time, latest_time).time_since_epoch().count() * 1000;
}

inline kube::Timestamp time_of(std::int64_t ns) {
  return kube::Timestamp{std::chrono::microseconds{ns / 1000}};
}

inline std::int64_t second_of(std::int64_t ns) {
  const std::int64_t down = ns % ns_per_second < 0 ? 1 : 0;
  return ns / ns_per_second - down;
}

}  // namespace stepop::lifecycle::log_time
