// Whatever breaks, wherever: the lines are those that were written, each once, in their order.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "kubelet_log.hpp"

namespace stepop::lifecycle::testing {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> with_end(std::vector<std::string> lines) {
  lines.push_back("<end>");
  return lines;
}

// Reads that are due are answered whole, until the machine has ended the log.
void read_to_the_end(LogMachine& machine, std::optional<LogRead> read, const KubeletLog& log, Instant now,
                     Lines& lines) {
  for (int reads = 0; !machine.finished(); ++reads) {
    ASSERT_LT(reads, 20) << "it never ends";
    if (!read) {
      ASSERT_TRUE(machine.wake_at());
      now = std::max(now, *machine.wake_at());
      auto actions = machine.on_time(now);
      lines.add(actions.pieces);
      read = actions.read;
      continue;
    }
    auto actions = machine.on_bytes(log.whole(*read), now);
    lines.add(actions.pieces);
    if (!actions.read) {
      actions = machine.on_end(clean(), now);
      lines.add(actions.pieces);
    }
    read = actions.read;
  }
}

// A follow is cut after some bytes, one way or the other; then the container ends.
std::vector<std::string> read_with_cuts(const KubeletLog& log, const std::vector<std::size_t>& cuts, bool cleanly,
                                        std::size_t remember) {
  LogMachine machine({}, 1, remember);
  Instant now = at(milliseconds{0});
  Lines lines;
  auto read = machine.on_container(ContainerLife::running, now).read;
  for (const std::size_t cut : cuts) {
    for (auto answer = log.whole(read.value()).substr(0, cut); !answer.empty();) {
      const auto actions = machine.on_bytes(answer, now);
      lines.add(actions.pieces);
      answer.clear();
      if (actions.read) answer = log.whole(*actions.read).substr(0, cut);
    }
    lines.add(machine.on_end(cleanly ? clean() : broken(), now).pieces);
    now = *machine.wake_at();
    read = machine.on_time(now).read;
  }
  lines.add(machine.on_end(broken(), now).pieces);
  const auto last = machine.on_container(ContainerLife::ended, now);
  read_to_the_end(machine, last.read, log, now, lines);
  return lines.all();
}

// Times repeat, also with equal text; seconds change; some lines look like answers themselves.
struct SmallLog {
  KubeletLog log;
  std::vector<std::string> written;

