#include "lifecycle/scheduling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/advice.hpp"
#include "lifecycle/report.hpp"

namespace stepop::lifecycle {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto two_kinds =
    "0/7 nodes are available: 2 Insufficient nvidia.com/gpu, 5 node(s) had untolerated taint {team: a, b}. preemption: "
    "0/7 nodes are available: 2 No preemption victims found for incoming pod, 5 Preemption is not helpful for "
    "scheduling.";

TEST(Scheduling, ReadsWhatStopsHowManyNodes) {
  const auto words = read_scheduler_words(two_kinds);
  EXPECT_EQ(words.of_nodes, 7u);
  EXPECT_THAT(words.obstacles, ElementsAre(Obstacle{5, "node(s) had untolerated taint {team: a, b}"},
                                           Obstacle{2, "Insufficient nvidia.com/gpu"}));
}

TEST(Scheduling, FindsTheWordsInsideALongerText) {
  const auto words = read_scheduler_words(
      "No node took the pod within 30 s: 0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. no new "
      "claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.");
  EXPECT_THAT(words.obstacles, ElementsAre(Obstacle{1, "Insufficient cpu"}, Obstacle{1, "Insufficient memory"}));
}

TEST(Scheduling, AdvisesWhichResourceOnHowManyNodes) {
  EXPECT_EQ(scheduling_advice(two_kinds),
            "5 of 7 nodes: a taint that pod_settings.tolerations does not name; 2 of 7 nodes: not enough free "
            "nvidia.com/gpu for what pod_settings.resources asks: ask for less, or add nodes.");
}

TEST(Scheduling, TellsInTheSchedulersWordsWhatItDoesNotKnow) {
  EXPECT_EQ(scheduling_advice("0/2 nodes are available: 2 node(s) had some new trouble."),
            "2 of 2 nodes: node(s) had some new trouble.");
}

TEST(Scheduling, SaysNoMoreThanAPersonReads) {
  const auto advice =
      scheduling_advice("0/9 nodes are available: 1 reason d, 2 reason c, 3 reason b, 4 reason a. preemption: none.");
  EXPECT_THAT(advice, HasSubstr("reason a"));
  EXPECT_THAT(advice, HasSubstr("reason c"));
  EXPECT_THAT(advice, Not(HasSubstr("reason d")));
}

TEST(Scheduling, MakesNothingOfOtherTexts) {
  for (const auto* text : {"", "0/", " nodes are available: ", "0/1 nodes are available: ",
                           "persistentvolumeclaim \"data\" not found", "0/x nodes are available: , , 3"}) {
    EXPECT_THAT(read_scheduler_words(text).obstacles, IsEmpty()) << text;
  }
  EXPECT_FALSE(hint_for(reason::unschedulable, "persistentvolumeclaim \"data\" not found").empty());
}

}  // namespace
}  // namespace stepop::lifecycle
