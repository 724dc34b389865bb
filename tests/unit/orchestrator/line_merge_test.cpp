#include "run/line_merge.hpp"

#include <gmock/gmock.h>

namespace stepop::orchestrator {
namespace {

using testing::ElementsAre;

class LineMergeTest : public testing::Test {
 protected:
  std::vector<std::string> text{""};
  LineMerge merge{[this](std::uint32_t, std::string_view piece, LineMerge::Text what) {
    text.back() += piece;
    if (what != LineMerge::Text::piece) text.emplace_back();
  }};
};

TEST_F(LineMergeTest, LinesOfTheFirstPodAreAsTheyAre) {
  merge.add(0, "one", false);
  merge.add(0, "two ", true);
  EXPECT_THAT(text, ElementsAre("one", "two "));
}

TEST_F(LineMergeTest, LinesOfTheOthersSayWhose) {
  merge.add(2, "hello", false);
  merge.add(1, "", false);
  EXPECT_THAT(text, ElementsAre("[2] hello", "[1] ", ""));
}

TEST_F(LineMergeTest, NoLineIsCutInTwoByAnother) {
  merge.add(0, "a", true);
  merge.add(1, "x", true);
  merge.add(2, "whole", false);
  merge.add(1, "y", false);
  EXPECT_THAT(text, ElementsAre("a"));
  merge.add(0, "b", false);
  EXPECT_THAT(text, ElementsAre("ab", "[2] whole", "[1] xy", ""));
}

TEST_F(LineMergeTest, WhatIsUnfinishedComesAtTheEnd) {
  merge.add(0, "a", true);
  merge.add(1, "x", true);
  merge.end();
  EXPECT_THAT(text, ElementsAre("a", "[1] x", ""));
}

TEST_F(LineMergeTest, WhatWasLostIsSaidWhereItIsMissing) {
  merge.add(0, "a", true);
  merge.add(1, "x", true);
  merge.add_gap(1, "(lost)");
  merge.add(0, "b", true);
  merge.add_gap(0, "(lost)");
  EXPECT_THAT(text, ElementsAre("ab", "[1] x", "[1] (lost)", "(lost)", ""));
}

TEST_F(LineMergeTest, ALineWithoutAnEndDoesNotGatherForEver) {
  merge.add(1, std::string(LineMerge::longest_line, 'x'), true);
  EXPECT_EQ(text.size(), 2u);
}

}  // namespace
}  // namespace stepop::orchestrator
