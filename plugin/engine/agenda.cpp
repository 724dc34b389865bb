#include "engine/agenda.hpp"

namespace stepop::engine {

void Agenda::set(const std::string& step_run_id, lifecycle::Instant time) {
  const auto known = by_step_.find(step_run_id);
  if (known != by_step_.end()) {
    if (known->second->first == time) return;
    by_time_.erase(known->second);
    known->second = by_time_.emplace(time, step_run_id);
  } else {
    by_step_.emplace(step_run_id, by_time_.emplace(time, step_run_id));
  }
  arm();
}

void Agenda::clear(const std::string& step_run_id) {
  const auto known = by_step_.find(step_run_id);
  if (known == by_step_.end()) return;
  by_time_.erase(known->second);
  by_step_.erase(known);
  arm();
}

void Agenda::arm() {
  if (by_time_.empty()) {
    armed_.reset();
    timer_.cancel();
    return;
  }
  const auto next = by_time_.begin()->first;
  if (armed_ == next) return;
  armed_ = next;
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_.reset();
    fire();
  });
}

void Agenda::fire() {
  const auto now = std::chrono::steady_clock::now();
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    const std::string step_run_id = by_time_.begin()->second;
    by_step_.erase(step_run_id);
    by_time_.erase(by_time_.begin());
    wake_(step_run_id);
  }
  arm();
}

}  // namespace stepop::engine
