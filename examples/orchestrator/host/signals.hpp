// Signals as something to poll. A self-pipe and not a signalfd: that would need the signals
// blocked, and a mask is inherited by every process that a plugin starts, where a handler is not.
#pragma once

#include <vector>

#include "run/run_lock.hpp"

namespace stepop::orchestrator {

// At most one in a process. Restores the old handlers.
class Signals {
 public:
  explicit Signals(std::vector<int> numbers);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  int fd() const { return read_end_.get(); }
  std::vector<int> take();  // what came since the last call, without waiting

 private:
  std::vector<int> numbers_;
  Descriptor read_end_;
  Descriptor write_end_;
};

// A write to a pipe without a reader must be an error and not an end. A handler that does nothing,
// because SIG_IGN would be inherited by the processes that a plugin starts.
void survive_broken_pipes();

}  // namespace stepop::orchestrator
