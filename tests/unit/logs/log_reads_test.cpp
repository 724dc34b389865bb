// Which read comes next, and when the end is believed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubelet_log.hpp"

namespace stepop::lifecycle::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const auto start = at(milliseconds{0});

class LogReads : public ::testing::Test {
 protected:
  // Calls on_time when it is due, until a read is asked for or an hour is over.
  static std::optional<LogRead> wait_for_read(LogMachine& machine, Instant& now, Lines& lines) {
    const Instant most = now + std::chrono::hours{1};
    while (now < most && machine.wake_at()) {
      now = std::max(now, *machine.wake_at());
      auto actions = machine.on_time(now);
      lines.add(actions.pieces);
      if (actions.read) return actions.read;
    }
    return std::nullopt;
  }

  KubeletLog log_;
  Lines lines_;
  Instant now_ = start;
};

TEST_F(LogReads, WaitForTheContainer) {
  LogMachine machine({}, 1);
  EXPECT_FALSE(machine.on_container(ContainerLife::unbound, now_).read);
  EXPECT_FALSE(machine.on_container(ContainerLife::waiting, now_).read);
  EXPECT_FALSE(machine.wake_at());
  EXPECT_EQ(machine.on_container(ContainerLife::running, now_).read, (LogRead{.follow = true}));
}

TEST_F(LogReads, OfAContainerThatNeverRanEndAtOnce) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::waiting, now_);
  lines_.add(machine.on_container(ContainerLife::never_ran, now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<end>"));
}

TEST_F(LogReads, OfAStatusThatWasLostAreMadeOnlyIfTheContainerWasSeenRunning) {
  LogMachine unseen({}, 1);
  lines_.add(unseen.on_container(ContainerLife::status_lost, now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<end>"));
  LogMachine seen({}, 1);
  seen.on_container(ContainerLife::running, now_);
  seen.on_end(broken(), now_);
  EXPECT_EQ(seen.on_container(ContainerLife::status_lost, now_).read, LogRead{});
}

TEST_F(LogReads, OfAnEndedContainerAreTwoThatAgree) {
  log_.line(epoch, "hello");
  LogMachine machine({}, 1);
  const auto first = machine.on_container(ContainerLife::ended, now_).read;
  ASSERT_EQ(first, LogRead{});
  lines_.add(machine.on_bytes(log_.whole(*first), now_).pieces);
  const auto second = machine.on_end(clean(), now_);
  EXPECT_FALSE(machine.finished());
  ASSERT_TRUE(second.read);
  EXPECT_TRUE(second.read->since);
  lines_.add(machine.on_bytes(log_.whole(*second.read), now_).pieces);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("hello", "<end>"));
}

TEST_F(LogReads, OfAnEmptyLogEndWithoutALine) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::ended, now_);
  EXPECT_TRUE(machine.on_end(clean(), now_).read);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<end>"));
}

TEST_F(LogReads, GoOnAfterACleanEndWhileTheContainerRuns) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_bytes(stamp(epoch) + " hello\n", now_);
  EXPECT_FALSE(machine.on_end(clean(), now_).read);
  const auto next = wait_for_read(machine, now_, lines_);
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->follow);
}

TEST_F(LogReads, WithoutFollowAreOneThatEnds) {
  log_.line(epoch, "hello");
  log_.unfinished(epoch, "and");
  LogMachine machine({.follow = false}, 1);
  const auto read = machine.on_container(ContainerLife::running, now_).read;
  ASSERT_EQ(read, LogRead{});
  lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("hello", "and", "<end>"));
}

