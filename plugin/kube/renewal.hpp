#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace stepop::kube {

/// When credentials that end are made anew, and what requests do meanwhile. Pure: no clock, no I/O.
///
/// They are made anew when three quarters to 85 % of their life has passed, while requests go on with the
/// old ones. A renewal that fails is tried again after 1 s, 2 s, 4 s … 30 s, and again while the old live.
/// Without any that live requests fail, at once, with the reason (whoever sent them tries again later: that
/// delays a step and does not fail it), and wait only while a renewal is under way.
/// A 401 makes them anew once: whoever got it may send the request again, with the new ones. What had ended when it
/// was given is used all the same, since clocks differ and the server decides; a 401 to it is as a renewal that failed.
/// How long they live is reckoned by the server's clock, as its Date headers tell it.
class Renewal {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  using Wall = std::chrono::system_clock::time_point;

  struct Pace {
    /// Credentials that are given with less life, or none, are renewed no sooner.
    std::chrono::milliseconds shortest_life{5'000};
    std::chrono::milliseconds first_retry{1'000};
    std::chrono::milliseconds longest_retry{30'000};
    /// Credentials that are so young and refused are refused for what they are: newer ones would be, too.
    std::chrono::milliseconds fresh{10'000};
  };

  Renewal() = default;
  explicit Renewal(Pace pace) : pace_(pace) {}

  enum class Answer {
    Use,   ///< what was obtained last
    Wait,  ///< until a renewal ends
    Fail,  ///< there are none: problem()
  };

  /// What a request is to do now.
  Answer ask(Steady now) const noexcept;
  /// Whether a renewal is to be started now; then call started(), and later renewed() or failed().
  bool due(Steady now) const noexcept;
  /// When due() is next worth asking; nothing while a renewal is under way, or when none is planned.
  std::optional<Steady> next() const noexcept;

  void started() noexcept { under_way_ = true; }
  /// `expires_at`: nothing for credentials whose end nobody knows. `random`: in [0, 1), spreads renewals.
  void renewed(Steady now, Wall wall, std::optional<Wall> expires_at, double random);
  void failed(Steady now, std::string problem, double random);

  /// The server said 401 to a request that was sent with the credentials of `generation`. True when the
  /// request may be repeated: with newer ones, or once a renewal has ended.
  bool refused(Steady now, std::uint64_t generation) noexcept;

  /// A Date header, and when it came.
  void server_said(Wall date, Wall wall) noexcept;

  /// Counts the renewals that succeeded.
  std::uint64_t generation() const noexcept { return generation_; }
  /// Why the last renewal failed; empty when it did not.
  const std::string& problem() const noexcept { return problem_; }
  /// By how much the server's clock is ahead of ours.
  std::chrono::seconds skew() const noexcept { return skew_; }

 private:
  bool live(Steady now) const noexcept;

  Pace pace_{};
  std::uint64_t generation_ = 0;
  bool under_way_ = false;
  bool refused_ = false;                      // the last ones, by the server
  bool given_late_ = false;                   // the last ones had ended already
  Steady obtained_{};                         // when the last ones were
  std::optional<Steady> ends_;                // nothing: they do not end
  std::optional<Steady> at_ = Steady::min();  // when to renew; nothing: when they are refused
  unsigned failures_ = 0;                     // in a row
  std::string problem_;
  std::chrono::seconds skew_{0};
};

}  // namespace stepop::kube
