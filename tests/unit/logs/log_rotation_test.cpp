// What a rotated file does to a log: nothing twice, and what is missing is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "kubelet_log.hpp"

namespace stepop::lifecycle::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

class LogRotation : public ::testing::Test {
 protected:
  void follow() { read_ = machine_.on_container(ContainerLife::running, now_).read; }
  void read(bool cleanly = false) {
    lines_.add(machine_.on_bytes(log_.whole(*read_), now_).pieces);
    lines_.add(machine_.on_end(cleanly ? clean() : broken(), now_).pieces);
    again();
  }
  void again() {
    read_.reset();
    while (!read_ && machine_.wake_at()) {
      now_ = std::max(now_, *machine_.wake_at());
      read_ = machine_.on_time(now_).read;
    }
  }
  void end() {
    machine_.on_end(broken(), now_);
    read_ = machine_.on_container(ContainerLife::ended, now_).read;
    for (int reads = 0; read_ && reads < 20; ++reads) {
      lines_.add(machine_.on_bytes(log_.whole(*read_), now_).pieces);
      const auto actions = machine_.on_end(clean(), now_);
      lines_.add(actions.pieces);
      read_ = actions.read;
      if (!read_) again();
    }
  }

  KubeletLog log_;
  LogMachine machine_{{}, 1};
  Instant now_ = at(milliseconds{0});
  std::optional<LogRead> read_;
  Lines lines_;
};

TEST_F(LogRotation, WhileDisconnectedIsAGapWithItsBounds) {
  log_.line(epoch, "one");
  follow();
  read();
  log_.line(epoch + second, "lost");
  log_.rotate();
  log_.line(epoch + 2 * second, "three");
  const auto pieces = machine_.on_bytes(log_.whole(*read_), now_).pieces;
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].kind, LogPiece::Kind::gap);
  EXPECT_EQ(pieces[0].from, kube::Timestamp{std::chrono::microseconds{epoch / 1000}});
  EXPECT_EQ(pieces[0].to, kube::Timestamp{std::chrono::microseconds{epoch / 1000 + 2'000'000}});
  EXPECT_EQ(pieces[1].data, "three");
}

TEST_F(LogRotation, BeforeTheLinesThatWereReadIsNoGap) {
  log_.line(epoch, "one");
  follow();
  log_.rotate();
  log_.line(epoch + 1, "two");
  log_.line(epoch + 2, "three");
  lines_.add(machine_.on_bytes(stamp(epoch) + " one\n" + log_.whole({}), now_).pieces);
  machine_.on_end(broken(), now_);
  again();
  log_.line(epoch + 3, "four");
  read();
  end();
  EXPECT_THAT(lines_.all(), ElementsAre("one", "two", "three", "four", "<end>"));
}

TEST_F(LogRotation, InTheMiddleOfALineEndsWhatWasGivenOfItBeforeTheGap) {
  follow();
  const std::string given(LogMachine::piece_bytes, 'x');
  lines_.add(machine_.on_bytes(stamp(epoch) + " " + given + "y", now_).pieces);
  ASSERT_TRUE(lines_.in_a_line());
  machine_.on_end(broken(), now_);
  again();
  log_.line(epoch + second, "after");
  read();
  end();
  EXPECT_THAT(lines_.all(), ElementsAre(given, "<gap>", "after", "<end>"));
}

TEST_F(LogRotation, LeavesLinesThatDifferByANanosecondApart) {
  for (int i = 1; i <= 2; ++i) log_.line(epoch + i, "same");
  follow();
  read();
  log_.rotate();
  // The second one again: it is the first of the new file, as if the first alone had been rotated away.
  for (int i = 2; i <= 3; ++i) log_.line(epoch + i, "same");
  read();
  end();
  EXPECT_THAT(lines_.all(), ElementsAre("same", "same", "same", "<end>"));
}

