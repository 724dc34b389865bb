#include "run/log_copy.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
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
    for (const std::string& line : lines) copy.add_line(line, false);
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
  copy.add_line("a", true);
  copy.add_line("b", true);
  copy.add_line("c", false);
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

TEST_F(LogCopyTest, ComparesLongLinesWhole) {
  copy({"abc", "d"});
  LogCopy again(file(), marker());
  again.add_line("a", true);
  again.add_line("bc", false);
  again.add_line("d", false);
  again.add_line("e", false);
  again.flush();
  EXPECT_EQ(content(), "abc\nd\ne\n");
}

TEST_F(LogCopyTest, SaysThatLinesWereLost) {
  LogCopy copy(file(), marker());
  copy.add_gap(R"({"message":"the log was rotated","from":"t0"})");
  copy.flush();
  EXPECT_EQ(content(),
            "[stepop: lines of this log were lost where they were kept, from t0: the log was "
            "rotated]\n");
}

TEST_F(LogCopyTest, IsMarkedOnlyWhenItIsComplete) {
  LogCopy copy(file(), marker());
  copy.add_line("a", false);
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
