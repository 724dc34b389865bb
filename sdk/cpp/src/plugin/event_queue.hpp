// The queue's promises without locks, descriptors or clocks: what coalesces, what is ignored, what
// is dropped.
#pragma once

#include <stepop/plugin.hpp>

#include <deque>
#include <list>
#include <unordered_map>

namespace stepop::plugin {

struct QueuedEvent {
  std::uint32_t kind = 0;
  std::uint32_t state = 0;
  std::uint32_t attempt = 0;
  std::int64_t time_us = 0;
  std::uint64_t ticket = 0;
  std::uint64_t sequence = 0;  // given when it is taken
  std::string step_run_id;
  std::shared_ptr<const std::string> detail;  // JSON text; never null
};

// Lets maps keyed by std::string be searched by string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

class EventQueue {
 public:
  // How many warnings, and how many log lines of the plugin, may wait; what comes on top is dropped
  // and counted. A host that reads at all never has so many.
  static constexpr std::size_t max_waiting = 1024;

  // A state of a step. False when it is not news: it goes backwards in (attempt, state), repeats
  // the newest one with the same detail, or follows a terminal one. A state that the host has not
  // taken yet is replaced by a newer one, which keeps its place in the queue (an ATTACHED event
  // that stands behind it must stay behind it).
  bool state(std::string_view step_run_id, State state, std::uint32_t attempt, std::string detail,
             std::int64_t time_us);
  // False when it was dropped. `kind` is WARNING or PLUGIN_LOG.
  bool bounded(std::uint32_t kind, std::string_view step_run_id, std::string detail, std::int64_t time_us);
  void attached(std::uint64_t ticket, std::string detail, std::int64_t time_us);
  // Forgets the step; events of it that wait stay.
  void forgotten(std::string_view step_run_id, std::string detail, std::int64_t time_us);
  // False when one of this step is waiting already.
  bool displaced(std::string_view step_run_id, std::int64_t time_us);
  // False when one of this stream is waiting already.
  bool log_ready(std::uint64_t ticket, std::string_view step_run_id, std::int64_t time_us);
  // There is nothing to read any more: takes a waiting LOG_READY back. False when there was none.
  bool withdraw_log_ready(std::uint64_t ticket);

  // What waits, oldest first.
  const std::list<QueuedEvent>& waiting() const { return waiting_; }
  // Numbers the first `count` events (their sequence), and removes them. Two steps, so that they
  // can be copied between: when that fails for lack of memory, nothing is lost.
  void number(std::size_t count);
  void pop(std::size_t count);

  // The newest state event of a step, taken or not; NULL when the step is not known. Its sequence
  // is that of the last event that was taken: events up to that one are no newer than this state.
  const QueuedEvent* newest(std::string_view step_run_id) const;

  std::size_t steps() const { return steps_.size(); }
  std::uint64_t dropped() const { return dropped_; }
  // Terminal states that were announced after a terminal state: a plugin's mistake.
  std::uint64_t second_ends() const { return second_ends_; }

 private:
  using Place = std::list<QueuedEvent>::iterator;
  struct Step {
    mutable QueuedEvent newest;  // its sequence is filled in when it is asked for
    std::optional<Place> state_waits;
    std::optional<Place> displaced_waits;
  };
  using Steps = std::unordered_map<std::string, Step, TextHash, std::equal_to<>>;

  Place append(std::uint32_t kind, std::string_view step_run_id, std::string detail, std::int64_t time_us);

  std::list<QueuedEvent> waiting_;
  Steps steps_;
  std::unordered_map<std::uint64_t, Place> log_ready_waits_;
  std::size_t warnings_ = 0;
  std::size_t log_lines_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t second_ends_ = 0;
  // 1, so that a state that is read before any event was taken has a valid sequence too.
  std::uint64_t last_sequence_ = 1;
};

}  // namespace stepop::plugin