TEST_F(LogRotation, ThatLeavesNothingToAgreeWithEndsTheLogWithAGap) {
  log_.line(epoch, "one");
  follow();
  read();
  log_.rotate();
  end();
  EXPECT_THAT(lines_.all(), ElementsAre("one", "<gap>", "<end>"));
}

TEST_F(LogRotation, OfManyLinesOfOneSecondRepeatsNone) {
  constexpr int lines = 3 * static_cast<int>(LogMachine::remembered_lines);
  std::vector<std::string> written;
  follow();
  for (int i = 0; i < lines; ++i) {
    if (i == lines / 10) log_.rotate();
    written.push_back(std::to_string(i));
    log_.line(epoch + i, written.back());
    if (i < lines / 10) lines_.add(machine_.on_bytes(stamp(epoch + i) + " " + written.back() + "\n", now_).pieces);
  }
  lines_.add(machine_.on_bytes(log_.whole({}), now_).pieces);
  machine_.on_end(broken(), now_);
  again();
  // The count does not agree: the file begins later than it did.
  auto actions = machine_.on_bytes(log_.whole(*read_), now_);
  EXPECT_TRUE(actions.hang_up);
  ASSERT_TRUE(actions.read);
  lines_.add(machine_.on_bytes(log_.whole(*actions.read), now_).pieces);
  end();
  written.push_back("<end>");
  EXPECT_EQ(lines_.all(), written);
}

// Lines are numbered: whatever is not there has a gap in its place.
TEST_F(LogRotation, InAnyScheduleRepeatsNothingAndTellsWhatIsMissing) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    KubeletLog log;
    LogMachine machine({}, seed, 1 + random() % 6);
    Lines lines;
    Instant now = at(milliseconds{0});
    std::int64_t ns = epoch + second / 2;
    int written = 0;
    auto read = machine.on_container(ContainerLife::running, now).read;
    std::optional<KubeletLog::Answer> answer = log.answer(*read);
    const auto obey = [&](const LogActions& actions) {
      lines.add(actions.pieces);
      if (actions.hang_up) answer.reset();
      if (actions.read) answer = log.answer(*actions.read);
    };
    const auto wait = [&] {
      if (!machine.wake_at()) return;
      now = std::max(now, *machine.wake_at());
      obey(machine.on_time(now));
    };
    while (written < 60) {
      switch (random() % 6) {
        case 0:
        case 1:
        case 2:
          ns += std::int64_t{random() % 3 == 0} * static_cast<std::int64_t>(random() % (second / 2));
          log.line(ns, std::to_string(written++));
          break;
        case 3:
          if (answer) obey(machine.on_bytes(answer->more(), now));
          break;
        case 4:
          if (random() % 2 == 0) {
            log.rotate();
          } else if (answer) {
            answer.reset();
            obey(machine.on_end(random() % 2 == 0 ? broken() : clean(), now));
          }
          break;
        default:
          if (!answer) wait();
      }
    }
    obey(machine.on_container(ContainerLife::ended, now));
    for (int turns = 0; !machine.finished(); ++turns) {
      ASSERT_LT(turns, 100) << "it never ends";
      if (!answer) {
        wait();
        continue;
      }
      const auto reading = machine.on_bytes(answer->more(), now);
      obey(reading);
      if (reading.read) continue;
      answer.reset();
      obey(machine.on_end(clean(), now));
    }
    ASSERT_TRUE(lines.ended());
    int expected = 0;
    // What was rotated away before the first read brought a line, nobody can know of.
    bool gap = true;
    for (const auto& line : lines.all()) {
      if (line == "<gap>") {
        gap = true;
        continue;
      }
      const int number = line == "<end>" ? written : std::stoi(line);
      ASSERT_GE(number, expected) << "a line came twice, or late";
      ASSERT_TRUE(number == expected || gap) << number << " came after " << expected - 1 << " without a gap between";
      expected = number + 1;
      gap = false;
    }
  }
}

}  // namespace
}  // namespace stepop::lifecycle::testing
