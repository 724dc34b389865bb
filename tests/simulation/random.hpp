#pragma once

#include <chrono>
#include <cstdint>

namespace stepop::simulation {

using Instant = std::chrono::steady_clock::time_point;
using Duration = std::chrono::microseconds;

constexpr Duration milliseconds(std::int64_t n) {
  return std::chrono::milliseconds(n);
}
constexpr Duration seconds(std::int64_t n) {
  return std::chrono::seconds(n);
}

// splitmix64. Every actor has one of its own, so that taking one fault out of a schedule leaves the others' chances
// as they were.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // In [0, n). REQUIRES: n > 0.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((next() >> 32) * n) >> 32); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  Duration between(Duration least, Duration most) {
    const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
    return least + Duration(static_cast<std::int64_t>(next() % span));
  }
  // A stream of its own, the same for the same key.
  Random fork(std::uint64_t key) const { return Random(Random(state_ ^ (key * 0xd1342543de82ef95u)).next()); }

 private:
  std::uint64_t state_;
};

}  // namespace stepop::simulation
