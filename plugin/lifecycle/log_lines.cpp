#include <algorithm>
#include <functional>
#include <utility>

#include "lifecycle/log_machine.hpp"
#include "lifecycle/log_time.hpp"

namespace stepop::lifecycle {
namespace {

using namespace log_time;

// A time is 30 to 35 characters; a first word longer than this is none.
constexpr std::size_t longest_stamp = 40;
// Of a server's error text, enough for a message.
constexpr std::size_t longest_stray = 512;

// `2024-05-06T07:08:09.123456789Z`, to the nanosecond.
std::optional<std::int64_t> parse_stamp(std::string_view text) {
  const auto time = kube::parse_rfc3339(text);
  if (!time) return std::nullopt;
  std::int64_t ns = ns_of(*time);
  constexpr std::size_t beyond_microsecond = sizeof("2024-05-06T07:08:09.123456") - 1;
  std::int64_t unit = 100;
  for (std::size_t i = beyond_microsecond; i < text.size() && unit > 0; ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') break;
    ns += (text[i] - '0') * unit;
  }
  return ns;
}

}  // namespace

// LogMachine: bytes to lines.

void LogMachine::take(std::string_view bytes, LogActions& out) {
  while (!bytes.empty() && reading_) {
    if (place_ == Place::stamp) {
      bytes = take_stamp(bytes);
      continue;
    }
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (place_ == Place::stray) {
      stray_.append(piece.substr(0, longest_stray - std::min(longest_stray, stray_.size())));
    } else {
      take_content(piece, out);
      if (!reading_) return;
    }
    if (end == std::string_view::npos) return;
    if (place_ == Place::stray) {
      end_stray();
    } else {
      end_line(out);
    }
    place_ = Place::stamp;
    first_of_read_ = false;
  }
}

std::string_view LogMachine::take_stamp(std::string_view bytes) {
  const std::size_t end = bytes.find_first_of(" \n");
  const std::size_t size = std::min({end, bytes.size(), longest_stamp + 1 - stamp_.size()});
  stamp_.append(bytes.substr(0, size));
  bytes.remove_prefix(size);
  const bool whole = size == end;
  if (!whole && stamp_.size() <= longest_stamp) return bytes;
  if (whole && bytes.front() == ' ') {
    if (const auto ns = parse_stamp(stamp_)) {
      bytes.remove_prefix(1);
      line_ = {};
      line_.ns = *ns;
      place_ = Place::content;
      stamp_.clear();
      return bytes;
    }
  }
  stray_ = std::exchange(stamp_, {});
  place_ = Place::stray;
  return bytes;
}

void LogMachine::end_stray() {
  // The first line of a read that begins at a second may be the rest of one that began before.
  const bool rest_of_an_older_line = first_of_read_ && read_.since;
  if (!rest_of_an_older_line) server_said_ = stray_;
  stray_.clear();
}

void LogMachine::take_content(std::string_view bytes, LogActions& out) {
  while (!bytes.empty() && reading_) {
    switch (line_.course) {
      case Line::Course::skipped:
        return;
      case Line::Course::resumed: {
        const auto skip = std::min<std::uint64_t>(line_.to_skip, bytes.size());
        line_.to_skip -= skip;
        bytes.remove_prefix(skip);
        if (line_.to_skip == 0) line_.course = Line::Course::handed_on;
        break;
      }
      case Line::Course::undecided:
      case Line::Course::handed_on: {
        const std::size_t room = piece_bytes - line_.pending.size();
        if (room > 0) {
          line_.pending.append(bytes.substr(0, room));
          bytes.remove_prefix(std::min(room, bytes.size()));
        } else if (line_.course == Line::Course::undecided) {
          decide(false, out);
        } else {
          give(true, out);
        }
        break;
      }
    }
  }
}

void LogMachine::end_line(LogActions& out) {
  if (line_.course == Line::Course::undecided) decide(true, out);
  if (!reading_ || line_.course == Line::Course::skipped) return;
  // Resumed, and shorter than what was given of it: it ends here all the same.
  give(false, out);
}

void LogMachine::decide(bool whole, LogActions& out) {
  line_.course = Line::Course::skipped;
  if (since_ns_ && line_.ns < *since_ns_) return;
  const std::uint64_t text = std::hash<std::string_view>{}(line_.pending);
  // Multiplied, or sums of lines with swapped times would be equal.
  const LogSeam::Line line{line_.ns, (text ^ static_cast<std::uint64_t>(line_.ns)) * 0x9E3779B97F4A7C15ULL};
  switch (seam_.judge(line)) {
    case LogSeam::Verdict::known:
      line_.must_end = true;
      break;
    case LogSeam::Verdict::last:
      line_.must_end = !open_bytes_;
      if (open_bytes_) {
        line_.course = Line::Course::resumed;
        line_.to_skip = *open_bytes_ - std::min<std::uint64_t>(*open_bytes_, line_.pending.size());
        if (line_.to_skip == 0) line_.course = Line::Course::handed_on;
        line_.pending.erase(0, std::min<std::uint64_t>(*open_bytes_, line_.pending.size()));
      }
      break;
    case LogSeam::Verdict::recount:
      file_was_cut_ = true;
      hang_up(out);
      return;
    case LogSeam::Verdict::after_gap:
      close_open_line(out);
      give_gap(
          "the log does not go on where it was left: its file was rotated, or the container was "
          "started again; lines "
          "may be missing",
          line_.ns, out);
      [[fallthrough]];
    case LogSeam::Verdict::fresh:
      // The read began with `tail_lines`: a later one, which begins at a second, brings lines that
      // were not wanted.
      if (read_.tail_lines && !seam_.last_ns()) seam_.ignore_until(line_.ns);
      seam_.add(line);
      if (finding_the_end_) {
        line_.course = Line::Course::skipped;
      } else {
        line_.course = Line::Course::handed_on;
        if (!whole) give(true, out);
      }
      break;
  }
  if (line_.course == Line::Course::skipped) line_.pending.clear();
}

void LogMachine::give(bool partial, LogActions& out) {
  LogPiece piece;
  piece.partial = partial;
  piece.time = time_of(line_.ns);
  piece.data = std::exchange(line_.pending, {});
  if (partial) {
    open_bytes_ = open_bytes_.value_or(0) + piece.data.size();
  } else {
    open_bytes_.reset();
  }
  ++pieces_given_;
  brought_something_ = true;
  out.pieces.push_back(std::move(piece));
}

// A line that was given in part and will not be finished ends, so that nothing else is taken for
// its rest.
void LogMachine::close_open_line(LogActions& out) {
  if (!open_bytes_) return;
  LogPiece piece;
  if (const auto ns = seam_.last_ns()) piece.time = time_of(*ns);
  open_bytes_.reset();
  ++pieces_given_;
  out.pieces.push_back(std::move(piece));
}

void LogMachine::give_gap(std::string message, std::optional<std::int64_t> to_ns, LogActions& out) {
  LogPiece gap;
  gap.kind = LogPiece::Kind::gap;
  gap.data = std::move(message);
  if (const auto ns = seam_.last_ns()) gap.from = time_of(*ns);
  if (to_ns) gap.to = time_of(*to_ns);
  out.pieces.push_back(std::move(gap));
}

}  // namespace stepop::lifecycle
