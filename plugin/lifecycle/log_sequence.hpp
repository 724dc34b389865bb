#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace stepop::lifecycle {

// Whose log is read when: one attempt of a step after the other, each to its end, and the whole ends with the last one's.
// Pure: what is known of the attempts in, what to do with their logs out.
class LogSequence {
 public:
  struct Action {
    enum class Kind {
      follow,   // read this attempt's log
      lost,     // nothing is left of this attempt's log: a gap
      give_up,  // the attempt was replaced although its node never confirmed its end: do not wait for more of its log
      end,      // nothing follows
    };
    Kind kind = Kind::end;
    std::uint32_t attempt = 0;  // of follow, lost, give_up
    bool operator==(const Action&) const = default;
  };
  using Actions = std::vector<Action>;

  // `newest_only`: of the attempts known at the start, only the newest is read.
  explicit LogSequence(bool newest_only) : newest_only_(newest_only) {}

  // A pod of this attempt is there; `over`: it has ended. Before `start`, for each that is known already.
  Actions on_pod(std::uint32_t attempt, bool over);
  Actions start();
  // The log that was followed last has been read to its end.
  Actions on_read();
  // The step is terminal: no further attempt comes.
  Actions on_step_ended();

  // The attempt whose log is being read.
  std::optional<std::uint32_t> current() const { return reading_; }

 private:
  Actions decide();

  bool newest_only_;
  bool started_ = false;
  bool step_ended_ = false;
  bool end_told_ = false;
  bool gave_up_ = false;
  std::uint32_t next_ = 0;  // the first attempt of which nothing has been told
  std::optional<std::uint32_t> reading_;
  bool reading_over_ = false;
  std::map<std::uint32_t, bool> later_;  // attempts that wait for their turn, and whether they have ended
};

}  // namespace stepop::lifecycle
