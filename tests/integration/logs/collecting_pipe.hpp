#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

namespace stepop::testing {

// A host that reads its log stream: at once, or only when read() is called. One thread.
class CollectingPipe : public plugin::LogPipe {
 public:
  // Full once this many bytes wait to be read; 0: read at once, never full.
  explicit CollectingPipe(std::size_t full_at = 0) : full_at_(full_at) {}

  bool push(plugin::LogRecord record) override;
  bool closed() const override { return closed_; }
  void on_room(std::function<void()> call) override { on_room_ = std::move(call); }

  // Takes out all that waits.
  void read();
  void close();

  // What was read: a line, `<gap>` or `<end>` each.
  const std::vector<std::string>& lines() const { return lines_; }
  const std::vector<plugin::LogRecord>& gaps() const { return gaps_; }
  bool ended() const { return ended_; }
  std::size_t waiting_bytes() const { return waiting_bytes_; }
  std::size_t most_waiting_bytes() const { return most_waiting_bytes_; }
  std::size_t longest_record() const { return longest_record_; }

 private:
  std::size_t full_at_;
  bool full_ = false;
  bool closed_ = false;
  bool partial_ = false;
  bool ended_ = false;
  std::size_t waiting_bytes_ = 0;
  std::size_t most_waiting_bytes_ = 0;
  std::size_t longest_record_ = 0;
  std::deque<plugin::LogRecord> waiting_;
  std::vector<std::string> lines_;
  std::vector<plugin::LogRecord> gaps_;
  std::function<void()> on_room_;
};

}  // namespace stepop::testing