TEST_F(LogReads, WithoutFollowOfAContainerThatHasNotStartedEndAtOnce) {
  LogMachine machine({.follow = false}, 1);
  lines_.add(machine.on_container(ContainerLife::waiting, now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<end>"));
}

TEST_F(LogReads, CarryTheWishesOfTheHostUntilALineHasCome) {
  LogMachine machine({.since = kube::Timestamp{std::chrono::microseconds{epoch / 1000 + 700'000}}, .tail_lines = 3}, 1);
  const auto first = machine.on_container(ContainerLife::running, now_).read;
  ASSERT_TRUE(first);
  EXPECT_EQ(first->tail_lines, 3);
  EXPECT_EQ(first->since, kube::Timestamp{std::chrono::microseconds{epoch / 1000}});
  lines_.add(
      machine.on_bytes(stamp(epoch + second / 2) + " too old\n" + stamp(epoch + 5 * second) + " new\n", now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("new"));
  machine.on_end(broken(), now_);
  const auto next = wait_for_read(machine, now_, lines_);
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->tail_lines);
  EXPECT_EQ(next->since, kube::Timestamp{std::chrono::microseconds{epoch / 1000 + 4'000'000}});
}

TEST_F(LogReads, OfATailDoNotBringWhatIsOlderLater) {
  for (int i = 0; i < 10; ++i) log_.line(epoch + second / 2, std::to_string(i));
  LogMachine machine({.tail_lines = 2}, 1);
  auto read = machine.on_container(ContainerLife::ended, now_).read;
  while (read) {
    lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
    const auto actions = machine.on_end(clean(), now_);
    lines_.add(actions.pieces);
    read = actions.read;
  }
  EXPECT_THAT(lines_.all(), ElementsAre("8", "9", "<end>"));
}

TEST_F(LogReads, OfATailBringAllThatIsWrittenToALogThatWasEmpty) {
  LogMachine machine({.tail_lines = 2}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_end(clean(), now_);
  for (int i = 0; i < 4; ++i) log_.line(epoch, std::to_string(i));
  const auto read = wait_for_read(machine, now_, lines_);
  ASSERT_TRUE(read);
  lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("0", "1", "2", "3"));
}

TEST_F(LogReads, OfATailOfNothingBringWhatIsWrittenFromNowOn) {
  log_.line(epoch, "old");
  log_.line(epoch + 5, "older than the request");
  LogMachine machine({.tail_lines = 0}, 1);
  auto read = machine.on_container(ContainerLife::running, now_).read;
  ASSERT_EQ(read, (LogRead{.tail_lines = 1}));
  lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
  read = machine.on_end(clean(), now_).read;
  log_.line(epoch + 6, "new");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->follow);
  lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("new"));
}

TEST_F(LogReads, AreRepeatedMoreAndMoreSlowly) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  milliseconds last{0};
  for (int i = 0; i < 12; ++i) {
    machine.on_end(broken(), now_);
    const Instant before = now_;
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
    last = std::chrono::duration_cast<milliseconds>(now_ - before);
    EXPECT_GT(last, milliseconds{0});
    EXPECT_LE(last, seconds{30});
  }
  EXPECT_GE(last, seconds{15});
}

TEST_F(LogReads, AreRepeatedQuicklyAgainAfterOneThatBroughtALine) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  for (int i = 0; i < 10; ++i) {
    machine.on_end(broken(), now_);
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  }
  machine.on_bytes(stamp(epoch) + " hello\n", now_);
  machine.on_end(broken(), now_);
  EXPECT_LE(*machine.wake_at() - now_, milliseconds{200});
}

TEST_F(LogReads, WaitAsLongAsTheServerAsks) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  auto end = refused(429, "too many requests");
  end.retry_after = seconds{7};
  machine.on_end(end, now_);
  EXPECT_EQ(*machine.wake_at() - now_, seconds{7});
}

TEST_F(LogReads, GoOnAtOnceWhenTheContainerHasEnded) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_end(broken(), now_);
  EXPECT_EQ(machine.on_container(ContainerLife::ended, now_).read, LogRead{});
}

TEST_F(LogReads, ThatAKubeletRefusesWhileItStartsTheContainerAreRepeated) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  for (int i = 0; i < 100; ++i) {
    lines_.add(
        machine.on_end(refused(400, "container \"main\" in pod \"p\" is waiting to start: ContainerCreating"), now_)
            .pieces);
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  }
  EXPECT_THAT(lines_.all(), IsEmpty());
}

TEST_F(LogReads, ThatFailAreRepeatedForAsLongAsTheContainerRuns) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  const Instant most = now_ + std::chrono::hours{10};
  while (now_ < most) {
    machine.on_end(refused(500, "dial tcp 10.0.0.1:10250: connect: no route to host"), now_);
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  }
  EXPECT_THAT(lines_.all(), IsEmpty());
}

