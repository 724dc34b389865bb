#pragma once

#include <chrono>
#include <cstdint>

namespace stepop::lifecycle {

// Exponential backoff with jitter: the n-th delay is between half of, and the whole of, min(first * 2^n, most).
// Deterministic for a seed.
class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  Backoff(Duration first, Duration most, std::uint64_t seed);

  Duration next();
  void reset() { failures_ = 0; }
  unsigned failures() const { return failures_; }

 private:
  Duration first_;
  Duration most_;
  std::uint64_t random_;
  unsigned failures_ = 0;
};

}  // namespace stepop::lifecycle
