#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/status.hpp"
#include "kube/timestamp.hpp"
#include "lifecycle/backoff.hpp"
#include "lifecycle/container_life.hpp"
#include "lifecycle/log_seam.hpp"

namespace stepop::lifecycle {

using Instant = std::chrono::steady_clock::time_point;

// The log of one container, put together from reads of `GET …/pods/NAME/log?timestamps=true` (API reference, "read log of
// the specified Pod"). Pure: bytes, outcomes and times in; pieces of log, and what to read next, out.
//
// What a server really does, and the rules that follow (kubelet 1.34; the API server hands its bytes through):
// - Each line is `2024-05-06T07:08:09.123456789Z bytes\n`. A line of any length is one line: the 16 KiB parts in which a
//   runtime writes it are joined again, under the first part's time.
// - `sinceTime` counts in whole seconds, and by part: a read may begin in the middle of a line, without a time.
// - An answer that ends as HTTP wants it proves nothing: the API server ends it so too when it lost the kubelet.
// - An error after the first byte is text in the body, without a time, after a 200.
// - Only the newest file of a rotated log can be read.
// So the end is believed only when the container has ended and a read without `follow`, sent after that was known, ends
// where an earlier read had ended; and a line without its newline is handed on only then.
//
// What cannot be seen from here, and so is told by no gap: lines that the kubelet itself skips when a file is rotated
// twice while it sends one slowly (a slow reader makes it slow); lines that a runtime drops when a container ends right
// after a burst; lines written under a clock that was set back while nothing was connected; and what was rotated away
// before the first read. A line without its newline that another stream of the container writes into is joined with it.

// What the host asked for.
struct LogWish {
  bool follow = true;
  std::optional<kube::Timestamp> since{};
  // Lines as the kubelet counts them: of a line over 16 KiB, each part counts.
  std::optional<std::int64_t> tail_lines{};
};

struct LogPiece {
  enum class Kind { data, gap, end };
  Kind kind = Kind::data;
  // data: the line goes on in the next data piece.
  bool partial = false;
  // data: when the line began; gap: nothing.
  std::optional<kube::Timestamp> time;
  // data: bytes as they were written, without the newline; gap: a sentence for people.
  std::string data;
  // gap: the last line before it and the first after it, when there are such.
  std::optional<kube::Timestamp> from, to;
  bool operator==(const LogPiece&) const = default;
};

// One request to make.
struct LogRead {
  bool follow = false;
  std::optional<kube::Timestamp> since{};  // whole seconds
  std::optional<std::int64_t> tail_lines{};
  bool operator==(const LogRead&) const = default;
};

// How a read ended.
struct LogReadEnd {
  enum class Kind {
    clean,    // 2xx, ended as HTTP wants it
    refused,  // another status, in `status`
    broken,   // anything else: why, in `message`
  };
  Kind kind = Kind::clean;
  kube::Status status{};
  std::optional<std::chrono::seconds> retry_after{};
  std::string message{};
};

struct LogActions {
  std::vector<LogPiece> pieces;
  bool hang_up = false;  // close the read that is open, before the next
  std::optional<LogRead> read;
};

class LogMachine {
 public:
  // A longer line is cut into pieces of this size; the runtime cuts there too.
  static constexpr std::size_t piece_bytes = 16 * 1024;
  // How many of the last lines are remembered one by one. Lines beyond, within the seconds that
  // would be read again, are remembered as a count and a sum: exact as long as the file is not
  // rotated. When it is, lines that bear the very nanosecond of forgotten ones cannot be told from
  // them: they are not handed on, and the gap that a rotation makes covers them.
  static constexpr std::size_t remembered_lines = 4096;

  LogMachine(LogWish wish, std::uint64_t seed, std::size_t remember = remembered_lines);

  LogActions on_container(ContainerLife life, Instant now);
  // The pod's object is gone.
  LogActions on_gone(Instant now);

