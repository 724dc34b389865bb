#include "bounded_log_pipe.hpp"

#include "objects.hpp"

namespace stepop::plugin {
namespace {

std::size_t cost(const LogRecord& record) {
  return record.data.size() + sizeof(LogRecord);
}

}  // namespace

BoundedLogPipe::BoundedLogPipe(std::shared_ptr<EventStream> events, std::uint64_t ticket, std::string_view step_run_id)
    : events_(std::move(events)), ticket_(ticket), step_run_id_(step_run_id) {}

bool BoundedLogPipe::push(LogRecord record) {
  const std::lock_guard lock(mutex_);
  if (closed_ || end_pushed_) return false;
  const std::size_t bytes = cost(record);
  const bool end = record.kind == LogRecord::Kind::end;
  records_.push_back(std::move(record));
  bytes_ += bytes;
  end_pushed_ = end;
  full_ = bytes_ >= max_bytes;
  // Under the lock: a reader that finds the pipe empty must find this event in the queue, or none.
  events_->log_ready(ticket_, step_run_id_);
  return !full_;
}

bool BoundedLogPipe::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void BoundedLogPipe::on_room(std::function<void()> call) {
  const std::lock_guard lock(mutex_);
  on_room_ = std::move(call);
}

BoundedLogPipe::Read BoundedLogPipe::read(std::uint32_t max, stepop_log_batch** out) {
  std::function<void()> room;
  {
    const std::lock_guard lock(mutex_);
    if (end_read_ || closed_) return Read::ended;
    if (records_.empty()) return Read::would_block;
    const std::size_t count = std::min<std::size_t>(max, records_.size());
    *out = make_log_batch(records_, count);
    for (std::size_t i = 0; i < count; ++i) {
      bytes_ -= cost(records_.front());
      end_read_ = records_.front().kind == LogRecord::Kind::end;
      records_.pop_front();
    }
    // The event says that there is something to read: true for a host that reads one batch an
    // event, too.
    if (records_.empty())
      events_->withdraw_log_ready(ticket_);
    else
      events_->log_ready(ticket_, step_run_id_);
    if (full_ && bytes_ <= max_bytes / 2) {
      full_ = false;
      room = on_room_;
    }
  }
  // Without the lock: the call may come back to this pipe.
  if (room) room();
  return Read::records;
}

void BoundedLogPipe::close() {
  std::function<void()> room;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    records_.clear();
    bytes_ = 0;
    events_->withdraw_log_ready(ticket_);
    room = std::move(on_room_);
    on_room_ = nullptr;
  }
  if (room) room();
}

}  // namespace stepop::plugin