TEST_F(LogReads, OfAnEndedContainerWhoseLogIsNotThereEndAfterAMinuteWithAGap) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::ended, now_);
  while (!machine.finished()) {
    machine.on_bytes("unable to retrieve container logs for containerd://1", now_);
    lines_.add(machine.on_end(clean(), now_).pieces);
    wait_for_read(machine, now_, lines_);
  }
  EXPECT_THAT(lines_.all(), ElementsAre("<gap>", "<end>"));
  EXPECT_GE(now_ - start, minutes{1});
  EXPECT_LE(now_ - start, minutes{2});
}

TEST_F(LogReads, ThatHoldOnlyAServersErrorAreNoEmptyLog) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::ended, now_);
  for (int i = 0; i < 3; ++i) {
    machine.on_bytes("failed to open log file\n", now_);
    lines_.add(machine.on_end(clean(), now_).pieces);
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  }
  EXPECT_FALSE(machine.finished());
}

TEST_F(LogReads, ThatHoldAServersErrorPutItIntoTheGapInPrintableCharacters) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::ended, now_);
  std::string message;
  while (!machine.finished()) {
    machine.on_bytes("failed\xff\x01", now_);
    for (const auto& piece : machine.on_end(clean(), now_).pieces) {
      if (piece.kind == LogPiece::Kind::gap) message = piece.data;
    }
    wait_for_read(machine, now_, lines_);
  }
  EXPECT_THAT(message, ::testing::EndsWith("failed??"));
}

TEST_F(LogReads, OfAnEndedContainerOnANodeThatDoesNotAnswerEndAfterAQuarterOfAnHourWithAGap) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::ended, now_);
  while (!machine.finished()) {
    lines_.add(machine.on_end(refused(502, "bad gateway"), now_).pieces);
    wait_for_read(machine, now_, lines_);
  }
  EXPECT_THAT(lines_.all(), ElementsAre("<gap>", "<end>"));
  EXPECT_GE(now_ - start, minutes{15});
}

TEST_F(LogReads, ThatDoNotReachTheServerAreRepeatedForEver) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::ended, now_);
  const Instant most = now_ + std::chrono::hours{10};
  while (now_ < most) {
    machine.on_end(broken(), now_);
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  }
  EXPECT_FALSE(machine.finished());
}

TEST_F(LogReads, ThatAreForbiddenForAMomentAreNoMatter) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  lines_.add(
      machine.on_end(refused(403, "pods is forbidden: User \"x\" cannot get resource \"pods/log\""), now_).pieces);
  ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  lines_.add(machine.on_bytes(stamp(epoch) + " hello\n", now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("hello"));
}

TEST_F(LogReads, ThatAreForbiddenForLongAreToldOnce) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  const Instant most = now_ + minutes{10};
  while (now_ < most) {
    auto actions = machine.on_end(refused(403, "cannot get resource \"pods/log\""), now_);
    for (const auto& piece : actions.pieces) EXPECT_THAT(piece.data, ::testing::HasSubstr("cannot get resource"));
    lines_.add(actions.pieces);
    ASSERT_TRUE(wait_for_read(machine, now_, lines_));
  }
  EXPECT_THAT(lines_.all(), ElementsAre("<gap>"));
}

TEST_F(LogReads, OfAPodThatIsGoneEndWithAGapToTheUnknown) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_bytes(stamp(epoch) + " hello\n", now_);
  machine.on_end(broken(), now_);
  const auto pieces = machine.on_gone(now_).pieces;
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].kind, LogPiece::Kind::gap);
  EXPECT_EQ(pieces[0].from, kube::Timestamp{std::chrono::microseconds{epoch / 1000}});
  EXPECT_FALSE(pieces[0].to);
  EXPECT_EQ(pieces[1].kind, LogPiece::Kind::end);
}

TEST_F(LogReads, OfAPodThatIsGoneBringWhatIsOnItsWay) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  EXPECT_THAT(machine.on_gone(now_).pieces, IsEmpty());
  lines_.add(machine.on_bytes(stamp(epoch) + " last\n" + stamp(epoch) + " words", now_).pieces);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("last", "words", "<gap>", "<end>"));
}

