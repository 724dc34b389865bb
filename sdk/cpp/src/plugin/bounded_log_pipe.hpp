// Both ends of one log stream.
#pragma once

#include <stepop/plugin.hpp>

#include <deque>
#include <mutex>

#include "event_stream.hpp"

namespace stepop::plugin {

class BoundedLogPipe final : public LogPipe {
 public:
  // What a pipe may hold before `push` says "enough": some thousands of lines, so that a host that
  // reads now and then does not slow its source down, and a thousand streams that nobody reads do
  // not fill the memory.
  static constexpr std::size_t max_bytes = std::size_t{1} << 20;

  BoundedLogPipe(std::shared_ptr<EventStream> events, std::uint64_t ticket, std::string_view step_run_id);

  bool push(LogRecord record) override;
  bool closed() const override;
  void on_room(std::function<void()> call) override;

  enum class Read { records, would_block, ended };
  Read read(std::uint32_t max, stepop_log_batch** out);
  // The host's end is gone.
  void close();

 private:
  mutable std::mutex mutex_;
  const std::shared_ptr<EventStream> events_;
  const std::uint64_t ticket_;
  const std::string step_run_id_;
  std::deque<LogRecord> records_;
  std::size_t bytes_ = 0;
  bool full_ = false;
  bool end_pushed_ = false;
  bool end_read_ = false;
  bool closed_ = false;
  std::function<void()> on_room_;
};

}  // namespace stepop::plugin
