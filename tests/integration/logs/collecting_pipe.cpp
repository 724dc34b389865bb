#include "collecting_pipe.hpp"

#include <algorithm>
#include <utility>

namespace stepop::testing {

bool CollectingPipe::push(plugin::LogRecord record) {
  longest_record_ = std::max(longest_record_, record.data.size());
  waiting_bytes_ += record.data.size() + sizeof record;
  most_waiting_bytes_ = std::max(most_waiting_bytes_, waiting_bytes_);
  waiting_.push_back(std::move(record));
  if (full_at_ == 0) {
    read();
    return true;
  }
  if (waiting_bytes_ >= full_at_) full_ = true;
  return !full_;
}

void CollectingPipe::read() {
  for (; !waiting_.empty(); waiting_.pop_front()) {
    plugin::LogRecord& record = waiting_.front();
    if (record.kind == plugin::LogRecord::Kind::data) {
      if (partial_) {
        lines_.back() += record.data;
      } else {
        lines_.push_back(std::move(record.data));
      }
      partial_ = record.partial;
      continue;
    }
    ended_ = record.kind == plugin::LogRecord::Kind::end;
    lines_.push_back(ended_ ? "<end>" : "<gap>");
    if (!ended_) gaps_.push_back(std::move(record));
    partial_ = false;
  }
  waiting_bytes_ = 0;
  if (std::exchange(full_, false) && on_room_) on_room_();
}

void CollectingPipe::close() {
  closed_ = true;
  if (on_room_) on_room_();
}

}  // namespace stepop::testing