TEST_F(LogReads, OfAPodThatIsGoneDoNotLoseLastWordsThatHadCome) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  lines_.add(machine.on_bytes(stamp(epoch) + " one\n" + stamp(epoch) + " last words", now_).pieces);
  now_ += seconds{1};
  lines_.add(machine.on_container(ContainerLife::ended, now_).pieces);
  lines_.add(machine.on_gone(now_).pieces);
  lines_.add(machine.on_end(refused(404, "pods \"p\" not found"), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("one", "last words", "<gap>", "<end>"));
}

TEST_F(LogReads, OfAPodThatIsGoneEndWhenNothingComesAnyMore) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_gone(now_);
  ASSERT_TRUE(machine.wake_at());
  now_ = *machine.wake_at();
  const auto actions = machine.on_time(now_);
  EXPECT_TRUE(actions.hang_up);
  lines_.add(actions.pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<gap>", "<end>"));
}

TEST_F(LogReads, AreNotGivenUpWhileTheReaderOfTheLogHasNoRoom) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_gone(now_);
  machine.on_pause();
  EXPECT_FALSE(machine.wake_at());
  now_ += minutes{10};
  machine.on_room(now_);
  EXPECT_GT(*machine.wake_at(), now_);
}

TEST_F(LogReads, ThatAgreeAfterThePodIsGoneNeedNoGap) {
  log_.line(epoch, "hello");
  LogMachine machine({}, 1);
  const auto first = machine.on_container(ContainerLife::running, now_).read;
  lines_.add(machine.on_bytes(log_.whole(*first), now_).pieces);
  machine.on_end(clean(), now_);
  const auto last = machine.on_container(ContainerLife::ended, now_).read;
  ASSERT_TRUE(last);
  machine.on_gone(now_);
  lines_.add(machine.on_bytes(log_.whole(*last), now_).pieces);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("hello", "<end>"));
}

TEST_F(LogReads, OfAPodThatWasNeverBoundEndWithoutAGap) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::unbound, now_);
  lines_.add(machine.on_gone(now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<end>"));
}

TEST_F(LogReads, OfAPodThatWasGoneBeforeItWasSeenToStartEndWithAGap) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::waiting, now_);
  lines_.add(machine.on_gone(now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("<gap>", "<end>"));
}

TEST_F(LogReads, WithFollowAreReplacedAsSoonAsTheContainerHasEnded) {
  log_.line(epoch, "one");
  log_.unfinished(epoch, "last words");
  LogMachine machine({}, 1);
  const auto first = machine.on_container(ContainerLife::running, now_).read;
  lines_.add(machine.on_bytes(log_.whole(*first), now_).pieces);
  now_ += seconds{1};
  const auto actions = machine.on_container(ContainerLife::ended, now_);
  EXPECT_TRUE(actions.hang_up);
  ASSERT_TRUE(actions.read);
  EXPECT_FALSE(actions.read->follow);
  lines_.add(machine.on_bytes(log_.whole(*actions.read), now_).pieces);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_THAT(lines_.all(), ElementsAre("one", "last words", "<end>"));
}

TEST_F(LogReads, WithFollowThatStillBringSomethingAreLeftToBringIt) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_bytes(stamp(epoch) + " one\n", now_);
  EXPECT_FALSE(machine.on_container(ContainerLife::ended, now_ + milliseconds{10}).hang_up);
  now_ += milliseconds{40};
  lines_.add(machine.on_bytes(stamp(epoch) + " two\n", now_).pieces);
  EXPECT_FALSE(machine.on_time(now_ + milliseconds{40}).hang_up);
  EXPECT_TRUE(machine.on_time(now_ + milliseconds{60}).hang_up);
}

TEST_F(LogReads, AfterTheEndThatAreNotAnsweredAreMadeAgainSoonAndThenEverLater) {
  log_.line(epoch, "one");
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_end(clean(), now_);
  auto read = machine.on_container(ContainerLife::ended, now_).read;
  ASSERT_TRUE(read);
  for (const int wait : {2, 4, 8, 16, 32, 60, 60}) {
    EXPECT_FALSE(machine.on_time(now_ + seconds{wait} - milliseconds{1}).hang_up);
    now_ += seconds{wait};
    const auto actions = machine.on_time(now_);
    EXPECT_TRUE(actions.hang_up);
    EXPECT_EQ(actions.read, LogRead{}) << "after " << wait << " s";
    read = actions.read;
  }
  lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
  EXPECT_EQ(*machine.wake_at(), now_ + seconds{2}) << "it answers again";
  lines_.add(machine.on_end(clean(), now_).pieces);
  if (const auto last = wait_for_read(machine, now_, lines_)) {
    lines_.add(machine.on_bytes(log_.whole(*last), now_).pieces);
    lines_.add(machine.on_end(clean(), now_).pieces);
  }
  EXPECT_THAT(lines_.all(), ElementsAre("one", "<end>"));
}

