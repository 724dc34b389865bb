#include "lifecycle/backoff.hpp"

#include <algorithm>

namespace stepop::lifecycle {

Backoff::Backoff(Duration first, Duration most, std::uint64_t seed)
    : first_(first), most_(most), random_(seed * 2 + 1) {}

Backoff::Duration Backoff::next() {
  // Beyond 2^20 the bound has long been reached; shifting further would overflow.
  constexpr unsigned most_doublings = 20;
  const auto whole = std::min(most_, Duration(first_.count() << std::min(failures_, most_doublings)));
  ++failures_;
  // Knuth's MMIX constants: jitter needs spread, not secrecy.
  random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL;
  const double unit = static_cast<double>(random_ >> 11) / static_cast<double>(1ULL << 53);
  return Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * (0.5 + unit / 2)));
}

}  // namespace stepop::lifecycle
