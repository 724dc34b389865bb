#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace stepop::kube {

/// A moment by the clocks of the cluster, in microseconds since 1970-01-01T00:00:00Z.
/// Kubernetes writes `Time` in whole seconds and `MicroTime` with six digits.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Reads RFC 3339 (`2024-05-06T07:08:09Z`, `…09.123456Z`, `…+02:00`). Digits beyond the
/// microsecond are cut. Nothing when it is not RFC 3339.
std::optional<Timestamp> parse_rfc3339(std::string_view text) noexcept;

/// `2024-05-06T07:08:09Z`, or with six digits when it is not a whole second.
std::string format_rfc3339(Timestamp time);

/// The same moment for our own clock, whose nanoseconds end in 2262: what is written as "never" (the year 2999,
/// 9999) is the end of 2199, what is before 1970 is 1970, and neither overflows when it is compared.
std::chrono::system_clock::time_point to_wall_clock(Timestamp time) noexcept;

/// Reads an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`, IMF-fixdate only).
std::optional<Timestamp> parse_http_date(std::string_view text) noexcept;

}  // namespace stepop::kube
