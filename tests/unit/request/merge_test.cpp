// A step's settings over the operator's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asking.hpp"

namespace stepop::request {
namespace {

using testing::ElementsAre;
using testing::Pair;

const OperatorConfig& operator_with_defaults() {
  static const OperatorConfig with_defaults = config(R"({
    "owner": "me", "kubernetes_namespace": "prod", "cleanup": "never", "startup_timeout_seconds": 100,
    "fail_on_container_waiting_reasons": ["A"],
    "pod_settings": {
      "labels": {"team": "ml", "tier": "batch"},
      "annotations": {"a": "1"},
      "node_selectors": {"disk": "ssd"},
      "tolerations": [{"key": "spot", "operator": "Exists"}],
      "resources": {"requests": {"memory": "1Gi", "cpu": 1}, "limits": {"memory": "2Gi"}}}})");
  return with_defaults;
}

Settings merged(std::string_view settings) {
  return request(R"("settings": )" + std::string(settings), operator_with_defaults()).settings;
}

TEST(StepWithoutSettings, HasTheOperators) {
  const auto settings = request("", operator_with_defaults()).settings;
  EXPECT_EQ(settings.kubernetes_namespace, "prod");
  EXPECT_EQ(settings.policy, operator_with_defaults().settings.policy);
  EXPECT_THAT(settings.pod_settings.labels, ElementsAre(Pair("team", "ml"), Pair("tier", "batch")));
  EXPECT_EQ(settings.pod_settings.tolerations.size(), 1u);
}

TEST(StepsScalar, TakesThePlaceOfTheOperators) {
  const auto settings = merged(R"({"kubernetes_namespace": "dev", "startup_timeout_seconds": 5})");
  EXPECT_EQ(settings.kubernetes_namespace, "dev");
  EXPECT_EQ(settings.policy.startup_timeout, std::chrono::seconds(5));
  EXPECT_EQ(settings.policy.cleanup, Cleanup::never);
}

TEST(StepsMap, IsMergedByKeyOverTheOperators) {
  const auto pod = merged(R"({"pod_settings": {
    "labels": {"team": "vision", "job": "train"}, "annotations": {"b": "2"}, "node_selectors": {"gpu": "yes"}}})")
                       .pod_settings;
  EXPECT_THAT(pod.labels, ElementsAre(Pair("job", "train"), Pair("team", "vision"), Pair("tier", "batch")));
  EXPECT_THAT(pod.annotations, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(pod.node_selectors, ElementsAre(Pair("disk", "ssd"), Pair("gpu", "yes")));
}

TEST(StepsResources, AreMergedByName) {
  const auto resources =
      merged(R"({"pod_settings": {"resources": {"requests": {"memory": "512Mi"}, "limits": {"cpu": 4}}}})")
          .pod_settings.resources;
  EXPECT_EQ(resources.requests.at("memory").text, "512Mi");
  EXPECT_EQ(resources.requests.at("cpu").text, "1");
  EXPECT_EQ(resources.limits.at("memory").text, "2Gi");
  EXPECT_EQ(resources.limits.at("cpu").text, "4");
}

TEST(StepsList, TakesThePlaceOfTheOperators) {
  const auto settings = merged(R"({"pod_settings": {"tolerations": [{"key": "gpu", "operator": "Exists"}]},
                                   "fail_on_container_waiting_reasons": ["B", "C"]})");
  ASSERT_EQ(settings.pod_settings.tolerations.size(), 1u);
  EXPECT_EQ(settings.pod_settings.tolerations[0].at("key"), "gpu");
  EXPECT_THAT(settings.policy.fail_on_container_waiting_reasons, ElementsAre("B", "C"));
}

TEST(StepsEmptyList, TakesTheOperatorsAway) {
  EXPECT_TRUE(merged(R"({"pod_settings": {"tolerations": []}})").pod_settings.tolerations.empty());
}

TEST(StepsRequest, IsHeldAgainstTheOperatorsLimit) {
  EXPECT_THAT(
      mistakes_in_request(asking(R"("settings": {"pod_settings": {"resources": {"requests": {"memory": "3Gi"}}}})"),
                          operator_with_defaults()),
      ElementsAre("InvalidValue settings.pod_settings.resources.requests.memory: found \"3Gi\", expected at "
                  "most the limit, 2Gi (requests and limits in the operator's configuration count too)"));
}

TEST(OneStepsSettings, DoNotReachTheNext) {
  merged(R"({"pod_settings": {"labels": {"job": "one"}}})");
  EXPECT_EQ(merged("{}").pod_settings.labels.count("job"), 0u);
}

}  // namespace
}  // namespace stepop::request
