#include "kube/renewal.hpp"

#include <algorithm>
#include <utility>

namespace stepop::kube {
namespace {

using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;

// Of a life: early enough that a source which is away for a while is missed by nobody.
constexpr double earliest = 0.75;
constexpr double spread = 0.10;
// A Date header has whole seconds, and was on its way.
constexpr auto negligible_skew = 2s;

std::chrono::steady_clock::duration of(Seconds seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds);
}

}  // namespace

bool Renewal::live(Steady now) const noexcept {
  return generation_ > 0 && !refused_ && (!ends_ || now < *ends_);
}

Renewal::Answer Renewal::ask(Steady now) const noexcept {
  if (live(now)) return Answer::Use;
  if (under_way_ || due(now)) return Answer::Wait;
  return Answer::Fail;
}

bool Renewal::due(Steady now) const noexcept {
  return !under_way_ && at_ && *at_ <= now;
}

std::optional<Renewal::Steady> Renewal::next() const noexcept {
  return under_way_ ? std::nullopt : at_;
}

void Renewal::renewed(Steady now, Wall wall, std::optional<Wall> expires_at, double random) {
  under_way_ = false;
  refused_ = false;
  given_late_ = false;
  ++generation_;
  failures_ = 0;
  problem_.clear();
  obtained_ = now;
  if (!expires_at) {
    ends_.reset();
    at_.reset();
    return;
  }
  // A life that no clock can hold would overflow the addition below.
  constexpr Seconds longest = std::chrono::hours{24 * 365};
  const Seconds left = std::min(Seconds(*expires_at - wall) - Seconds(skew_), longest);
  const Seconds life = std::max(left, Seconds(pace_.shortest_life));
  given_late_ = left <= Seconds(0);
  ends_ = now + of(life);
  at_ = now + std::max(of(life * (earliest + spread * random)), of(pace_.shortest_life));
}

void Renewal::failed(Steady now, std::string problem, double random) {
  under_way_ = false;
  problem_ = std::move(problem);
  const Seconds delay = std::min(Seconds(pace_.first_retry) * static_cast<double>(1u << std::min(failures_, 10u)),
                                 Seconds(pace_.longest_retry));
  ++failures_;
  at_ = now + of(delay * (0.75 + 0.5 * random));
}

bool Renewal::refused(Steady now, std::uint64_t generation) noexcept {
  if (generation < generation_) return true;  // newer ones are there already
  if (under_way_ || refused_) {
    refused_ = true;
    return true;
  }
  if (given_late_) {
    // Those of the next renewal, which is planned, may be others.
    refused_ = true;
    problem_ = "the credentials that were given had expired already";
    return true;
  }
  if (now - obtained_ < pace_.fresh) return false;
  refused_ = true;
  at_ = now;
  return true;
}

void Renewal::server_said(Wall date, Wall wall) noexcept {
  const auto ahead = std::chrono::round<std::chrono::seconds>(date - wall);
  skew_ = std::chrono::abs(ahead) <= negligible_skew ? std::chrono::seconds{0} : ahead;
}

}  // namespace stepop::kube
