#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/log_machine.hpp"

namespace stepop::lifecycle::testing {

inline constexpr std::int64_t second = 1'000'000'000;
// 2024-05-06T07:08:09Z
inline constexpr std::int64_t epoch = 1'714'979'289 * second;

// `2024-05-06T07:08:09.000000000Z`
std::string stamp(std::int64_t ns);

// A container's log file, written as containerd writes it and answered as a kubelet answers:
// `sinceTime` by part and in whole seconds, `tailLines` by part, parts joined under the first one's
// time, only the newest file.
class KubeletLog {
 public:
  // A line is written: parts of at most 16 KiB, each `between_parts` later than the one before.
  void line(std::int64_t ns, std::string_view text, std::int64_t between_parts = 0);
  // The last words of a container, without a newline.
  void unfinished(std::int64_t ns, std::string_view text) { write(ns, text, false, 0); }
  void rotate() { file_begin_ = parts_.size(); }

  // One request's answer; more() is what has come to it since.
  class Answer {
   public:
    Answer(const KubeletLog& log, const LogRead& read);
    std::string more();

   private:
    const KubeletLog* log_;
    std::size_t next_;
    std::int64_t since_ = 0;
    bool new_line_ = true;
  };
  Answer answer(const LogRead& read) const { return {*this, read}; }
  // All of a read without follow.
  std::string whole(const LogRead& read) const { return answer(read).more(); }

 private:
  struct Part {
    std::int64_t ns;
    std::string text;  // with its newline, if the line ends here
  };
  void write(std::int64_t ns, std::string_view text, bool ends, std::int64_t between_parts);

  std::vector<Part> parts_;
  std::size_t file_begin_ = 0;
};

// Pieces put together again: `text` for a line, `<gap>` and `<end>` for what they are, `<no end of the line>` where a
// line should go on and does not.
class Lines {
 public:
  void add(const std::vector<LogPiece>& pieces);
  const std::vector<std::string>& all() const { return lines_; }
  std::size_t longest_piece() const { return longest_piece_; }
  bool ended() const { return !lines_.empty() && lines_.back() == "<end>"; }
  bool in_a_line() const { return partial_; }

 private:
  std::vector<std::string> lines_;
  bool partial_ = false;
  std::size_t longest_piece_ = 0;
};

inline Instant at(std::chrono::milliseconds since_start) {
  return Instant{} + std::chrono::hours{1} + since_start;
}

inline LogReadEnd broken() {
  return {.kind = LogReadEnd::Kind::broken, .message = "connection reset"};
}
inline LogReadEnd clean() {
  return {};
}
inline LogReadEnd refused(int code, std::string message) {
  LogReadEnd end{.kind = LogReadEnd::Kind::refused};
  end.status.code = code;
  end.status.message = std::move(message);
  return end;
}

}  // namespace stepop::lifecycle::testing
