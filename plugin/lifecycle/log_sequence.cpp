#include "lifecycle/log_sequence.hpp"

#include <iterator>
#include <utility>

namespace stepop::lifecycle {

LogSequence::Actions LogSequence::on_pod(std::uint32_t attempt, bool over) {
  if (reading_ == attempt) {
    reading_over_ = reading_over_ || over;
  } else if (attempt >= next_) {
    later_[attempt] = over;
  }
  return decide();
}

LogSequence::Actions LogSequence::start() {
  started_ = true;
  if (newest_only_ && !later_.empty()) {
    later_.erase(later_.begin(), std::prev(later_.end()));
    next_ = later_.begin()->first;
  }
  return decide();
}

LogSequence::Actions LogSequence::on_read() {
  reading_.reset();
  return decide();
}

LogSequence::Actions LogSequence::on_step_ended() {
  step_ended_ = true;
  return decide();
}

LogSequence::Actions LogSequence::decide() {
  using Kind = Action::Kind;
  Actions actions;
  if (!started_ || end_told_) return actions;
  if (reading_) {
    const bool replaced = !later_.empty();
    if (replaced && !reading_over_ && !std::exchange(gave_up_, true)) actions.push_back({Kind::give_up, *reading_});
    return actions;
  }
  if (!later_.empty()) {
    const auto [attempt, over] = *later_.begin();
    later_.erase(later_.begin());
    for (; next_ < attempt; ++next_) actions.push_back({Kind::lost, next_});
    actions.push_back({Kind::follow, attempt});
    next_ = attempt + 1;
    reading_ = attempt;
    reading_over_ = over;
    gave_up_ = false;
    return actions;
  }
  if (step_ended_) {
    end_told_ = true;
    actions.push_back({Kind::end, 0});
  }
  return actions;
}

}  // namespace stepop::lifecycle
