#include "run/log_copy.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

class LogCopyTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return temporary_.path() / "a.log"; }
  std::filesystem::path marker() const { return temporary_.path() / "a.log.complete"; }
  std::string content() const {
    std::ifstream stream(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write_file(const std::string& text) const { std::ofstream(file(), std::ios::binary) << text; }
  void copy(const std::vector<std::string>& lines) const {
    LogCopy copy(file(), marker());
    for (const std::string& line : lines) copy.add_line(0, line, false);
  }

 private:
  TemporaryDirectory temporary_;
};

TEST_F(LogCopyTest, WritesLines) {
  copy({"a", "", "b\tc"});
  EXPECT_EQ(content(), "a\n\nb\tc\n");
}

TEST_F(LogCopyTest, JoinsThePartsOfALongLine) {
  LogCopy copy(file(), marker());
  copy.add_line(0, "a", true);
  copy.add_line(0, "b", true);
  copy.add_line(0, "c", false);
  copy.flush();
  EXPECT_EQ(content(), "abc\n");
}

TEST_F(LogCopyTest, KeepsBytesThatAreNoText) {
  copy({std::string("\0\xff\r", 3)});
  EXPECT_EQ(content(), std::string("\0\xff\r\n", 4));
}

TEST_F(LogCopyTest, RepeatsNothingWhenTheLogIsReadAgain) {
  copy({"a", "b", "b", "c"});
  copy({"a", "b", "b", "c", "d", "a"});
  EXPECT_EQ(content(), "a\nb\nb\nc\nd\na\n");
}

TEST_F(LogCopyTest, GoesOnInALineThatItsWriterLeftUnfinished) {
  write_file("a\nbe");
  copy({"a", "begun", "c"});
  EXPECT_EQ(content(), "a\nbegun\nc\n");
}

TEST_F(LogCopyTest, EndsALineOfWhichOnlyTheNewlineIsMissing) {
  write_file("a\nb");
  copy({"a", "b", "c"});
  EXPECT_EQ(content(), "a\nb\nc\n");
}

TEST_F(LogCopyTest, KeepsWhatWasRotatedAwayAndRepeatsNothing) {
  copy({"1", "2", "3", "4"});
  copy({"3", "4", "5"});
  EXPECT_EQ(content(), "1\n2\n3\n4\n5\n");
}

TEST_F(LogCopyTest, KeepsTheOldCopyWhenNothingCanBeReadAgain) {
  copy({"a", "b"});
  copy({});
  EXPECT_EQ(content(), "a\nb\n");
}

TEST_F(LogCopyTest, KeepsAnUnfinishedLineThatCannotBeReadAgain) {
  write_file("a\nbe");
  copy({"a"});
  EXPECT_EQ(content(), "a\nbe");
  LogCopy again(file(), marker());
  again.add_line(0, "c", false);
  again.complete();
  EXPECT_EQ(content(), "a\nc\nbe\n");
}

TEST_F(LogCopyTest, ComparesLongLinesWhole) {
  copy({"abc", "d"});
  LogCopy again(file(), marker());
  again.add_line(0, "a", true);
  again.add_line(0, "bc", false);
  again.add_line(0, "d", false);
  again.add_line(0, "e", false);
  again.flush();
  EXPECT_EQ(content(), "abc\nd\ne\n");
}

TEST_F(LogCopyTest, SaysThatLinesWereLost) {
  LogCopy copy(file(), marker());
  copy.add_gap(0, gap_line(R"({"message":"the log was rotated","from":"t0"})"));
  copy.flush();
  EXPECT_EQ(content(),
            "[stepop: lines of this log were lost where they were kept, from t0: the log was "
            "rotated]\n");
}

TEST_F(LogCopyTest, LinesThatCannotBeReadAgainAreNotLostWhereTheCopyHasThem) {
  copy({"1", "2", "3"});
  LogCopy again(file(), marker());
  again.add_gap(0, "[gap]");
  again.add_line(0, "3", false);
  again.add_line(0, "4", false);
  again.complete();
  EXPECT_EQ(content(), "1\n2\n3\n4\n");
}

TEST_F(LogCopyTest, LinesAreLostWhenTheNextOneIsNew) {
  copy({"1", "2"});
  {
    LogCopy again(file(), marker());
    again.add_gap(0, "[gap]");
    again.add_line(0, "7", false);
  }
  EXPECT_EQ(content(), "1\n2\n[gap]\n7\n");
  LogCopy once_more(file(), marker());
  once_more.add_gap(0, "[gap]");
  once_more.complete();
  EXPECT_EQ(content(), "1\n2\n[gap]\n7\n");
}

using PodLine = std::pair<std::uint32_t, std::string>;

class LogCopyOfSeveralPodsTest : public LogCopyTest {
 protected:
  void copy_pods(const std::vector<PodLine>& lines) const {
    LogCopy copy(file(), marker());
    for (const auto& [pod, line] : lines) copy.add_line(pod, line, false);
  }
};

TEST_F(LogCopyOfSeveralPodsTest, RepeatsNothingWhenTheirLinesComeInAnotherOrder) {
  copy_pods({{0, "a"}, {1, "[1] a"}, {0, "b"}, {2, "[2] a"}, {1, "[1] b"}});
  copy_pods({{2, "[2] a"}, {1, "[1] a"}, {1, "[1] b"}, {0, "a"}, {0, "b"}});
  EXPECT_EQ(content(), "a\n[1] a\nb\n[2] a\n[1] b\n");
}

TEST_F(LogCopyOfSeveralPodsTest, EachGoesOnBehindItsOwnLastLine) {
  copy_pods({{0, "a"}, {1, "[1] a"}, {1, "[1] b"}});
  copy_pods({{1, "[1] a"}, {1, "[1] b"}, {1, "[1] c"}, {0, "a"}, {0, "b"}, {2, "[2] a"}, {1, "[1] d"}});
  EXPECT_EQ(content(), "a\n[1] a\n[1] b\n[1] c\nb\n[2] a\n[1] d\n");
}

TEST_F(LogCopyOfSeveralPodsTest, TheNextAttemptIsNotTheOneBeforeAlthoughItSaysTheSame) {
  copy_pods({{1, "[1] begin"}, {0, "begin"}, {0, "begin"}});
  copy_pods({{0, "begin"}, {1, "[1] begin"}, {1, "[1] begin"}, {0, "begin"}});
  EXPECT_EQ(content(), "[1] begin\nbegin\nbegin\n[1] begin\n");
}

TEST_F(LogCopyOfSeveralPodsTest, AnUnfinishedLineIsEndedByTheOneWhoseItIs) {
  write_file("[1] a\nbe");
  copy_pods({{1, "[1] a"}, {1, "[1] b"}, {0, "begun"}, {0, "c"}});
  EXPECT_EQ(content(), "[1] a\n[1] b\nbegun\nc\n");
}

TEST_F(LogCopyOfSeveralPodsTest, APodWhoseLinesAreGoneHoldsUpNoOther) {
  copy_pods({{0, "a"}, {1, "[1] a"}});
  LogCopy again(file(), marker());
  again.add_gap(1, "[1] [gap]");
  again.add_line(0, "a", false);
  again.add_line(0, "b", false);
  again.complete();
  EXPECT_EQ(content(), "a\n[1] a\nb\n[1] [gap]\n");
}

TEST_F(LogCopyTest, FindsLinesThatAreLongerThanAWindowOfTheCopy) {
  const std::string long_line(700'000, 'x');
  copy({"a", long_line, "b"});
  copy({"a", long_line, "b", "c"});
  EXPECT_EQ(content(), "a\n" + long_line + "\nb\nc\n");
}

TEST_F(LogCopyTest, IsMarkedOnlyWhenItIsComplete) {
  LogCopy copy(file(), marker());
  copy.add_line(0, "a", false);
  copy.flush();
  EXPECT_FALSE(std::filesystem::exists(marker()));
  copy.complete();
  EXPECT_TRUE(std::filesystem::exists(marker()));
}

TEST_F(LogCopyTest, GivesItsLastLines) {
  write_file("a\nbbbb\nc\n");
  EXPECT_EQ(last_lines(file(), 2, 3), "bbb\nc\n");
  EXPECT_EQ(last_lines("/nowhere/a.log", 2, 3), "");
}

}  // namespace
}  // namespace stepop::orchestrator