  // Of the read that the last LogRead asked for: the bytes of a 2xx answer (cut anywhere), its end.
  LogActions on_bytes(std::string_view bytes, Instant now);
  LogActions on_end(const LogReadEnd& end, Instant now);
  // The reader of the pieces wants no more for now, or again: silence in between is not the
  // server's.
  void on_pause();
  void on_room(Instant now);

  // When it wants on_time to be called.
  std::optional<Instant> wake_at() const;
  LogActions on_time(Instant now);

  // The END piece has been given.
  bool finished() const { return finished_; }

 private:
  enum class Place { stamp, content, stray };
  enum class Trouble { not_started, not_there, forbidden, server, connection };
  // The line that is being read.
  struct Line {
    enum class Course {
      undecided,  // its first piece is not whole yet
      skipped,    // known, or not wanted
      resumed,    // known up to `to_skip` more bytes
      handed_on,  // new
    };
    Course course = Course::undecided;
    std::int64_t ns = 0;
    std::string pending;  // of undecided and handed_on: not given out yet, at most piece_bytes
    std::uint64_t to_skip = 0;
    bool must_end = false;  // its newline was seen in an earlier read
  };
  // Where a read ended: two of them that are equal agree.
  struct Ending {
    std::uint64_t pieces = 0;
    std::optional<std::int64_t> unfinished_ns;
    std::string unfinished;
    bool operator==(const Ending&) const = default;
  };

  // Bytes to lines.
  void take(std::string_view bytes, LogActions& out);
  std::string_view take_stamp(std::string_view bytes);
  void end_stray();
  void take_content(std::string_view bytes, LogActions& out);
  void end_line(LogActions& out);
  void decide(bool whole, LogActions& out);
  void give(bool partial, LogActions& out);
  void close_open_line(LogActions& out);
  void give_gap(std::string message, std::optional<std::int64_t> to_ns, LogActions& out);

  // Which read is next.
  void go_on(Instant now, LogActions& out);
  void start_read(Instant now, LogActions& out);
  void hang_up(LogActions& out);
  void read_again_later(Instant now, std::chrono::milliseconds at_least);
  void on_clean_end(Instant now, LogActions& out);
  void on_trouble(Trouble trouble, const std::string& message, std::chrono::milliseconds wait, Instant now,
                  LogActions& out);
  void finish(LogActions& out);
  void finish_with_gap(std::string message, LogActions& out);
  bool over() const { return life_ == ContainerLife::ended; }
  bool may_give_up() const { return over() || !wish_.follow; }
  bool reached_the_end_of_what_is_known() const;
  Ending ending() const;
  void note_ending();
  std::chrono::seconds silence_of_read() const;

  LogWish wish_;
  std::optional<std::int64_t> since_ns_;
  Backoff backoff_;
  LogSeam seam_;
  std::uint64_t pieces_given_ = 0;
  std::optional<std::uint64_t> open_bytes_;  // given of the last line, which is not finished

  std::optional<ContainerLife> life_;
  bool ever_ran_ = false;
  bool gone_ = false;
  // `tail_lines: 0`: a first read without follow finds the line after which to begin.
  bool finding_the_end_ = false;
  bool finished_ = false;

  bool reading_ = false;
  LogRead read_;
  bool after_the_end_ = false;  // the read was asked for when the container was known to have ended
  bool file_was_cut_ = false;   // for the next read
  bool paused_ = false;
  Instant read_began_{};
  Instant last_byte_{};
  Instant not_before_{};  // the next read
  Place place_ = Place::stamp;
  std::string stamp_;
  std::string stray_;
  std::string server_said_;  // text that is no line: an error
  bool first_of_read_ = true;
  bool brought_something_ = false;
  Line line_;

  std::optional<Ending> last_ending_;
  unsigned seam_missed_ = 0;   // reads in a row that ended before the seam
  unsigned silent_reads_ = 0;  // reads without follow in a row that were hung up in silence
  std::map<Trouble, Instant> trouble_since_;
  bool told_forbidden_ = false;
};

}  // namespace stepop::lifecycle
