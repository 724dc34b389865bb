#include "request/policy.hpp"

#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include "asking.hpp"

namespace stepop::request {
namespace {

using std::chrono::seconds;

Policy unusual() {
  Policy policy;
  policy.cleanup = Cleanup::always;
  policy.startup_timeout = seconds(1);
  policy.refusal_grace = seconds(2);
  policy.lost_after = seconds(3);
  policy.fail_on_container_waiting_reasons = {"A", "B"};
  policy.waiting_reason_grace = seconds(4);
  policy.scheduling_timeout = seconds(5);
  policy.max_startup_retries = 6;
  policy.max_disruption_restarts = 7;
  policy.on_node_lost = OnNodeLost::replace;
  return policy;
}

TEST(StoredPolicy, ComesBackAsItWas) {
  EXPECT_EQ(policy_from_json(to_json(unusual())), unusual());
  EXPECT_EQ(policy_from_json(to_json(Policy{})), Policy{});
}

// Pods in clusters carry this text: members may be added, none may change its name or meaning.
TEST(StoredPolicy, HasThisTextForGood) {
  EXPECT_EQ(
      json::serialize(to_json(unusual())),
      R"({"cleanup":"always","startup_timeout_seconds":1,"refusal_grace_seconds":2,"lost_after_seconds":3,)"
      R"("fail_on_container_waiting_reasons":["A","B"],"waiting_reason_grace_seconds":4,)"
      R"("scheduling_timeout_seconds":5,"max_startup_retries":6,"max_disruption_restarts":7,"on_node_lost":"replace"})");
}

TEST(StoredPolicy, OfALaterVersionIsReadAsFarAsItIsKnown) {
  Policy expected;
  expected.lost_after = seconds(5);
  EXPECT_EQ(policy_from_json(object(R"({"lost_after_seconds": 5, "something_newer": "x"})")), expected);
}

TEST(StoredPolicy, ThatDoesNotReadHasTheDefaultThere) {
  Policy expected;
  expected.refusal_grace = seconds(7);
  EXPECT_EQ(policy_from_json(object(
                R"({"cleanup": "sometimes", "startup_timeout_seconds": "x", "lost_after_seconds": -1,
                    "fail_on_container_waiting_reasons": ["A", 3], "waiting_reason_grace_seconds": null,
                    "refusal_grace_seconds": 7})")),
            expected);
}

TEST(StoredPolicy, ThatIsEmptyIsTheDefault) {
  EXPECT_EQ(policy_from_json({}), Policy{});
}

TEST(DefaultPolicy, FailsOnZenmlsWaitingReasons) {
  const std::vector<std::string> zenml_0_98{"InvalidImageName", "ErrImagePull", "ImagePullBackOff",
                                            "CreateContainerConfigError"};
  EXPECT_EQ(Policy{}.fail_on_container_waiting_reasons, zenml_0_98);
}

TEST(DefaultPolicy, HasTheTimesOfTheDocumentation) {
  const Policy policy;
  EXPECT_EQ(policy.cleanup, Cleanup::on_success);
  EXPECT_EQ(policy.startup_timeout, seconds(600));
  EXPECT_EQ(policy.refusal_grace, seconds(30));
  EXPECT_EQ(policy.lost_after, seconds(900));
  EXPECT_EQ(policy.waiting_reason_grace, seconds(60));
  EXPECT_EQ(policy.scheduling_timeout, seconds(0));
  EXPECT_EQ(policy.max_startup_retries, 3u);
  EXPECT_EQ(policy.max_disruption_restarts, 0u);
  EXPECT_EQ(policy.on_node_lost, OnNodeLost::wait);
}

}  // namespace
}  // namespace stepop::request
