#include "lifecycle/log_machine.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

namespace stepop::lifecycle {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t ns_per_second = 1'000'000'000;

// Two streams of one container are written by two threads of the runtime, each with a time of its
// own: a line may be a little older than the one before it. Resuming reaches back by this much, or
// such a line at a second's end is lost.
constexpr std::int64_t out_of_order_ns = 100'000'000;

// A time is 30 to 35 characters; a first word longer than this is none.
constexpr std::size_t longest_stamp = 40;
// Of a server's error text, enough for a message.
constexpr std::size_t longest_stray = 512;

constexpr milliseconds first_delay{200};
constexpr milliseconds longest_delay{30'000};
// A Retry-After is honoured up to this long, as by the watch.
constexpr seconds longest_wait{300};
// A read that lived so long is no failure, even if it brought nothing.
constexpr seconds long_lived{30};
// A kubelet notices only within a second that the container it follows has ended, and in that second a pod that is being
// deleted may be gone. So what a follow has not brought is read without it, as soon as it pauses for breath.
constexpr milliseconds silence_after_end{50};
// Of a pod that is gone, nothing more is sent but what is on its way.
constexpr seconds silence_when_gone{10};
// A kubelet that has just restarted does not know its pods for a while, then it answers for good.
constexpr seconds not_there_for{60};
// As long as a step's own calls are given (`refusal_grace_seconds`).
constexpr seconds forbidden_for{30};
// As long as a node may be away before its step is lost (`lost_after_seconds`).
constexpr seconds server_troubled_for{900};
// So often may a read end before the place where an earlier one ended.
constexpr unsigned most_seams_missed = 3;

// What a line or a host may say reaches further than nanoseconds of 64 bits do: 1677 to 2262. The day in hand is for what
// is added and taken away here.
constexpr kube::Timestamp latest_time{microseconds{std::numeric_limits<std::int64_t>::max() / 1000} -
                                      std::chrono::hours{24}};
constexpr kube::Timestamp earliest_time{-latest_time.time_since_epoch()};

std::int64_t ns_of(kube::Timestamp time) {
  return std::clamp(time, earliest_time, latest_time).time_since_epoch().count() * 1000;
}

kube::Timestamp time_of(std::int64_t ns) {
  return kube::Timestamp{microseconds{ns / 1000}};
}

std::int64_t second_of(std::int64_t ns) {
  const std::int64_t down = ns % ns_per_second < 0 ? 1 : 0;
  return ns / ns_per_second - down;
}

std::int64_t second_to_resume_from(std::int64_t ns) {
  return second_of(ns - out_of_order_ns);
}

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

// What a server said where a line should be may be anything; it goes into a JSON text.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace

ContainerLife container_life(const kube::Pod& pod, std::string_view container) {
  using Kind = kube::ContainerState::Kind;
  const bool pod_over = pod.phase == kube::PodPhase::Succeeded || pod.phase == kube::PodPhase::Failed;
  if (const auto* status = pod.container_status(container)) {
    if (status->state.kind == Kind::Running) return ContainerLife::running;
    if (status->state.kind == Kind::Terminated) {
      // Without an id there is no log file; the kubelet then looks for an earlier container's.
      if (!status->state.container_id.empty()) return ContainerLife::ended;
      return status->state.reason == "ContainerStatusUnknown" ? ContainerLife::status_lost : ContainerLife::never_ran;
    }
  }
  if (pod_over) return ContainerLife::never_ran;
  return pod.node_name.empty() ? ContainerLife::unbound : ContainerLife::waiting;
}

// ---- LogSeam ------------------------------------------------------------------------------------

LogSeam::LogSeam(std::size_t remember)
    : remember_(std::max<std::size_t>(remember, 1)),
      forgotten_until_(std::numeric_limits<std::int64_t>::min()),
      latest_(std::numeric_limits<std::int64_t>::min()) {}

void LogSeam::add(Line line) {
  lines_.push_back(line);
  latest_ = std::max(latest_, line.ns);
  const std::int64_t from = second_to_resume_from(line.ns);
  sums_.erase(sums_.begin(), sums_.lower_bound(from));
  while (second_of(lines_.front().ns) < from || lines_.size() > remember_) {
    const Line forgotten = lines_.front();
    lines_.pop_front();
    ignore_until(forgotten.ns);
    if (second_of(forgotten.ns) < from) continue;
    Sum& sum = sums_[second_of(forgotten.ns)];
    ++sum.count;
    sum.hashes += forgotten.hash;
  }
}

void LogSeam::ignore_until(std::int64_t ns) {
  forgotten_until_ = std::max(forgotten_until_, ns);
}

std::optional<kube::Timestamp> LogSeam::resume_second() const {
  if (lines_.empty()) return std::nullopt;
  return kube::Timestamp{seconds{second_to_resume_from(lines_.back().ns)}};
}

std::optional<std::int64_t> LogSeam::last_ns() const {
  if (lines_.empty()) return std::nullopt;
  return lines_.back().ns;
}

void LogSeam::begin_read(bool file_was_cut) {
  next_ = 0;
  counted_ = to_count_ = {};
  for (const auto& [second, sum] : sums_) {
    to_count_.count += sum.count;
    to_count_.hashes += sum.hashes;
  }
  if (lines_.empty()) {
    stage_ = Stage::passed;
    return;
  }
  stage_ = to_count_.count > 0 && !file_was_cut ? Stage::counting : Stage::matching;
  earliest_remembered_ =
      std::min_element(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.ns < b.ns; })->ns;
}

LogSeam::Verdict LogSeam::judge(Line line) {
  switch (stage_) {
    case Stage::passed:
      return Verdict::fresh;
    case Stage::matching:
      return match(line);
    case Stage::counting:
      break;
  }
  // Nothing newer than all that was handed on can come before all that has come.
  if (line.ns > latest_) return Verdict::recount;
  ++counted_.count;
  counted_.hashes += line.hash;
  if (counted_.count < to_count_.count) return Verdict::known;
  if (counted_.hashes != to_count_.hashes) return Verdict::recount;
  stage_ = Stage::matching;
  return Verdict::known;
}

LogSeam::Verdict LogSeam::match(Line line) {
  // Mostly the expected one. A later one: the file lost its beginning. What comes before a
  // remembered line was handed on before it.
  std::size_t found = lines_.size();
  if (line == lines_[next_]) {
    found = next_;
  } else if (line.ns >= earliest_remembered_) {
    const auto from = lines_.begin() + static_cast<std::ptrdiff_t>(next_);
    found = static_cast<std::size_t>(std::find(from, lines_.end(), line) - lines_.begin());
  }
  if (found < lines_.size()) {
    next_ = found + 1;
    if (next_ < lines_.size()) return Verdict::known;
    stage_ = Stage::passed;
    return Verdict::last;
  }
  if (line.ns <= forgotten_until_) return Verdict::known;
  stage_ = Stage::passed;
  return Verdict::after_gap;
}

// ---- LogMachine: bytes to lines -----------------------------------------------------------------

LogMachine::LogMachine(LogWish wish, std::uint64_t seed, std::size_t remember)
    : wish_(std::move(wish)), backoff_(first_delay, longest_delay, seed), seam_(remember) {
  if (wish_.since) since_ns_ = ns_of(*wish_.since);
  finding_the_end_ = wish_.follow && wish_.tail_lines == 0;
}

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

// ---- LogMachine: which read is next
// ---------------------------------------------------------------

LogActions LogMachine::on_container(ContainerLife life, Instant now) {
  LogActions out;
  if (finished_ || over()) return out;
  if (life == ContainerLife::running || life == ContainerLife::ended) ever_ran_ = true;
  if (life == ContainerLife::status_lost || life == ContainerLife::never_ran) {
    life = ever_ran_ ? ContainerLife::ended : ContainerLife::never_ran;
  }
  if (life_ == life) return out;
  life_ = life;
  // What was tried in vain may go well now.
  not_before_ = now;
  if (reading_) return on_time(now);
  go_on(now, out);
  return out;
}

LogActions LogMachine::on_gone(Instant now) {
  LogActions out;
  if (finished_ || gone_) return out;
  gone_ = true;
  last_byte_ = now;
  go_on(now, out);
  return out;
}

void LogMachine::go_on(Instant now, LogActions& out) {
  if (reading_ || finished_) return;
  const bool cannot_have_run = life_ == ContainerLife::unbound || life_ == ContainerLife::never_ran;
  if (life_ == ContainerLife::never_ran || (gone_ && cannot_have_run)) return finish(out);
  if (gone_) {
    return finish_with_gap("the pod was gone before the end of its log had been read; lines may be missing", out);
  }
  if (!life_) return;
  if (!ever_ran_) {
    if (!wish_.follow) finish(out);
    return;
  }
  if (now >= not_before_) start_read(now, out);
}

void LogMachine::start_read(Instant now, LogActions& out) {
  read_ = {};
  read_.follow = wish_.follow && !over();
  read_.since = seam_.resume_second();
  if (!read_.since) {
    if (wish_.since) read_.since = std::chrono::floor<seconds>(*wish_.since);
    read_.tail_lines = wish_.tail_lines;
  }
  if (finding_the_end_) {
    read_.follow = false;
    read_.tail_lines = 1;
  }
  seam_.begin_read(std::exchange(file_was_cut_, false));
  reading_ = true;
  after_the_end_ = over();
  read_began_ = last_byte_ = now;
  place_ = Place::stamp;
  stamp_.clear();
  stray_.clear();
  server_said_.clear();
  first_of_read_ = true;
  brought_something_ = false;
  line_ = {};
  out.read = read_;
}

void LogMachine::hang_up(LogActions& out) {
  reading_ = false;
  out.hang_up = true;
}

void LogMachine::read_again_later(Instant now, milliseconds at_least) {
  if (brought_something_ || now - read_began_ >= long_lived) backoff_.reset();
  not_before_ = now + std::max(backoff_.next(), at_least);
}

LogActions LogMachine::on_head(Instant now) {
  last_byte_ = now;
  return {};
}

LogActions LogMachine::on_bytes(std::string_view bytes, Instant now) {
  LogActions out;
  if (!reading_) return out;
  last_byte_ = now;
  take(bytes, out);
  if (brought_something_) trouble_since_.clear();
  if (!reading_) go_on(now, out);
  return out;
}

LogActions LogMachine::on_end(const LogReadEnd& end, Instant now) {
  LogActions out;
  if (!reading_) return out;
  reading_ = false;
  if (end.kind == LogReadEnd::Kind::clean) {
    if (place_ == Place::stray) server_said_ = stray_;
    if (place_ == Place::stamp && !stamp_.empty()) server_said_ = stamp_;
    if (!server_said_.empty()) {
      on_trouble(Trouble::not_there, printable(server_said_), {}, now, out);
    } else {
      on_clean_end(now, out);
    }
    return out;
  }
  note_ending();
  Trouble trouble = Trouble::connection;
  std::string message = end.message;
  if (end.kind == LogReadEnd::Kind::refused) {
    const int code = end.status.code;
    message = end.status.message;
    trouble = Trouble::not_there;
    if (code == 401 || code == 403) trouble = Trouble::forbidden;
    if (code == 408 || code == 429 || code >= 500) trouble = Trouble::server;
    // The kubelet's words, while what we were shown is ahead of what it knows.
    if (code == 400 && message.find("is waiting to start") != std::string::npos) trouble = Trouble::not_started;
  }
  on_trouble(trouble, message, std::min(end.retry_after.value_or(seconds{0}), longest_wait), now, out);
  return out;
}

bool LogMachine::reached_the_end_of_what_is_known() const {
  if (!seam_.passed()) return false;
  if (place_ != Place::content) return true;
  if (line_.course == Line::Course::resumed) return line_.to_skip == 0;
  return !(line_.course == Line::Course::skipped && line_.must_end);
}

LogMachine::Ending LogMachine::ending() const {
  Ending ending;
  ending.pieces = pieces_given_;
  const bool unfinished = line_.course == Line::Course::undecided || line_.course == Line::Course::handed_on;
  if (place_ == Place::content && unfinished) {
    ending.unfinished_ns = line_.ns;
    ending.unfinished = line_.pending;
  }
  return ending;
}

// A read that did not end by itself, but brought something, is as good to agree with.
void LogMachine::note_ending() {
  if (brought_something_ && reached_the_end_of_what_is_known()) last_ending_ = ending();
}

void LogMachine::on_clean_end(Instant now, LogActions& out) {
  trouble_since_.clear();
  if (!reached_the_end_of_what_is_known()) {
    ++seam_missed_;
    if (gone_) return go_on(now, out);
    if (may_give_up() && seam_missed_ >= most_seams_missed) {
      return finish_with_gap(
          "the log does not hold any more what had been read of it: its file was rotated; lines "
          "may be missing",
          out);
    }
    // Answers that are too short happen; the last try takes it for a file that was cut.
    file_was_cut_ = may_give_up() && seam_missed_ + 1 == most_seams_missed;
    read_again_later(now, {});
    return;
  }
  seam_missed_ = 0;
  if (!wish_.follow) return finish(out);
  if (std::exchange(finding_the_end_, false)) {
    // Whatever comes after the line that was found, or after nothing, is wanted.
    wish_.tail_lines.reset();
    return go_on(now, out);
  }
  const Ending here = ending();
  const bool agreed = after_the_end_ && last_ending_ == here;
  const bool first = !last_ending_;
  last_ending_ = here;
  if (agreed) return finish(out);
  // There was nothing yet: all that comes is wanted.
  if (here == Ending{} && !seam_.last_ns()) wish_.tail_lines.reset();
  // Of a file that does not grow any more, the next read is likely the last.
  if (!over() || !(first || brought_something_)) read_again_later(now, {});
  go_on(now, out);
}

void LogMachine::on_trouble(Trouble trouble, const std::string& message, milliseconds wait, Instant now,
                            LogActions& out) {
  if (gone_) return go_on(now, out);
  if (trouble == Trouble::not_started && may_give_up()) trouble = Trouble::not_there;
  const Instant since = trouble_since_.emplace(trouble, now).first->second;
  const auto lasted = now - since;
  if (trouble == Trouble::forbidden && lasted >= forbidden_for) {
    if (!std::exchange(told_forbidden_, true) || may_give_up()) {
      const std::string text = "the log cannot be read: " + message;
      if (may_give_up()) return finish_with_gap(text, out);
      close_open_line(out);
      give_gap(text, std::nullopt, out);
    }
  }
  if (may_give_up()) {
    if (trouble == Trouble::not_there && lasted >= not_there_for) {
      return finish_with_gap("the log is not there any more: " + message, out);
    }
    if (trouble == Trouble::server && lasted >= server_troubled_for) {
      return finish_with_gap("the log could not be read for too long: " + message, out);
    }
  }
  read_again_later(now, wait);
}

void LogMachine::finish(LogActions& out) {
  // A last line without a newline.
  const bool is_new =
      line_.course == Line::Course::handed_on ||
      (line_.course == Line::Course::undecided && seam_.passed() && !(since_ns_ && line_.ns < *since_ns_));
  if (place_ != Place::content || !is_new || line_.pending.empty()) {
    // What an earlier read had brought of it, if none has brought more.
    line_.pending.clear();
    if (last_ending_ && last_ending_->unfinished_ns && last_ending_->pieces == pieces_given_) {
      line_.ns = *last_ending_->unfinished_ns;
      line_.pending = last_ending_->unfinished;
    }
  }
  if (!line_.pending.empty()) give(false, out);
  close_open_line(out);
  LogPiece end;
  end.kind = LogPiece::Kind::end;
  out.pieces.push_back(std::move(end));
  finished_ = true;
  reading_ = false;
}

void LogMachine::finish_with_gap(std::string message, LogActions& out) {
  LogActions last;
  finish(last);
  LogPiece end = std::move(last.pieces.back());
  last.pieces.pop_back();
  std::move(last.pieces.begin(), last.pieces.end(), std::back_inserter(out.pieces));
  give_gap(std::move(message), std::nullopt, out);
  out.pieces.push_back(std::move(end));
}

void LogMachine::on_pause() {
  paused_ = true;
}

void LogMachine::on_room(Instant now) {
  paused_ = false;
  last_byte_ = now;
}

std::optional<Instant> LogMachine::wake_at() const {
  if (finished_) return std::nullopt;
  if (reading_) {
    if (paused_) return std::nullopt;
    if (gone_) return last_byte_ + silence_when_gone;
    if (over() && read_.follow) return last_byte_ + silence_after_end;
    return std::nullopt;
  }
  if (!ever_ran_) return std::nullopt;
  return not_before_;
}

LogActions LogMachine::on_time(Instant now) {
  LogActions out;
  const auto due = wake_at();
  if (!due || now < *due) return out;
  if (reading_) {
    note_ending();
    hang_up(out);
  }
  go_on(now, out);
  return out;
}

}  // namespace stepop::lifecycle
