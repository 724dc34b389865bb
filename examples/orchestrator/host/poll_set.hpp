// epoll: descriptors, each with a number by which its owner knows it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "run/run_lock.hpp"

namespace stepop::orchestrator {

class PollSet {
 public:
  PollSet();
  void add(int fd, std::uint64_t key);  // readable, level-triggered
  // Keys of what is readable; empty when `timeout` has passed (none: without end) or a signal came.
  std::vector<std::uint64_t> wait(std::optional<std::chrono::milliseconds> timeout);

 private:
  Descriptor epoll_;
};

// A descriptor that is readable once a second.
Descriptor second_timer();
void drain_timer(int fd);

}  // namespace stepop::orchestrator
