// The event queue shared by the plugin's threads and the host's: locked, waited for, and polled by
// event_fd.
#pragma once

#include <stepop/plugin.hpp>

#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "event_queue.hpp"

namespace stepop::plugin {

class EventStream final : public Events {
 public:
  EventStream();  // throws Error(UNAVAILABLE) when the process has no descriptor left
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;
  ~EventStream() override;

  // ---- The plugin's side.
  bool state(StepState state) override;
  void warning(std::string_view step_run_id, std::string_view code, std::string_view message,
               std::string_view hint) override;
  void plugin_log(std::string_view level, std::string_view message) override;
  void attached(std::uint64_t ticket, const std::vector<std::string>& step_run_ids) override;
  void forgotten(std::string_view step_run_id, bool deleted) override;
  void displaced(std::string_view step_run_id) override;
  std::optional<StepState> last(std::string_view step_run_id) const override;

  // Of log pipes.
  void log_ready(std::uint64_t ticket, std::string_view step_run_id);
  void withdraw_log_ready(std::uint64_t ticket);

  // ---- The host's side. `timeout` < 0 is without end.
  // Up to `max` events; NULL when nothing came in time, or when the stream is closed and empty.
  stepop_batch* take(std::uint32_t max, std::chrono::milliseconds timeout);
  // The newest state of a step; NULL when it is not known.
  stepop_batch* newest(std::string_view step_run_id);
  // Whether a step is known, and terminal.
  std::optional<bool> ended(std::string_view step_run_id) const;

  enum class Wait { ended, not_found, timeout, closed };
  Wait wait(std::string_view step_run_id, std::chrono::milliseconds timeout, stepop_batch** out);

  int descriptor() const { return descriptor_; }
  std::uint64_t new_ticket();
  std::uint64_t second_ends() const;

  // Wakes all who wait; nobody waits any more. The descriptor is readable for good.
  void close();
  bool closed() const;

 private:
  // One thread in `wait`. On that thread's stack.
  struct Waiter {
    std::condition_variable woken;
    std::optional<Wait> result;
    std::optional<QueuedEvent> event;
  };
  using Waiters = std::unordered_multimap<std::string, Waiter*, TextHash, std::equal_to<>>;

  // With the lock held, after the queue has changed.
  void signal();
  void quiet();
  void wake(std::string_view step_run_id, Wait result);

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  EventQueue queue_;
  Waiters waiters_;
  std::uint64_t tickets_ = 0;
  bool closed_ = false;
  bool readable_ = false;  // what the descriptor says
  int descriptor_ = -1;
};

}  // namespace stepop::plugin
