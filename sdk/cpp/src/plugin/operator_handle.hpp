// What is behind a host's stepop_operator and stepop_logs.
#pragma once

#include <stepop/plugin.hpp>

#include <sys/types.h>

#include <atomic>
#include <shared_mutex>

#include "bounded_log_pipe.hpp"
#include "event_stream.hpp"

struct stepop_operator {
  // Opens `flavor`; throws what its `open` throws.
  stepop_operator(const stepop::plugin::Flavor& flavor, const stepop::plugin::json::object& config);

  // The process that opened it. Compared at each call, because a forked child has our memory but
  // not our threads; no pthread_atfork, whose handler would still be there after the library is
  // unloaded.
  const pid_t opener;
  const std::shared_ptr<stepop::plugin::EventStream> events;
  std::unique_ptr<stepop::plugin::Operator> implementation;

  // Calls into the implementation hold `calls` shared; `shutdown` takes it alone for the moment in
  // which it makes sure that none is under way and none follows. `check` and `render`, which block,
  // do not hold it (see blocking).
  std::shared_mutex calls;
  std::atomic<bool> closed{false};

  bool forked() const noexcept;
  // Throws Error: FORKED, CLOSED.
  void require_open() const;
  // Runs a call that may block and so does not keep `shutdown` out: what it says after that is not told.
  template <class Call>
  auto blocking(Call&& call) const {
    require_open();
    try {
      auto result = call(*implementation);
      require_open();
      return result;
    } catch (...) {
      require_open();  // shut down meanwhile: that is the reason
      throw;
    }
  }
  // Returns false when it was shut down before.
  bool shutdown(std::chrono::milliseconds timeout);
};

struct stepop_logs {
  stepop_operator* op;
  std::shared_ptr<stepop::plugin::BoundedLogPipe> pipe;
};
