#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "random.hpp"

namespace stepop::simulation {

class Handler;

// Something that happens at a moment of virtual time. What `what`, `a` and `b` mean is the handler's.
struct Event {
  Instant time;
  std::uint64_t order = 0;  // of two at the same moment the one that was planned first happens first
  Handler* who = nullptr;
  std::uint32_t what = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

class Handler {
 public:
  virtual void on_event(const Event& event) = 0;

 protected:
  ~Handler() = default;
};

// Virtual time: what is to happen, in its order.
class Agenda {
 public:
  Instant now() const { return now_; }

  void at(Instant time, Handler& who, std::uint32_t what, std::uint32_t a = 0, std::uint32_t b = 0) {
    heap_.push_back({std::max(time, now_), next_order_++, &who, what, a, b});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  void in(Duration delay, Handler& who, std::uint32_t what, std::uint32_t a = 0, std::uint32_t b = 0) {
    at(now_ + delay, who, what, a, b);
  }

  bool empty() const { return heap_.empty(); }
  Instant next_time() const { return heap_.front().time; }
  // REQUIRES: !empty().
  Event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Event event = heap_.back();
    heap_.pop_back();
    now_ = event.time;
    return event;
  }

 private:
  static bool later(const Event& left, const Event& right) {
    return left.time != right.time ? left.time > right.time : left.order > right.order;
  }

  // Not the epoch: a machine may use a default-constructed instant for "long ago".
  Instant now_ = Instant(std::chrono::hours(1));
  std::uint64_t next_order_ = 0;
  std::vector<Event> heap_;
};

}  // namespace stepop::simulation
