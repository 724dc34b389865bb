// Where one read overlaps with an earlier one.
#include <gtest/gtest.h>

#include "kubelet_log.hpp"

namespace stepop::lifecycle::testing {
namespace {

using Line = LogSeam::Line;
using Verdict = LogSeam::Verdict;

TEST(LogSeam, TakesEverythingForNewWhenNothingWasHandedOn) {
  LogSeam seam(4);
  EXPECT_FALSE(seam.resume_second());
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch, 1}), Verdict::fresh);
}

TEST(LogSeam, ResumesFromTheWholeSecondOfTheLastLine) {
  LogSeam seam(4);
  seam.add({epoch + second / 2, 1});
  EXPECT_EQ(seam.resume_second(), kube::Timestamp{std::chrono::microseconds{epoch / 1000}});
}

TEST(LogSeam, ResumesOneSecondEarlierJustAfterASecondsBeginning) {
  LogSeam seam(4);
  seam.add({epoch + 1000, 1});
  EXPECT_EQ(seam.resume_second(), kube::Timestamp{std::chrono::microseconds{(epoch - second) / 1000}});
}

TEST(LogSeam, TellsLinesOfOneTimeApartByTheirOrder) {
  LogSeam seam(8);
  for (int i = 0; i < 3; ++i) seam.add({epoch, 7});
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch, 7}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch, 7}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch, 7}), Verdict::last);
  EXPECT_EQ(seam.judge({epoch, 7}), Verdict::fresh);
}

TEST(LogSeam, FindsItsPlaceWhenTheFileLostItsBeginning) {
  LogSeam seam(8);
  for (std::uint64_t i = 0; i < 4; ++i) seam.add({epoch + static_cast<std::int64_t>(i), i});
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch + 2, 2}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 3, 3}), Verdict::last);
}

TEST(LogSeam, SaysThatTheLastLineIsNotThereAnyMore) {
  LogSeam seam(8);
  seam.add({epoch, 1});
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch, 2}), Verdict::after_gap);
  EXPECT_EQ(seam.judge({epoch, 1}), Verdict::fresh);
}

TEST(LogSeam, CountsMoreLinesOfASecondThanItRemembers) {
  LogSeam seam(2);
  for (std::uint64_t i = 0; i < 100; ++i) seam.add({epoch, i});
  seam.begin_read(false);
  for (std::uint64_t i = 0; i < 99; ++i) EXPECT_EQ(seam.judge({epoch, i}), Verdict::known) << i;
  EXPECT_EQ(seam.judge({epoch, 99}), Verdict::last);
}

TEST(LogSeam, AsksForAnotherReadWhenTheCountDoesNotAgree) {
  LogSeam seam(2);
  for (std::uint64_t i = 0; i < 5; ++i) seam.add({epoch + static_cast<std::int64_t>(i), i});
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch + 1, 1}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 2, 2}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 3, 3}), Verdict::recount);
  seam.begin_read(true);
  EXPECT_EQ(seam.judge({epoch + 1, 1}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 2, 2}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 3, 3}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 4, 4}), Verdict::last);
}

TEST(LogSeam, AsksForAnotherReadAsSoonAsALineIsNewerThanAll) {
  LogSeam seam(2);
  for (std::uint64_t i = 0; i < 50; ++i) seam.add({epoch, i});
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch + 1, 200}), Verdict::recount);
  seam.begin_read(true);
  EXPECT_EQ(seam.judge({epoch + 1, 200}), Verdict::after_gap);
}

TEST(LogSeam, TakesLinesBeforeATailsFirstForKnown) {
  LogSeam seam(8);
  seam.ignore_until(epoch + 5);
  seam.add({epoch + 5, 5});
  seam.add({epoch + 6, 6});
  seam.begin_read(false);
  EXPECT_EQ(seam.judge({epoch + 4, 4}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 5, 5}), Verdict::known);
  EXPECT_EQ(seam.judge({epoch + 6, 6}), Verdict::last);
}

}  // namespace
}  // namespace stepop::lifecycle::testing
