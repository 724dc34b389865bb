#include "plugin/event_queue.hpp"

#include <gmock/gmock.h>

namespace stepop::plugin {
namespace {

using testing::ElementsAre;
using testing::IsNull;

// "state:id" for state events, the kind's number for others.
std::vector<std::string> waiting(const EventQueue& queue) {
  std::vector<std::string> out;
  for (const QueuedEvent& event : queue.waiting()) {
    if (event.kind == STEPOP_EVENT_STATE)
      out.push_back(std::to_string(event.state) + ":" + event.step_run_id);
    else
      out.push_back("kind " + std::to_string(event.kind));
  }
  return out;
}

void take_all(EventQueue& queue) {
  const std::size_t count = queue.waiting().size();
  queue.number(count);
  queue.pop(count);
}

TEST(EventQueue, ReplacesAWaitingStateByANewerOneInItsPlace) {
  EventQueue queue;
  queue.state("a", State::accepted, 0, "{}", 1);
  queue.state("b", State::accepted, 0, "{}", 2);
  queue.attached(7, "{}", 3);
  queue.state("a", State::running, 0, "{}", 4);
  EXPECT_THAT(waiting(queue), ElementsAre("3:a", "1:b", "kind 5"));
  EXPECT_EQ(queue.waiting().front().time_us, 4);
}

TEST(EventQueue, AppendsAStateWhenTheLastOneWasTaken) {
  EventQueue queue;
  queue.state("a", State::accepted, 0, "{}", 1);
  take_all(queue);
  queue.state("b", State::accepted, 0, "{}", 2);
  queue.state("a", State::pending, 0, "{}", 3);
  EXPECT_THAT(waiting(queue), ElementsAre("1:b", "2:a"));
}

TEST(EventQueue, IgnoresAStateThatGoesBack) {
  EventQueue queue;
  EXPECT_TRUE(queue.state("a", State::running, 0, "{}", 1));
  EXPECT_FALSE(queue.state("a", State::pending, 0, R"({"x":1})", 2));
  EXPECT_THAT(waiting(queue), ElementsAre("3:a"));
}

TEST(EventQueue, TakesAnEarlierStateOfALaterAttempt) {
  EventQueue queue;
  queue.state("a", State::running, 0, "{}", 1);
  EXPECT_TRUE(queue.state("a", State::pending, 1, "{}", 2));
  EXPECT_FALSE(queue.state("a", State::failed, 0, "{}", 3));
}

TEST(EventQueue, AnnouncesTheSameStateAgainOnlyWithAnotherDetail) {
  EventQueue queue;
  queue.state("a", State::pending, 0, R"({"reason":"Unschedulable"})", 1);
  EXPECT_FALSE(queue.state("a", State::pending, 0, R"({"reason":"Unschedulable"})", 2));
  EXPECT_TRUE(queue.state("a", State::pending, 0, R"({"reason":"ImagePull"})", 3));
}

TEST(EventQueue, HasOneEndForEachStepAndCountsFurtherOnes) {
  EventQueue queue;
  EXPECT_TRUE(queue.state("a", State::succeeded, 0, "{}", 1));
  EXPECT_FALSE(queue.state("a", State::failed, 1, "{}", 2));
  EXPECT_FALSE(queue.state("a", State::running, 2, "{}", 3));
  EXPECT_THAT(waiting(queue), ElementsAre("4:a"));
  EXPECT_EQ(queue.second_ends(), 1U);
}

TEST(EventQueue, HoldsOneStateForEachStepHoweverManyAreAnnounced) {
  EventQueue queue;
  for (std::uint32_t attempt = 0; attempt < 100; ++attempt)
    for (const char* id : {"a", "b"}) {
      queue.state(id, State::pending, attempt, "{}", 0);
      queue.state(id, State::running, attempt, "{}", 0);
    }
  EXPECT_EQ(queue.waiting().size(), 2U);
}

TEST(EventQueue, NeverDropsAnEnd) {
  EventQueue queue;
  for (std::size_t i = 0; i < 3 * EventQueue::max_waiting; ++i) {
    queue.bounded(STEPOP_EVENT_WARNING, "", "{}", 0);
    queue.state(std::to_string(i), State::failed, 0, "{}", 0);
  }
  EXPECT_EQ(queue.waiting().size(), 4 * EventQueue::max_waiting);
}

TEST(EventQueue, DropsAndCountsWarningsThatNobodyReads) {
  EventQueue queue;
  for (std::size_t i = 0; i < EventQueue::max_waiting; ++i)
    EXPECT_TRUE(queue.bounded(STEPOP_EVENT_WARNING, "", "{}", 0));
  EXPECT_FALSE(queue.bounded(STEPOP_EVENT_WARNING, "", "{}", 0));
  EXPECT_TRUE(queue.bounded(STEPOP_EVENT_PLUGIN_LOG, "", "{}", 0)) << "their bounds are apart";
  EXPECT_EQ(queue.dropped(), 1U);
  take_all(queue);
  EXPECT_TRUE(queue.bounded(STEPOP_EVENT_WARNING, "", "{}", 0));
}

TEST(EventQueue, NumbersEventsInTheOrderInWhichTheyAreTaken) {
  EventQueue queue;
  queue.state("a", State::accepted, 0, "{}", 1);
  queue.state("b", State::accepted, 0, "{}", 2);
  queue.state("a", State::running, 0, "{}", 3);
  queue.number(2);
  EXPECT_LT(queue.waiting().front().sequence, queue.waiting().back().sequence);
}

TEST(EventQueue, GivesTheNewestStateASequenceThatNoLaterNewsIsBelow) {
  EventQueue queue;
  queue.state("a", State::accepted, 0, "{}", 1);
  take_all(queue);
  queue.state("a", State::running, 0, "{}", 2);
  const std::uint64_t seen = queue.newest("a")->sequence;
  EXPECT_GE(seen, 1U);
  queue.number(1);
  EXPECT_GT(queue.waiting().front().sequence, seen);
}

TEST(EventQueue, KnowsNothingOfAForgottenStep) {
  EventQueue queue;
  queue.state("a", State::succeeded, 0, "{}", 1);
  queue.forgotten("a", "{}", 2);
  EXPECT_THAT(queue.newest("a"), IsNull());
  EXPECT_EQ(queue.steps(), 0U);
  EXPECT_THAT(waiting(queue), ElementsAre("4:a", "kind 6")) << "its end is still to be read";
}

TEST(EventQueue, TakesAForgottenStepThatIsSubmittedAgainForANewOne) {
  EventQueue queue;
  queue.state("a", State::succeeded, 0, "{}", 1);
  queue.forgotten("a", "{}", 2);
  EXPECT_TRUE(queue.state("a", State::accepted, 0, "{}", 3));
  EXPECT_THAT(waiting(queue), ElementsAre("4:a", "kind 6", "1:a"));
  queue.pop(1);  // the old step's end must not be taken for the new step's state
  EXPECT_TRUE(queue.state("a", State::pending, 0, "{}", 4));
  EXPECT_THAT(waiting(queue), ElementsAre("kind 6", "2:a"));
}

TEST(EventQueue, SaysOnceThatAStreamHasSomethingToRead) {
  EventQueue queue;
  EXPECT_TRUE(queue.log_ready(1, "a", 0));
  EXPECT_FALSE(queue.log_ready(1, "a", 0));
  EXPECT_TRUE(queue.log_ready(2, "a", 0));
  EXPECT_THAT(waiting(queue), ElementsAre("kind 2", "kind 2"));
  take_all(queue);
  EXPECT_TRUE(queue.log_ready(1, "a", 0));
}

TEST(EventQueue, TakesBackThatAStreamHasSomethingToRead) {
  EventQueue queue;
  queue.log_ready(1, "a", 0);
  EXPECT_TRUE(queue.withdraw_log_ready(1));
  EXPECT_FALSE(queue.withdraw_log_ready(1));
  EXPECT_TRUE(queue.waiting().empty());
}

TEST(EventQueue, SaysOnceThatAStepWasTakenOver) {
  EventQueue queue;
  queue.state("a", State::running, 0, "{}", 0);
  EXPECT_TRUE(queue.displaced("a", 0));
  EXPECT_FALSE(queue.displaced("a", 0));
  take_all(queue);
  EXPECT_TRUE(queue.displaced("a", 0));
}

}  // namespace
}  // namespace stepop::plugin