  SmallLog() {
    const std::int64_t ns = epoch + second / 2;
    for (const auto& [time, text] :
         std::vector<std::pair<std::int64_t, std::string>>{{ns, "one"},
                                                           {ns, "one"},
                                                           {ns, "two"},
                                                           {ns, ""},
                                                           {ns, ""},
                                                           {ns + second, stamp(epoch) + " a time of its own"},
                                                           {ns + second, "one"},
                                                           {ns + second, std::string("\0\xff", 2)},
                                                           {ns + second, "one"},
                                                           {ns + second + 1, "one"}}) {
      log.line(time, text);
      written.push_back(text);
    }
    log.unfinished(ns + second + 1, "last words");
    written.push_back("last words");
  }
};

class LogResumed : public ::testing::TestWithParam<std::size_t> {};

TEST_P(LogResumed, AfterACutAtAnyByteBringsEachLineOnce) {
  const SmallLog small;
  const std::size_t size = small.log.whole({}).size();
  for (std::size_t cut = 0; cut <= size; ++cut) {
    for (const bool cleanly : {false, true}) {
      ASSERT_EQ(read_with_cuts(small.log, {cut}, cleanly, GetParam()), with_end(small.written)) << cut << cleanly;
    }
  }
}

TEST_P(LogResumed, AfterTwoCutsAtAnyBytesBringsEachLineOnce) {
  const SmallLog small;
  const std::size_t size = small.log.whole({}).size();
  for (std::size_t first = 0; first <= size; ++first) {
    for (std::size_t then = 0; then <= size; then += 7) {
      for (const bool cleanly : {false, true}) {
        ASSERT_EQ(read_with_cuts(small.log, {first, then}, cleanly, GetParam()), with_end(small.written))
            << first << ' ' << then << cleanly;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Remembering, LogResumed, ::testing::Values(1, 3, LogMachine::remembered_lines),
                         [](const auto& info) { return std::to_string(info.param) + "Lines"; });

TEST(LogResume, InTheMiddleOfALongLineBringsEachByteOnce) {
  std::string text(5 * LogMachine::piece_bytes + 100, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  KubeletLog log;
  log.line(epoch + second / 2, "before");
  // Its parts are written over several seconds: only the first has a time on the wire.
  log.line(epoch + second / 2, text, second);
  log.line(epoch + 6 * second, "after");
  const std::size_t size = log.whole({}).size();
  for (std::size_t cut = 0; cut <= size; cut += 997) {
    for (std::size_t then = 0; then <= size; then += 8191) {
      ASSERT_EQ(read_with_cuts(log, {cut, then}, false, 3), with_end({"before", text, "after"})) << cut << ' ' << then;
    }
  }
}

TEST(LogResume, DoesNotTakeTheRestOfAnOlderLineForALine) {
  KubeletLog log;
  log.line(epoch + second / 2, std::string(2 * LogMachine::piece_bytes, 'x'), 2 * second);
  log.line(epoch + 2 * second + second / 2, "after");
  const LogRead from_after{.since = kube::Timestamp{std::chrono::seconds{epoch / second + 2}}};
  ASSERT_EQ(log.whole(from_after).front(), 'x') << "the premise: it begins without a time";
  const auto lines = read_with_cuts(log, {log.whole({}).size()}, false, 3);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1], "after");
}

TEST(LogResume, FindsALineThatIsALittleOlderThanTheOneBefore) {
  KubeletLog log;
  log.line(epoch + second + 1000, "stdout");
  log.line(epoch + second - 1000, "stderr");
  for (std::size_t cut = 0; cut <= log.whole({}).size(); ++cut) {
    ASSERT_EQ(read_with_cuts(log, {cut}, false, 3), with_end({"stdout", "stderr"})) << cut;
  }
}

TEST(LogResume, SurvivesAClockThatWasSetBack) {
  KubeletLog log;
  std::vector<std::string> written;
  for (int i = 0; i < 40; ++i) {
    // Two lines a second; after twenty lines it is eight seconds earlier.
    const std::int64_t ns = epoch + i * second / 2 - (i >= 20 ? 8 * second : 0);
    written.push_back("line " + std::to_string(i));
    log.line(ns, written.back());
  }
  const std::size_t first_after = log.whole({}).find("line 20");
  for (std::size_t cut = first_after + 8; cut <= log.whole({}).size(); ++cut) {
    for (const std::size_t remember : {2u, 4096u}) {
      ASSERT_EQ(read_with_cuts(log, {cut}, false, remember), with_end(written)) << cut;
    }
  }
}

// One schedule: a container writes while its log is followed, and anything that can break breaks.
class Schedule {
 public:
  explicit Schedule(std::uint64_t seed) : random_(seed), machine_({}, seed, pick({1, 2, 5, 50})) {}

  void run() {
    obey(machine_.on_container(ContainerLife::running, now_));
    while (to_write_ > 0 || faults_ > 0) act();
    over_ = true;
    obey(machine_.on_container(ContainerLife::ended, now_));
    for (int turns = 0; !machine_.finished(); ++turns) {
      ASSERT_LT(turns, 1000) << "it never ends";
      if (!answer_) {
        wait();
      } else {
        deliver(answer_->more());
        if (answer_) end(clean());
      }
    }
    ASSERT_EQ(lines_.all(), with_end(written_));
    ASSERT_LE(lines_.longest_piece(), LogMachine::piece_bytes);
  }

 private:
  std::size_t below(std::size_t most) { return random_() % most; }
  std::size_t pick(std::initializer_list<std::size_t> of) { return *(of.begin() + below(of.size())); }

  void act() {
    now_ += milliseconds{below(50)};
    switch (below(6)) {
      case 0:
      case 1:
        return write();
      case 2:
      case 3:
        if (answer_) pending_ += answer_->more();
        return deliver_some();
      case 4:
        if (faults_ > 0 && answer_) {
          --faults_;
          end(std::vector<std::function<LogReadEnd()>>{broken, clean, [] { return refused(503, "busy"); }}[below(3)]());
        }
        return;
      default:
        return wait();
    }
  }

  void write() {
    if (to_write_ == 0) return;
    --to_write_;
    // Mostly the same time, or a little later; seldom a little earlier than the latest.
    const std::int64_t steps[] = {0, 0, 0, 0, 1, second / 3, second};
    latest_ += steps[below(std::size(steps))];
    ns_ = latest_ - static_cast<std::int64_t>(below(8) == 0) * second / 20;
    std::string text = std::vector<std::string>{"x", "", "yy", stamp(ns_), std::string(40, '\0')}[below(5)];
    if (below(12) == 0) text = std::string(LogMachine::piece_bytes * (1 + below(3)) + below(3) - 1, 'L');
    const std::int64_t between_parts = static_cast<std::int64_t>(below(2)) * second;
    log_.line(ns_, text, between_parts);
    latest_ += static_cast<std::int64_t>(text.size() / LogMachine::piece_bytes) * between_parts;
    written_.push_back(std::move(text));
  }

  void deliver_some() {
    if (!answer_ || pending_.empty()) return;
    const std::size_t size = std::min(pending_.size(), 1 + below(pick({3, 60, 100'000})));
    const std::string bytes = pending_.substr(0, size);
    pending_.erase(0, size);
    obey(machine_.on_bytes(bytes, now_));
  }
  void deliver(const std::string& bytes) {
    pending_ += bytes;
    while (answer_ && !pending_.empty()) deliver_some();
  }
  void end(const LogReadEnd& end) {
    answer_.reset();
    pending_.clear();
    obey(machine_.on_end(end, now_));
  }
  void wait() {
    if (!machine_.wake_at()) return;
    now_ = std::max(now_, *machine_.wake_at());
    obey(machine_.on_time(now_));
  }
  void obey(const LogActions& actions) {
    lines_.add(actions.pieces);
    if (actions.hang_up) {
      answer_.reset();
      pending_.clear();
    }
    if (actions.read) {
      ASSERT_FALSE(answer_) << "two reads at once";
      answer_.emplace(log_.answer(*actions.read));
    }
  }

  std::mt19937_64 random_;
  LogMachine machine_;
  KubeletLog log_;
  std::vector<std::string> written_;
  std::int64_t latest_ = epoch + second / 2;
  std::int64_t ns_ = latest_;
  std::size_t to_write_ = 40;
  int faults_ = 6;
  bool over_ = false;
  Instant now_ = at(milliseconds{0});
  std::optional<KubeletLog::Answer> answer_;
  std::string pending_;
  Lines lines_;
};

TEST(LogResume, BringsEachLineOnceInAnySchedule) {
  for (std::uint64_t seed = 1; seed <= 3000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule(seed).run();
  }
}

}  // namespace
}  // namespace stepop::lifecycle::testing
