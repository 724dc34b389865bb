#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "lifecycle/step_machine.hpp"

namespace stepop::engine {

// When which step wants to be woken: one timer for all of them. THREADS: the loop's.
class Agenda {
 public:
  Agenda(boost::asio::io_context& io, std::function<void(const std::string& step_run_id)> wake)
      : timer_(io), wake_(std::move(wake)) {}

  // Replaces the step's earlier time.
  void set(const std::string& step_run_id, lifecycle::Instant time);
  void clear(const std::string& step_run_id);
  void stop() { timer_.cancel(); }

 private:
  using ByTime = std::multimap<lifecycle::Instant, std::string>;

  void arm();
  void fire();

  boost::asio::steady_timer timer_;
  std::function<void(const std::string&)> wake_;
  std::optional<lifecycle::Instant> armed_;
  ByTime by_time_;
  std::unordered_map<std::string, ByTime::iterator> by_step_;
};

}  // namespace stepop::engine
