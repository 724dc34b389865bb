// What bytes of an answer become.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kubelet_log.hpp"

namespace stepop::lifecycle::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A machine in the first read of a running container's log.
class LogLines : public ::testing::Test {
 protected:
  LogLines() { machine_.on_container(ContainerLife::running, at(milliseconds{0})); }

  std::vector<LogPiece> read(std::string_view bytes) { return machine_.on_bytes(bytes, at(milliseconds{1})).pieces; }
  std::vector<LogPiece> end_twice(std::string_view bytes) {
    auto pieces = machine_.on_end(clean(), at(milliseconds{2})).pieces;
    machine_.on_container(ContainerLife::ended, at(milliseconds{3}));
    for (const auto& piece : machine_.on_bytes(bytes, at(milliseconds{4})).pieces) pieces.push_back(piece);
    for (const auto& piece : machine_.on_end(clean(), at(milliseconds{5})).pieces) pieces.push_back(piece);
    return pieces;
  }

  LogMachine machine_{{}, 1};
};

TEST_F(LogLines, LoseTheirTimeAndNewline) {
  const auto pieces = read("2024-05-06T07:08:09.123456789Z hello world\n");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].data, "hello world");
  EXPECT_FALSE(pieces[0].partial);
  EXPECT_EQ(pieces[0].time, kube::Timestamp{std::chrono::microseconds{1'714'979'289'123'456}});
}

TEST_F(LogLines, HaveTimesOfTheNodesOwnZone) {
  const auto pieces = read("2024-05-06T09:08:09.123456789+02:00 hello\n");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].time, kube::Timestamp{std::chrono::microseconds{1'714'979'289'123'456}});
}

TEST_F(LogLines, KeepEveryByteButTheNewline) {
  const std::string bytes("\0\xff\xfe \r\t\x1b[0m", 10);
  const auto pieces = read(stamp(epoch) + " " + bytes + "\n");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].data, bytes);
}

TEST_F(LogLines, MayBeEmpty) {
  const auto pieces = read(stamp(epoch) + " \n");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].data, "");
}

TEST_F(LogLines, AreGivenOnlyWhenTheirNewlineHasCome) {
  EXPECT_THAT(read(stamp(epoch) + " hel"), IsEmpty());
  EXPECT_EQ(read("lo\n").size(), 1u);
}

TEST_F(LogLines, OfExactlyOnePieceAreWhole) {
  const auto pieces = read(stamp(epoch) + " " + std::string(LogMachine::piece_bytes, 'x') + "\n");
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_FALSE(pieces[0].partial);
}

TEST_F(LogLines, LongerThanAPieceAreCut) {
  const auto pieces = read(stamp(epoch) + " " + std::string(2 * LogMachine::piece_bytes + 1, 'x') + "\n");
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_TRUE(pieces[0].partial);
  EXPECT_TRUE(pieces[1].partial);
  EXPECT_FALSE(pieces[2].partial);
  EXPECT_EQ(pieces[0].data.size(), LogMachine::piece_bytes);
  EXPECT_EQ(pieces[2].data, "x");
  EXPECT_EQ(pieces[2].time, pieces[0].time);
}

TEST_F(LogLines, OfTenMegabytesAreGivenAsTheyCome) {
  read(stamp(epoch) + " ");
  const std::string block(1 << 20, 'x');
  std::size_t given = 0;
  for (int i = 0; i < 10; ++i) {
    for (const auto& piece : read(block)) given += piece.data.size();
    EXPECT_GE(given + LogMachine::piece_bytes, (static_cast<std::size_t>(i) + 1) * block.size());
  }
}

TEST_F(LogLines, WithoutANewlineAtTheEndAreGivenOnceTheEndIsBelieved) {
  EXPECT_THAT(read(stamp(epoch) + " last words"), IsEmpty());
  const auto pieces = end_twice(stamp(epoch) + " last words");
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].data, "last words");
  EXPECT_FALSE(pieces[0].partial);
  EXPECT_EQ(pieces[1].kind, LogPiece::Kind::end);
}

TEST_F(LogLines, LongWithoutANewlineEndWithAPieceThatIsNotPartial) {
  const std::string text = stamp(epoch) + " " + std::string(LogMachine::piece_bytes + 5, 'x');
  EXPECT_EQ(read(text).size(), 1u);
  const auto pieces = end_twice(text);
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].data, "xxxxx");
  EXPECT_FALSE(pieces[0].partial);
}

TEST_F(LogLines, AreTheSameHoweverTheBytesAreCut) {
  KubeletLog log;
  log.line(epoch, "one");
  log.line(epoch, "");
  log.line(epoch + 5, std::string(LogMachine::piece_bytes + 7, 'x'));
  log.line(epoch + second, "2024-05-06T07:08:09.000000000Z a time of its own");
  const std::string bytes = log.whole({});
  Lines whole;
  whole.add(read(bytes));
  for (std::size_t size = 1; size < 40; ++size) {
    LogMachine machine{{}, 1};
    machine.on_container(ContainerLife::running, at(milliseconds{0}));
    Lines cut;
    for (std::size_t from = 0; from < bytes.size(); from += size) {
      cut.add(machine.on_bytes(std::string_view(bytes).substr(from, size), at(milliseconds{1})).pieces);
    }
    EXPECT_EQ(cut.all(), whole.all()) << size;
  }
}

TEST_F(LogLines, AreNotMadeOfAServersErrorText) {
  read(stamp(epoch) + " hello\n");
  EXPECT_THAT(read("unable to retrieve container logs for containerd://1"), IsEmpty());
  EXPECT_THAT(machine_.on_end(clean(), at(milliseconds{2})).pieces, IsEmpty());
  EXPECT_FALSE(machine_.finished());
}

TEST_F(LogLines, OfAVeryLongWordAreNotTakenForATime) {
  EXPECT_THAT(read(std::string(100'000, 'x') + " y\n"), IsEmpty());
  EXPECT_EQ(read(stamp(epoch) + " hello\n").size(), 1u);
}

TEST_F(LogLines, BearTimesBeyondWhatNanosecondsReach) {
  const auto pieces = read("9999-12-31T23:59:59Z late\n0001-01-01T00:00:00Z early\n");
  ASSERT_EQ(pieces.size(), 2u);
  EXPECT_EQ(pieces[0].data, "late");
  EXPECT_EQ(pieces[1].data, "early");
}

}  // namespace
}  // namespace stepop::lifecycle::testing
