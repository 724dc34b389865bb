#include "event_stream.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "objects.hpp"
#include "utf8.hpp"

namespace stepop::plugin {
namespace {

// A log line or warning of the plugin is for a person; what is longer than this is no line.
constexpr std::size_t max_text_size = 8192;

std::int64_t now_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

// Cut where a UTF-8 character begins.
std::string_view bounded(std::string_view text) {
  if (text.size() <= max_text_size) return text;
  std::size_t size = max_text_size;
  while (size != 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

// A plugin puts the words of others into a detail, and a log's tail may hold any bytes.
std::string text_of(const json::object& detail) {
  return with_valid_utf8(json::serialize(detail));
}

bool is_over(const QueuedEvent& event) {
  return is_terminal(static_cast<State>(event.state));
}

stepop_batch* batch_of(const QueuedEvent& event, std::uint64_t dropped) {
  return make_batch({event}, 1, dropped);
}

}  // namespace

EventStream::EventStream() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0)
    throw Error(STEPOP_E_UNAVAILABLE, "cannot make an event descriptor: " + std::generic_category().message(errno));
}

EventStream::~EventStream() {
  ::close(descriptor_);
}

void EventStream::signal() {
  filled_.notify_one();
  if (readable_) return;
  const std::uint64_t one = 1;
  readable_ = ::write(descriptor_, &one, sizeof one) == sizeof one;
}

void EventStream::quiet() {
  // After close it stays readable, so that a host in poll learns of it.
  if (closed_ || !readable_ || !queue_.waiting().empty()) return;
  std::uint64_t count = 0;
  readable_ = ::read(descriptor_, &count, sizeof count) != sizeof count;
}

bool EventStream::state(StepState state) {
  std::string detail = text_of(state.detail);
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  if (!queue_.state(state.step_run_id, state.state, state.attempt, std::move(detail), time)) return false;
  signal();
  if (is_terminal(state.state)) wake(state.step_run_id, Wait::ended);
  return true;
}

void EventStream::warning(std::string_view step_run_id, std::string_view code, std::string_view message,
                          std::string_view hint) {
  std::string detail = text_of(json::object{{"code", code}, {"message", bounded(message)}, {"hint", bounded(hint)}});
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  if (queue_.bounded(STEPOP_EVENT_WARNING, step_run_id, std::move(detail), time)) signal();
}

void EventStream::plugin_log(std::string_view level, std::string_view message) {
  std::string detail = text_of(json::object{{"level", level}, {"message", bounded(message)}});
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  if (queue_.bounded(STEPOP_EVENT_PLUGIN_LOG, "", std::move(detail), time)) signal();
}

void EventStream::attached(std::uint64_t ticket, const std::vector<std::string>& step_run_ids) {
  json::array ids;
  for (const std::string& id : step_run_ids) ids.emplace_back(id);
  std::string detail = text_of(json::object{{"step_run_ids", std::move(ids)}});
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  queue_.attached(ticket, std::move(detail), time);
  signal();
}

void EventStream::forgotten(std::string_view step_run_id, bool deleted) {
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  queue_.forgotten(step_run_id, deleted ? R"({"deleted":true})" : R"({"deleted":false})", time);
  signal();
  wake(step_run_id, Wait::not_found);
}

void EventStream::displaced(std::string_view step_run_id) {
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  if (queue_.displaced(step_run_id, time)) signal();
}

std::optional<StepState> EventStream::last(std::string_view step_run_id) const {
  StepState state;
  std::shared_ptr<const std::string> detail;
  {
    const std::lock_guard lock(mutex_);
    const QueuedEvent* event = queue_.newest(step_run_id);
    if (event == nullptr) return std::nullopt;
    state.step_run_id = event->step_run_id;
    state.state = static_cast<State>(event->state);
    state.attempt = event->attempt;
    detail = event->detail;
  }
  state.detail = json::parse(*detail).as_object();
  return state;
}

void EventStream::log_ready(std::uint64_t ticket, std::string_view step_run_id) {
  const std::int64_t time = now_us();
  const std::lock_guard lock(mutex_);
  if (queue_.log_ready(ticket, step_run_id, time)) signal();
}

void EventStream::withdraw_log_ready(std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  if (queue_.withdraw_log_ready(ticket)) quiet();
}

stepop_batch* EventStream::take(std::uint32_t max, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return closed_ || !queue_.waiting().empty(); };
  if (!ready()) {
    if (timeout.count() < 0)
      filled_.wait(lock, ready);
    else if (timeout.count() > 0)
      filled_.wait_for(lock, timeout, ready);
  }
  const std::size_t count = std::min<std::size_t>(max, queue_.waiting().size());
  if (count == 0) return nullptr;
  queue_.number(count);
  stepop_batch* batch = make_batch(queue_.waiting(), count, queue_.dropped());
  queue_.pop(count);
  quiet();
  return batch;
}

stepop_batch* EventStream::newest(std::string_view step_run_id) {
  const std::lock_guard lock(mutex_);
  const QueuedEvent* event = queue_.newest(step_run_id);
  return event == nullptr ? nullptr : batch_of(*event, queue_.dropped());
}

std::optional<bool> EventStream::ended(std::string_view step_run_id) const {
  const std::lock_guard lock(mutex_);
  const QueuedEvent* event = queue_.newest(step_run_id);
  if (event == nullptr) return std::nullopt;
  return is_over(*event);
}

void EventStream::wake(std::string_view step_run_id, Wait result) {
  const auto [first, last] = waiters_.equal_range(step_run_id);
  for (auto at = first; at != last; ++at) {
    Waiter& waiter = *at->second;
    // The first answer counts: a step may be forgotten before its waiter runs.
    if (waiter.result) continue;
    if (result == Wait::ended) waiter.event = *queue_.newest(step_run_id);
    waiter.result = result;
    waiter.woken.notify_one();
  }
}

EventStream::Wait EventStream::wait(std::string_view step_run_id, std::chrono::milliseconds timeout,
                                    stepop_batch** out) {
  std::unique_lock lock(mutex_);
  if (closed_) return Wait::closed;
  const QueuedEvent* event = queue_.newest(step_run_id);
  if (event == nullptr) return Wait::not_found;
  if (is_over(*event)) {
    *out = batch_of(*event, queue_.dropped());
    return Wait::ended;
  }

  Waiter waiter;
  const auto place = waiters_.emplace(step_run_id, &waiter);
  const auto answered = [&waiter] { return waiter.result.has_value(); };
  if (timeout.count() < 0)
    waiter.woken.wait(lock, answered);
  else
    waiter.woken.wait_for(lock, timeout, answered);
  waiters_.erase(place);
  if (!waiter.result) return Wait::timeout;
  if (*waiter.result == Wait::ended) *out = batch_of(*waiter.event, queue_.dropped());
  return *waiter.result;
}

std::uint64_t EventStream::new_ticket() {
  const std::lock_guard lock(mutex_);
  return ++tickets_;
}

std::uint64_t EventStream::second_ends() const {
  const std::lock_guard lock(mutex_);
  return queue_.second_ends();
}

void EventStream::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  signal();
  filled_.notify_all();
  for (auto& [id, waiter] : waiters_) {
    if (waiter->result) continue;
    waiter->result = Wait::closed;
    waiter->woken.notify_one();
  }
}

bool EventStream::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace stepop::plugin
