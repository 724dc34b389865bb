// The log streams that are open, each copied into its file; a bounded piece of each a turn of the
// loop, so that one torrent of lines holds up nothing else.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stepop/host.hpp>
#include <utility>
#include <vector>

#include "run/line_merge.hpp"
#include "run/log_copy.hpp"

namespace stepop::orchestrator {

class LogStreams {
 public:
  using Clock = std::chrono::steady_clock;

  // `operator_index`: tickets are numbers of one operator.
  void add(std::size_t step, std::size_t operator_index, host::LogStream, std::unique_ptr<LogCopy>);
  // LOG_READY came. A ticket of a stream that is closed already is skipped.
  void ready(std::size_t operator_index, std::uint64_t ticket);
  // The step has ended: its log should end soon.
  void step_ended(std::size_t step, Clock::time_point now);

  struct Ended {
    std::size_t step;
    bool by_patience;  // it was not waited for any longer
  };
  // Copies what there is, up to a bound, and returns the logs that are complete now, or given up.
  // Their streams are closed and their copies whole.
  std::vector<Ended> copy_some(Clock::time_point now);

  bool more_at_once() const { return !readable_.empty(); }  // copy_some has work without any event
  std::optional<Clock::time_point> next_deadline() const;

 private:
  struct Stream {
    std::size_t operator_index;
    host::LogStream stream;
    std::unique_ptr<LogCopy> copy;
    LineMerge lines;  // into the copy
    std::optional<Clock::time_point> deadline;
  };
  enum class Copied { all_for_now, some, to_the_end };
  Copied copy_one(Stream&);
  void wait_until(std::size_t step, Stream&, Clock::time_point deadline);
  void close(std::size_t step, bool by_patience, std::vector<Ended>&);

  std::map<std::size_t, Stream> streams_;  // by step
  std::map<std::pair<std::size_t, std::uint64_t>, std::size_t> by_ticket_;
  std::set<std::size_t> readable_;  // steps
  std::set<std::pair<Clock::time_point, std::size_t>> deadlines_;
};

}  // namespace stepop::orchestrator
