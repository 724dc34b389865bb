// A container writes a log, a kubelet rotates it, and reads of it break anywhere: each line comes once, in its order, and
// what is missing lies in a gap that is told. tests/unit/logs has the same with random schedules; here the fuzzer chooses.
#include <algorithm>
#include <charconv>

#include "input.hpp"
#include "kubelet_log.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

using namespace lifecycle;
using lifecycle::testing::epoch;
using lifecycle::testing::KubeletLog;
using lifecycle::testing::second;

class Schedule {
 public:
  explicit Schedule(Input& input)
      : input_(input), rotates_(input.decide()), machine_({}, 1, std::size_t{1} << input.below(6)) {}

  void run() {
    obey(machine_.on_container(ContainerLife::running, now_));
    while (input_.has_decisions()) act();
    obey(machine_.on_container(ContainerLife::ended, now_));
    for (int turns = 0; !machine_.finished(); ++turns) {
      require(turns < 2000, "the log of a container that has ended comes to an end");
      if (!answer_) {
        wait();
      } else {
        pending_ += answer_->more();
        while (answer_ && !pending_.empty()) deliver(pending_.size());
        if (answer_) end(testing::clean());
      }
    }
    check_end();
  }

 private:
  void act() {
    now_ += std::chrono::milliseconds{input_.below(50)};
    switch (input_.below(8)) {
      case 0:
      case 1:
        return write();
      case 2:
      case 3:
        if (answer_) pending_ += answer_->more();
        return deliver(1 + input_.below(200));
      case 4:
        if (answer_) end(input_.decide() ? testing::broken() : testing::clean());
        return;
      case 5:
        if (answer_) end(testing::refused(503, "busy"));
        return;
      case 6:
        // A read that is open goes on in the new file; a kubelet does not lose what it is about to send.
        if (rotates_) log_.rotate();
        return;
      default:
        return wait();
    }
  }

  // Of which no beginning could be another line.
  static std::string numbered(std::size_t number) {
    std::string text = std::to_string(number);
    return '<' + text + '>';
  }

  void write() {
    // Mostly the same time, or a little later; seldom a little earlier than the latest, as another stream's may be.
    constexpr std::int64_t steps[] = {0, 0, 1, second / 3, second, 7 * second};
    latest_ += steps[input_.below(std::size(steps))];
    const std::int64_t ns = latest_ - (input_.below(8) == 1 ? second / 20 : 0);
    // Without rotation lines may be equal, and must all the same come as often as they were written.
    std::string text = rotates_ ? numbered(written_.size()) : std::string(input_.below(3), 'x');
    if (input_.below(16) == 1) text += ' ' + testing::stamp(ns) + std::string(LogMachine::piece_bytes, 'L');
    log_.line(ns, text);
    written_.push_back(std::move(text));
  }

  void deliver(std::size_t most) {
    if (!answer_ || pending_.empty()) return;
    const std::string bytes = pending_.substr(0, most);
    pending_.erase(0, bytes.size());
    obey(machine_.on_bytes(bytes, now_));
  }

  void end(const LogReadEnd& how) {
    answer_.reset();
    pending_.clear();
    obey(machine_.on_end(how, now_));
  }

  void wait() {
    if (!machine_.wake_at()) return;
    now_ = std::max(now_, *machine_.wake_at());
    obey(machine_.on_time(now_));
  }

  void obey(const LogActions& actions) {
    for (const auto& piece : actions.pieces) {
      if (piece.kind == LogPiece::Kind::gap) {
        require(rotates_, "without rotation nothing is missing");
        require(!piece.from || !piece.to || *piece.from <= *piece.to + std::chrono::milliseconds{100},
                "a gap begins before it ends");
      }
    }
    lines_.add(actions.pieces);
    if (actions.hang_up) {
      answer_.reset();
      pending_.clear();
    }
    if (actions.read) {
      require(!answer_, "one read at a time");
      answer_.emplace(log_.answer(*actions.read));
    }
  }

  void check_end() {
    auto lines = lines_.all();
    require(!lines.empty() && lines.back() == "<end>", "the end is told");
    lines.pop_back();
    if (!rotates_) {
      require(lines == written_, "every line came once, in its order");
      return;
    }
    std::size_t next = 0;
    bool gap = true;  // what was rotated away before the first read is told by nobody
    bool broken = false;
    for (const auto& line : lines) {
      if (line == "<gap>" || line == "<no end of the line>") {
        gap = true;
        broken = false;
        continue;
      }
      if (line.find('>') == std::string::npos) {
        // The beginning of a line that was rotated away before the rest of it was read.
        require(line.empty() || std::any_of(written_.begin() + static_cast<std::ptrdiff_t>(next), written_.end(),
                                            [&](const auto& text) { return text.starts_with(line); }),
                "a beginning is one of a line that was written");
        broken = gap = true;
        continue;
      }
      require(!broken, "after a line without its end comes a gap");
      std::size_t number = 0;
      const auto error = std::from_chars(line.data() + 1, line.data() + line.size(), number).ec;
      require(error == std::errc() && number < written_.size(), "a line is one that was written");
      require(number >= next, "no line comes twice, or before an earlier one");
      require(number == next || gap, "what is missing lies in a gap that is told");
      require(written_[number].starts_with(line), "a line is as it was written, or its beginning");
      next = number + 1;
      gap = false;
    }
    require(next == written_.size() || gap, "what is missing lies in a gap that is told");
  }

  Input& input_;
  bool rotates_;
  LogMachine machine_;
  KubeletLog log_;
  std::vector<std::string> written_;
  std::int64_t latest_ = epoch + second / 2;
  Instant now_ = testing::at(std::chrono::milliseconds{0});
  std::optional<KubeletLog::Answer> answer_;
  std::string pending_;
  testing::Lines lines_;
};

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  // Nothing but decisions.
  std::string all = "\n%%\n";
  all.append(reinterpret_cast<const char*>(data), size);
  Input input(reinterpret_cast<const std::uint8_t*>(all.data()), all.size());
  Schedule(input).run();
  return 0;
}
