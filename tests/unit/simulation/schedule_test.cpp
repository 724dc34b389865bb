#include "schedule.hpp"

#include <gtest/gtest.h>

namespace stepop::simulation {
namespace {

TEST(Schedule, TheSameSeedGivesTheSameStoryToTheLastLine) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const ScheduleOptions options{seed, Mutation::none, 0, true};
    const auto first = run_schedule(options);
    EXPECT_EQ(first.trace, run_schedule(options).trace);
    EXPECT_FALSE(first.trace.empty());
  }
}

TEST(Schedule, TellingTheStoryDoesNotChangeIt) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto told = run_schedule({seed, Mutation::none, 0, true});
    const auto untold = run_schedule({seed, Mutation::none, 0, false});
    EXPECT_EQ(told.events, untold.events);
    EXPECT_EQ(told.coverage.hits, untold.coverage.hits);
  }
}

TEST(Schedule, OtherSeedsGiveOtherStories) {
  EXPECT_NE(run_schedule({1, Mutation::none, 0, true}).trace, run_schedule({2, Mutation::none, 0, true}).trace);
}

TEST(Schedule, NearlyAllHaveFiveStepsTwoLivesAndFiveFaults) {
  int counted = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) counted += run_schedule({seed}).counts() ? 1 : 0;
  EXPECT_GE(counted, 400);
}

TEST(Schedule, TheMachinesAsTheyAreKeepEveryInvariant) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const auto result = run_schedule({seed});
    ASSERT_TRUE(result.violations.empty())
        << "stepop-simulate --seed " << seed << " --replay: " << name_of(result.violations.front().rule) << ": "
        << result.violations.front().what;
  }
}

TEST(Shrink, LeavesOutFaultsAndKeepsTheViolation) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const ScheduleOptions options{seed, Mutation::unavailable_is_refused};
    const auto whole = run_schedule(options);
    if (whole.violations.empty() || whole.faults_struck < 5) continue;  // there must be some to leave out
    const auto fewer = shrink(options, whole);
    const auto again = run_schedule(fewer);
    ASSERT_FALSE(again.violations.empty());
    EXPECT_EQ(again.violations.front().rule, whole.violations.front().rule);
    EXPECT_NE(fewer.without, 0u);
    EXPECT_LT(again.faults_struck, whole.faults_struck);
    return;
  }
  FAIL() << "the bug was not found";
}

TEST(Coverage, EveryCellThatMayStayEmptySaysWhy) {
  int possible = 0;
  for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
    int of_kind = 0;
    for (std::size_t stage = 0; stage < stages; ++stage) {
      of_kind += why_unlikely(static_cast<FaultKind>(kind), static_cast<Stage>(stage)).empty() ? 1 : 0;
    }
    EXPECT_GT(of_kind, 0) << name_of(static_cast<FaultKind>(kind)) << " can never strike";
    possible += of_kind;
  }
  EXPECT_EQ(Coverage{}.empty_cells().size(), static_cast<std::size_t>(possible));
}

TEST(Plan, AimsAtNoCellThatIsSaidToBeUnlikely) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    for (const auto& fault : make_plan(Random(seed), 5)) EXPECT_TRUE(why_unlikely(fault.kind, fault.stage).empty());
  }
}

}  // namespace
}  // namespace stepop::simulation