TEST_F(LogReads, WithFollowThatBroughtTooLittleAreNotTheOnesToAgreeWith) {
  log_.line(epoch, "one");
  LogMachine machine({}, 1);
  const auto first = machine.on_container(ContainerLife::running, now_).read;
  lines_.add(machine.on_bytes(log_.whole(*first), now_).pieces);
  log_.line(epoch + 1, "two");
  now_ += seconds{1};
  auto read = machine.on_container(ContainerLife::ended, now_).read;
  for (int reads = 0; read; ++reads) {
    lines_.add(machine.on_bytes(log_.whole(*read), now_).pieces);
    const auto actions = machine.on_end(clean(), now_);
    lines_.add(actions.pieces);
    read = actions.read;
    EXPECT_EQ(read.has_value(), reads == 0);
  }
  EXPECT_THAT(lines_.all(), ElementsAre("one", "two", "<end>"));
}

TEST_F(LogReads, ThatBreakBeforeTheyBringAnythingAreNotTheOnesToAgreeWith) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  machine.on_end(broken(), now_);
  machine.on_container(ContainerLife::ended, now_);
  EXPECT_TRUE(machine.on_end(clean(), now_).read);
  EXPECT_FALSE(machine.finished());
}

TEST_F(LogReads, ThatEndWithinALongLineThatWasReadWholeAreNoEnd) {
  log_.line(epoch, std::string(2 * LogMachine::piece_bytes, 'x'));
  LogMachine machine({}, 1);
  const auto first = machine.on_container(ContainerLife::running, now_).read;
  machine.on_bytes(log_.whole(*first), now_);
  now_ += seconds{1};
  const auto last = machine.on_container(ContainerLife::ended, now_).read;
  ASSERT_TRUE(last);
  machine.on_bytes(log_.whole(*last).substr(0, LogMachine::piece_bytes + 100), now_);
  machine.on_end(clean(), now_);
  EXPECT_FALSE(machine.finished());
}

TEST_F(LogReads, ThatEndTooEarlyAreNoEnd) {
  log_.line(epoch, "one");
  log_.line(epoch, "two");
  LogMachine machine({}, 1);
  const auto first = machine.on_container(ContainerLife::running, now_).read;
  lines_.add(machine.on_bytes(log_.whole(*first), now_).pieces);
  machine.on_end(broken(), now_);
  const auto last = machine.on_container(ContainerLife::ended, now_).read;
  // The API server lost the kubelet, and ended its answer as if nothing had happened.
  lines_.add(machine.on_bytes(log_.whole(*last).substr(0, 40), now_).pieces);
  lines_.add(machine.on_end(clean(), now_).pieces);
  EXPECT_FALSE(machine.finished());
  for (int i = 0; i < 2; ++i) {
    const auto next = i == 0 ? wait_for_read(machine, now_, lines_) : machine.on_time(now_).read;
    if (!next) break;
    lines_.add(machine.on_bytes(log_.whole(*next), now_).pieces);
    const auto actions = machine.on_end(clean(), now_);
    lines_.add(actions.pieces);
    if (actions.read) {
      lines_.add(machine.on_bytes(log_.whole(*actions.read), now_).pieces);
      lines_.add(machine.on_end(clean(), now_).pieces);
    }
  }
  EXPECT_THAT(lines_.all(), ElementsAre("one", "two", "<end>"));
}

TEST_F(LogReads, WaitNoLongerThanAServerMayAsk) {
  LogMachine machine({}, 1);
  machine.on_container(ContainerLife::running, now_);
  auto busy = refused(429, "busy");
  busy.retry_after = seconds::max();
  machine.on_end(busy, now_);
  ASSERT_TRUE(machine.wake_at());
  EXPECT_EQ(*machine.wake_at(), now_ + minutes{5});
}

}  // namespace
}  // namespace stepop::lifecycle::testing
