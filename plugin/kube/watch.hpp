#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "kube/watch_machine.hpp"

namespace stepop::kube {

/// A WatchMachine and whatever carries out what it asks: PodWatch over a Client, or a simulated cluster.
class Watch {
 public:
  using Consumer = std::function<void(WatchNotice)>;

  /// The consumer may do so from within a call to it. After it has returned the consumer is not called any more.
  virtual ~Watch() = default;

  /// Once. The consumer is never called from within it.
  virtual void start() = 0;
  /// For good: the consumer is not called any more. Idempotent.
  virtual void stop() = 0;

  /// As WatchMachine says.
  virtual std::optional<Instant> synced_since() const noexcept = 0;
  virtual bool unbroken() const noexcept = 0;

 protected:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

/// Makes a watch, which is not started yet.
using WatchFactory = std::function<std::unique_ptr<Watch>(WatchOptions, Watch::Consumer)>;

}  // namespace stepop::kube
