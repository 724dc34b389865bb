#include "lifecycle/log_sequence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stepop::lifecycle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = LogSequence::Action::Kind;
using Action = LogSequence::Action;

TEST(LogSequence, FollowsTheOnlyAttemptAndEndsWithIt) {
  LogSequence sequence(false);
  EXPECT_THAT(sequence.start(), IsEmpty());
  EXPECT_THAT(sequence.on_pod(0, false), ElementsAre(Action{Kind::follow, 0}));
  EXPECT_THAT(sequence.on_pod(0, true), IsEmpty());
  EXPECT_THAT(sequence.on_step_ended(), IsEmpty()) << "what is still to be read comes first";
  EXPECT_THAT(sequence.on_read(), ElementsAre(Action{Kind::end, 0}));
  EXPECT_THAT(sequence.on_step_ended(), IsEmpty()) << "once";
}

TEST(LogSequence, WaitsAfterAnAttemptUntilTheStepHasEndedOrIsTriedAgain) {
  LogSequence sequence(false);
  sequence.start();
  sequence.on_pod(0, true);
  EXPECT_THAT(sequence.on_read(), IsEmpty()) << "it may be replaced";
  EXPECT_THAT(sequence.on_pod(0, true), IsEmpty()) << "what was read is not read again";
  EXPECT_THAT(sequence.on_pod(1, false), ElementsAre(Action{Kind::follow, 1}));
}

TEST(LogSequence, ReadsEarlierAttemptsFirst) {
  LogSequence sequence(false);
  sequence.on_pod(1, true);
  sequence.on_pod(0, true);
  sequence.on_step_ended();
  EXPECT_THAT(sequence.start(), ElementsAre(Action{Kind::follow, 0}));
  EXPECT_THAT(sequence.on_read(), ElementsAre(Action{Kind::follow, 1}));
  EXPECT_THAT(sequence.on_read(), ElementsAre(Action{Kind::end, 0}));
}

TEST(LogSequence, TellsThatNothingIsLeftOfAnAttemptWhosePodIsGone) {
  LogSequence sequence(false);
  sequence.on_pod(2, false);
  EXPECT_THAT(sequence.start(), ElementsAre(Action{Kind::lost, 0}, Action{Kind::lost, 1}, Action{Kind::follow, 2}));
}

TEST(LogSequence, DoesNotWaitForALogWhoseNodeIsLost) {
  LogSequence sequence(false);
  sequence.on_pod(0, false);
  sequence.start();
  EXPECT_THAT(sequence.on_pod(1, false), ElementsAre(Action{Kind::give_up, 0}));
  EXPECT_THAT(sequence.on_pod(1, false), IsEmpty()) << "once";
  EXPECT_THAT(sequence.on_read(), ElementsAre(Action{Kind::follow, 1}));
}

TEST(LogSequence, ReadsOnlyTheNewestOfThoseThatAreThereAndThenWhatComes) {
  LogSequence sequence(true);
  sequence.on_pod(0, true);
  sequence.on_pod(1, true);
  EXPECT_THAT(sequence.start(), ElementsAre(Action{Kind::follow, 1}));
  EXPECT_THAT(sequence.on_pod(0, true), IsEmpty());
  sequence.on_read();
  EXPECT_THAT(sequence.on_pod(2, false), ElementsAre(Action{Kind::follow, 2}));
}

TEST(LogSequence, EndsAtOnceWhenThereWasNeverAPod) {
  LogSequence sequence(false);
  sequence.start();
  EXPECT_THAT(sequence.on_step_ended(), ElementsAre(Action{Kind::end, 0}));
}

}  // namespace
}  // namespace stepop::lifecycle
