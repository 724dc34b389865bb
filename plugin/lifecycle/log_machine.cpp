#include "lifecycle/log_machine.hpp"

#include <algorithm>
#include <utility>

#include "lifecycle/log_time.hpp"

namespace stepop::lifecycle {
namespace {

using namespace log_time;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds first_delay{200};
constexpr milliseconds longest_delay{30'000};
// A Retry-After is honoured up to this long, as by the watch.
constexpr seconds longest_wait{300};
// A read that lived so long is no failure, even if it brought nothing.
constexpr seconds long_lived{30};
// A kubelet notices only within a second that the container it follows has ended, and in that second a pod that is being
// deleted may be gone. So what a follow has not brought is read without it, as soon as it pauses for breath.
constexpr milliseconds silence_after_end{50};
// Without follow a kubelet sends as fast as it can read. An answer that does not come, or stops coming, is asked for again
// after this long, and each time twice as long: soon enough for a host that waits some ten seconds for the end, and no
// harm to a server that is slow.
constexpr seconds first_silence_of_read{2};
constexpr seconds longest_silence_of_read{60};
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

// What a server said where a line should be may be anything; it goes into a JSON text.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

}  // namespace

// LogMachine: which read is next. How bytes become lines is in log_lines.cpp.

LogMachine::LogMachine(LogWish wish, std::uint64_t seed, std::size_t remember)
    : wish_(std::move(wish)), backoff_(first_delay, longest_delay, seed), seam_(remember) {
  if (wish_.since) since_ns_ = ns_of(*wish_.since);
  finding_the_end_ = wish_.follow && wish_.tail_lines == 0;
}

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

LogActions LogMachine::on_bytes(std::string_view bytes, Instant now) {
  LogActions out;
  if (!reading_) return out;
  last_byte_ = now;
  take(bytes, out);
  if (brought_something_) {
    trouble_since_.clear();
    silent_reads_ = 0;
  }
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

seconds LogMachine::silence_of_read() const {
  return std::min(first_silence_of_read * (1 << std::min(silent_reads_, 6u)), longest_silence_of_read);
}

std::optional<Instant> LogMachine::wake_at() const {
  if (finished_) return std::nullopt;
  if (reading_) {
    if (paused_) return std::nullopt;
    if (gone_) return last_byte_ + silence_when_gone;
    if (!read_.follow) return last_byte_ + silence_of_read();
    if (over()) return last_byte_ + silence_after_end;
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
    if (!read_.follow) ++silent_reads_;
    hang_up(out);
  }
  go_on(now, out);
  return out;
}

}  // namespace stepop::lifecycle
