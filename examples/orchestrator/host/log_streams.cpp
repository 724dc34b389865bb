#include "host/log_streams.hpp"

#include <string_view>

namespace stepop::orchestrator {
namespace {

// A turn reads at most this of one stream: some hundred KB of ordinary lines.
constexpr std::uint32_t kRecordsARead = 256;
constexpr int kReadsATurn = 4;
// How long after a step's end its log may be silent before it ends. Its plugin has bounds of its
// own, and asks again when a read is not answered; this one is for when that fails.
constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kNotToTheEnd =
    "[stepop: the log did not come to its end in time; the step's pod, if it is kept, may have more]";

}  // namespace

void LogStreams::add(std::size_t step, std::size_t operator_index, host::LogStream stream,
                     std::unique_ptr<LogCopy> copy) {
  by_ticket_[{operator_index, stream.ticket()}] = step;
  LineMerge lines([into = copy.get()](std::uint32_t pod, std::string_view text, LineMerge::Text what) {
    if (what == LineMerge::Text::gap)
      into->add_gap(pod, text);
    else
      into->add_line(pod, text, what == LineMerge::Text::piece);
  });
  streams_.emplace(step, Stream{operator_index, std::move(stream), std::move(copy), std::move(lines), std::nullopt});
  // What is there already may be announced only once, and before the stream was known here.
  readable_.insert(step);
}

void LogStreams::ready(std::size_t operator_index, std::uint64_t ticket) {
  const auto known = by_ticket_.find({operator_index, ticket});
  if (known != by_ticket_.end()) readable_.insert(known->second);
}

void LogStreams::step_ended(std::size_t step, Clock::time_point now) {
  const auto known = streams_.find(step);
  if (known == streams_.end() || known->second.deadline) return;
  wait_until(step, known->second, now + kPatience);
}

void LogStreams::wait_until(std::size_t step, Stream& stream, Clock::time_point deadline) {
  if (stream.deadline) deadlines_.erase({*stream.deadline, step});
  stream.deadline = deadline;
  deadlines_.emplace(deadline, step);
}

LogStreams::Copied LogStreams::copy_one(Stream& stream) {
  for (int i = 0; i < kReadsATurn; ++i) {
    const host::LogRead read = stream.stream.read(kRecordsARead);
    if (read.status == host::LogRead::Status::ended) return Copied::to_the_end;
    for (const host::LogRecord record : read.batch) {
      switch (record.kind()) {
        case host::LogKind::data:
          stream.lines.add(record.index(), record.data(), record.partial());
          break;
        case host::LogKind::gap:
          stream.lines.add_gap(record.index(), gap_line(record.data()));
          break;
        case host::LogKind::end:
          return Copied::to_the_end;
        default:
          break;
      }
    }
    if (read.status == host::LogRead::Status::would_block) {
      stream.copy->flush();
      return Copied::all_for_now;
    }
  }
  stream.copy->flush();
  return Copied::some;
}

void LogStreams::close(std::size_t step, bool by_patience, std::vector<Ended>& ended) {
  const auto known = streams_.find(step);
  Stream& stream = known->second;
  stream.lines.end();
  if (by_patience) stream.lines.add_gap(0, kNotToTheEnd);
  stream.copy->complete();
  by_ticket_.erase({stream.operator_index, stream.stream.ticket()});
  if (stream.deadline) deadlines_.erase({*stream.deadline, step});
  readable_.erase(step);
  streams_.erase(known);
  ended.push_back({step, by_patience});
}

std::vector<LogStreams::Ended> LogStreams::copy_some(Clock::time_point now) {
  std::vector<Ended> ended;
  const std::set<std::size_t> now_readable = std::exchange(readable_, {});
  for (const std::size_t step : now_readable) {
    Stream& stream = streams_.at(step);
    const Copied copied = copy_one(stream);
    if (stream.deadline) wait_until(step, stream, now + kPatience);
    switch (copied) {
      case Copied::all_for_now:
        break;
      case Copied::some:
        readable_.insert(step);
        break;
      case Copied::to_the_end:
        close(step, false, ended);
        break;
    }
  }
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) close(deadlines_.begin()->second, true, ended);
  return ended;
}

std::optional<LogStreams::Clock::time_point> LogStreams::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace stepop::orchestrator
