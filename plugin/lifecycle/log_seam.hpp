#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "kube/timestamp.hpp"

namespace stepop::lifecycle {

// What has been handed on lately, to find where a read overlaps with an earlier one. Of a line it
// keeps when the line began and a hash of its first piece.
class LogSeam {
 public:
  struct Line {
    std::int64_t ns = 0;  // since 1970
    std::uint64_t hash = 0;
    bool operator==(const Line&) const = default;
  };
  enum class Verdict {
    known,      // handed on earlier
    last,       // handed on earlier, and the last one: what follows is new
    fresh,      // new
    after_gap,  // new, but the last line handed on did not come before it
    recount,    // the file does not begin where it did: read it once more, and begin_read with
                // `file_was_cut`
  };

  explicit LogSeam(std::size_t remember);

  // A line is handed on.
  void add(Line line);
  // Lines up to here, unless they are remembered, are to be taken for known until the overlap is
  // found.
  void ignore_until(std::int64_t ns);

  // From which second to read, for everything new to be in it; nothing when nothing was handed on.
  std::optional<kube::Timestamp> resume_second() const;
  std::optional<std::int64_t> last_ns() const;

  void begin_read(bool file_was_cut);
  Verdict judge(Line line);
  // Everything that was handed on has been seen again in this read, or is known to be gone.
  bool passed() const { return stage_ == Stage::passed; }

 private:
  enum class Stage { counting, matching, passed };
  struct Sum {
    std::uint64_t count = 0;
    std::uint64_t hashes = 0;
  };

  Verdict match(Line line);

  std::size_t remember_;
  // The newest; none older than the second to resume from, but out of order.
  std::deque<Line> lines_;
  std::map<std::int64_t, Sum> sums_;  // by second: lines of such seconds that are no more in lines_
  // Every line handed on that is later than this is in lines_.
  std::int64_t forgotten_until_;
  std::int64_t latest_;

  Stage stage_ = Stage::passed;
  Sum to_count_, counted_;
  std::size_t next_ = 0;  // in lines_: the one expected
  std::int64_t earliest_remembered_ = 0;
};

}  // namespace stepop::lifecycle
