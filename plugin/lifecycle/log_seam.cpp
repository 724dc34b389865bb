#include "lifecycle/log_seam.hpp"

#include <algorithm>
#include <limits>

#include "lifecycle/log_time.hpp"

namespace stepop::lifecycle {
namespace {

using namespace log_time;

// Two streams of one container are written by two threads of the runtime, each with a time of its
// own: a line may be a little older than the one before it. Resuming reaches back by this much, or
// such a line at a second's end is lost.
constexpr std::int64_t out_of_order_ns = 100'000'000;

std::int64_t second_to_resume_from(std::int64_t ns) {
  return second_of(ns - out_of_order_ns);
}

}  // namespace

LogSeam::LogSeam(std::size_t remember)
    : remember_(std::max<std::size_t>(remember, 1)),
      forgotten_until_(std::numeric_limits<std::int64_t>::min()),
      latest_(std::numeric_limits<std::int64_t>::min()) {}

void LogSeam::add(Line line) {
  lines_.push_back(line);
  latest_ = std::max(latest_, line.ns);
  const std::int64_t from = second_to_resume_from(line.ns);
  sums_.erase(sums_.begin(), sums_.lower_bound(from));
  while (second_of(lines_.front().ns) < from || lines_.size() > remember_) {
    const Line forgotten = lines_.front();
    lines_.pop_front();
    ignore_until(forgotten.ns);
    if (second_of(forgotten.ns) < from) continue;
    Sum& sum = sums_[second_of(forgotten.ns)];
    ++sum.count;
    sum.hashes += forgotten.hash;
  }
}

void LogSeam::ignore_until(std::int64_t ns) {
  forgotten_until_ = std::max(forgotten_until_, ns);
}

std::optional<kube::Timestamp> LogSeam::resume_second() const {
  if (lines_.empty()) return std::nullopt;
  return kube::Timestamp{std::chrono::seconds{second_to_resume_from(lines_.back().ns)}};
}

std::optional<std::int64_t> LogSeam::last_ns() const {
  if (lines_.empty()) return std::nullopt;
  return lines_.back().ns;
}

void LogSeam::begin_read(bool file_was_cut) {
  next_ = 0;
  counted_ = to_count_ = {};
  for (const auto& [second, sum] : sums_) {
    to_count_.count += sum.count;
    to_count_.hashes += sum.hashes;
  }
  if (lines_.empty()) {
    stage_ = Stage::passed;
    return;
  }
  stage_ = to_count_.count > 0 && !file_was_cut ? Stage::counting : Stage::matching;
  earliest_remembered_ =
      std::min_element(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.ns < b.ns; })->ns;
}

LogSeam::Verdict LogSeam::judge(Line line) {
  switch (stage_) {
    case Stage::passed:
      return Verdict::fresh;
    case Stage::matching:
      return match(line);
    case Stage::counting:
      break;
  }
  // Nothing newer than all that was handed on can come before all that has come.
  if (line.ns > latest_) return Verdict::recount;
  ++counted_.count;
  counted_.hashes += line.hash;
  if (counted_.count < to_count_.count) return Verdict::known;
  if (counted_.hashes != to_count_.hashes) return Verdict::recount;
  stage_ = Stage::matching;
  return Verdict::known;
}

LogSeam::Verdict LogSeam::match(Line line) {
  // Mostly the expected one. A later one: the file lost its beginning. What comes before a
  // remembered line was handed on before it.
  std::size_t found = lines_.size();
  if (line == lines_[next_]) {
    found = next_;
  } else if (line.ns >= earliest_remembered_) {
    const auto from = lines_.begin() + static_cast<std::ptrdiff_t>(next_);
    found = static_cast<std::size_t>(std::find(from, lines_.end(), line) - lines_.begin());
  }
  if (found < lines_.size()) {
    next_ = found + 1;
    if (next_ < lines_.size()) return Verdict::known;
    stage_ = Stage::passed;
    return Verdict::last;
  }
  if (line.ns <= forgotten_until_) return Verdict::known;
  stage_ = Stage::passed;
  return Verdict::after_gap;
}

}  // namespace stepop::lifecycle
