#include "request/step_request.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/json/serialize.hpp>

#include <set>

#include "asking.hpp"

namespace stepop::request {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

TEST(Config, NeedsNothingButAnOwner) {
  const auto least = config(R"({"owner": "me"})");
  EXPECT_EQ(least.owner, "me");
  EXPECT_FALSE(least.kubernetes_context);
  EXPECT_FALSE(least.kubeconfig);
  EXPECT_EQ(least.settings.kubernetes_namespace, "zenml");
}

TEST(Config, HoldsContextAndKubeconfig) {
  const auto full = config(R"({"owner": "me", "kubernetes_context": "kind-a", "kubeconfig": "/a:/b"})");
  EXPECT_EQ(full.kubernetes_context, "kind-a");
  EXPECT_EQ(full.kubeconfig, "/a:/b");
}

TEST(Request, NeedsNothingButAnIdAndAnImage) {
  const auto least = request();
  EXPECT_EQ(least.step_run_id, "r1/train");
  EXPECT_EQ(least.image, "img");
  EXPECT_THAT(least.command, IsEmpty());
  EXPECT_THAT(least.args, IsEmpty());
  EXPECT_THAT(least.environment, IsEmpty());
}

TEST(Request, HoldsWhatItSays) {
  const auto full = request(R"(
    "step_name": "Train it", "pipeline": "p", "run_id": "1", "run_name": "n", "project_id": "x",
    "command": ["sh", "-c"], "args": ["echo", ""], "environment": {"B": "2", "A": "1", "E": ""})");
  EXPECT_EQ(full.step_name, "Train it");
  EXPECT_EQ(full.pipeline, "p");
  EXPECT_EQ(full.run_id, "1");
  EXPECT_EQ(full.run_name, "n");
  EXPECT_EQ(full.project_id, "x");
  EXPECT_THAT(full.command, ElementsAre("sh", "-c"));
  EXPECT_THAT(full.args, ElementsAre("echo", ""));
  EXPECT_THAT(full.environment, ElementsAre(Pair("B", "2"), Pair("A", "1"), Pair("E", "")));
}

TEST(Request, TakesWholeNumbersAsHostsWithOneNumberTypeWriteThem) {
  EXPECT_EQ(request(R"("settings": {"startup_timeout_seconds": 5.0})").settings.policy.startup_timeout,
            std::chrono::seconds(5));
}

TEST(Request, TakesNumbersAsQuantities) {
  const auto limits =
      request(
          R"("settings": {"pod_settings": {"resources": {"limits": {"cpu": 0.5, "memory": 1e3, "nvidia.com/gpu": 2}}}})")
          .settings.pod_settings.resources.limits;
  EXPECT_EQ(limits.at("cpu").text, "0.5");
  EXPECT_EQ(limits.at("memory").text, "1000");
  EXPECT_EQ(limits.at("nvidia.com/gpu").text, "2");
}

// ---- Sizes

TEST(Request, TakesTextsUpToTheirBound) {
  auto asked = asking();
  asked["step_run_id"] = std::string(4096, 'x');
  asked["step_name"] = std::string(4096, 'x');
  asked["args"] = json::array{std::string(131071, 'x')};
  asked["environment"] = json::object{{"A", std::string(131071 - 2, 'x')}};
  EXPECT_THAT(mistakes_in_request(asked), IsEmpty());
}

TEST(Request, RefusesTextsBeyondTheirBound) {
  auto asked = asking();
  asked["step_run_id"] = std::string(4097, 'x');
  asked["args"] = json::array{std::string(131072, 'x')};
  asked["environment"] = json::object{{"A", std::string(131071 - 1, 'x')}};
  EXPECT_THAT(mistakes_in_request(asked),
              testing::UnorderedElementsAre(
                  "TooLong step_run_id: found a text of 4097 bytes, expected a text of at most 4096 bytes",
                  "TooLong args[0]: found a text of 131072 bytes, expected a text of at most 131071 bytes",
                  "TooLong environment.A: found a name and value of 131071 bytes, expected at most 131070"));
}

TEST(Request, RefusesACommandThatNoObjectOfTheClusterHolds) {
  json::array args;
  for (int i = 0; i < 11; ++i) args.emplace_back(std::string(100'000, 'x'));
  auto asked = asking();
  asked["args"] = std::move(args);
  EXPECT_THAT(mistakes_in_request(asked),
              ElementsAre(HasSubstr(
                  "found 1100000 bytes of command, args, environment and pod_settings, expected at most 1048576")));
}

TEST(Request, RefusesMoreAnnotationsThanAPodHolds) {
  json::object annotations;
  for (int i = 0; i < 2; ++i) annotations["a" + std::to_string(i)] = std::string(100'000, 'x');
  auto asked = asking();
  asked["settings"] = {{"pod_settings", {{"annotations", std::move(annotations)}}}};
  EXPECT_THAT(mistakes_in_request(asked),
              ElementsAre("TooLong settings.pod_settings.annotations: found 200004 bytes of annotations, expected at "
                          "most 196608"));
}

// ---- What is asked, in normal form

TEST(Asked, IsTheSameForAbsentAndDefault) {
  EXPECT_EQ(request(R"("command": [], "args": [], "environment": {}, "settings": {
                       "kubernetes_namespace": "zenml",
                       "pod_settings": {"labels": {}, "annotations": {}, "node_selectors": {}, "tolerations": [],
                                        "resources": {"requests": {}, "limits": {}}}})")
                .asked,
            request().asked);
}

TEST(Asked, IsTheSameForAbsentAndWhatTheOperatorGivesEveryStep) {
  const auto with_label =
      config(R"({"owner": "me", "kubernetes_namespace": "prod", "pod_settings": {"labels": {"a": "b"}}})");
  EXPECT_EQ(
      request(R"("settings": {"kubernetes_namespace": "prod", "pod_settings": {"labels": {"a": "b"}}})", with_label)
          .asked,
      request("", with_label).asked);
}

TEST(Asked, DoesNotChangeWithTheOperatorsConfiguration) {
  const auto more = R"("settings": {"pod_settings": {"labels": {"x": "y"}}})";
  EXPECT_EQ(request(more, config(R"({"owner": "me", "kubernetes_namespace": "prod", "pod_settings": {
                    "labels": {"a": "b"}, "tolerations": [{"operator": "Exists"}]}})"))
                .asked,
            request(more).asked);
}

TEST(Asked, TellsTheDefaultFromTheOperatorsValue) {
  const auto in_prod = config(R"({"owner": "me", "kubernetes_namespace": "prod"})");
  EXPECT_NE(request(R"("settings": {"kubernetes_namespace": "zenml"})", in_prod).asked, request("", in_prod).asked);
}

TEST(Asked, TellsAnEmptyListFromTheOperatorsList) {
  const auto with_list = config(R"({"owner": "me", "pod_settings": {"tolerations": [{"operator": "Exists"}]}})");
  EXPECT_NE(request(R"("settings": {"pod_settings": {"tolerations": []}})", with_list).asked,
            request("", with_list).asked);
}

TEST(Asked, IsTheSameForTwoWaysOfWritingOneThing) {
  EXPECT_EQ(request(R"("settings": {"pod_settings": {
                       "resources": {"limits": {"memory": "1Gi", "cpu": "500m", "nvidia.com/gpu": 1}},
                       "tolerations": [{"key": "a", "operator": "Equal", "toleration_seconds": 3, "effect": "NoExecute"}]}})")
                .asked,
            request(R"("settings": {"pod_settings": {
                       "resources": {"limits": {"memory": "1024Mi", "cpu": 0.5, "nvidia.com/gpu": "1"}},
                       "tolerations": [{"key": "a", "value": "", "tolerationSeconds": 3, "effect": "NoExecute"}]}})")
                .asked);
}

TEST(Asked, LeavesOutWhatOnlyDescribesAndTheIdentity) {
  auto other = asking(R"("step_name": "n", "pipeline": "p", "run_id": "1", "run_name": "r", "project_id": "x")");
  other["step_run_id"] = "another";
  EXPECT_EQ(parse_request(other, config()).asked, request().asked);
}

TEST(Asked, LeavesOutTimesAndNamesThatDescribe) {
  EXPECT_EQ(
      request(R"("settings": {"job_name_prefix": "nightly", "active_deadline_seconds": 5, "api_request_timeout": 3,
                       "ttl_seconds_after_finished": 700, "max_api_retries": 1, "pod_startup_timeout": 3})")
          .asked,
      request().asked);
}

TEST(Asked, HasTheNamesOfSecretsAndNotTheirValues) {
  const auto one = request(R"("settings": {"secrets": {"TOKEN": "s3cret-1"}})").asked;
  EXPECT_EQ(request(R"("settings": {"secrets": {"TOKEN": "s3cret-2"}})").asked, one);
  EXPECT_NE(request(R"("settings": {"secrets": {"OTHER": "s3cret-1"}})").asked, one);
  EXPECT_THAT(json::serialize(one), testing::Not(HasSubstr("s3cret")));
}

TEST(Asked, IsTheSameForTwoWaysOfWritingOneObject) {
  EXPECT_EQ(request(R"("settings": {"pod_settings": {
                       "volumes": [{"name": "a", "empty_dir": {"size_limit": "1Gi", "medium": null}}],
                       "additional_pod_spec_args": {"host_pid": true, "priority": 5.0}}})")
                .asked,
            request(R"("settings": {"pod_settings": {
                       "volumes": [{"emptyDir": {"sizeLimit": "1024Mi"}, "name": "a"}],
                       "additional_pod_spec_args": {"priority": 5, "hostPID": true}}})")
                .asked);
}

TEST(Asked, LeavesOutThePolicy) {
  EXPECT_EQ(request(R"("settings": {"cleanup": "always", "startup_timeout_seconds": 1, "refusal_grace_seconds": 1,
                       "lost_after_seconds": 1, "fail_on_container_waiting_reasons": [], "waiting_reason_grace_seconds": 1})")
                .asked,
            request().asked);
}

TEST(Asked, ChangesWithEverythingThatChangesWhatRuns) {
  std::vector<std::string> all{json::serialize(request().asked)};
  for (const char* more : {
           R"("command": ["a"])",
           R"("args": ["a"])",
           R"("args": ["b"])",
           R"("environment": {"A": "1"})",
           R"("environment": {"A": "2"})",
           R"("settings": {"kubernetes_namespace": "other"})",
           R"("settings": {"pod_settings": {"labels": {"a": "b"}}})",
           R"("settings": {"pod_settings": {"annotations": {"a": "b"}}})",
           R"("settings": {"pod_settings": {"node_selectors": {"a": "b"}}})",
           R"("settings": {"pod_settings": {"resources": {"requests": {"cpu": 1}}}})",
           R"("settings": {"pod_settings": {"resources": {"limits": {"cpu": 1}}}})",
           R"("settings": {"service_account_name": "a"})",
           R"("settings": {"privileged": true})",
           R"("settings": {"workload": "job"})",
           R"("settings": {"pod_count": 2})",
           R"("settings": {"queue": "a", "max_disruption_restarts": 1})",
           R"("settings": {"secrets": {"A": "b"}})",
           R"("settings": {"pod_settings": {"affinity": {"nodeAffinity": {}}}})",
           R"("settings": {"pod_settings": {"volumes": [{"name": "a", "emptyDir": {}}]}})",
           R"("settings": {"pod_settings": {"volumes": [{"name": "a", "emptyDir": {}}],
                                            "volume_mounts": [{"name": "a", "mountPath": "/a"}]}})",
           R"("settings": {"pod_settings": {"host_ipc": true}})",
           R"("settings": {"pod_settings": {"scheduler_name": "a"}})",
           R"("settings": {"pod_settings": {"image_pull_secrets": ["a"]}})",
           R"("settings": {"pod_settings": {"env": [{"name": "A", "value": "b"}]}})",
           R"("settings": {"pod_settings": {"env_from": [{"secretRef": {"name": "a"}}]}})",
           R"("settings": {"pod_settings": {"container_security_context": {"runAsUser": 1}}})",
           R"("settings": {"pod_settings": {"additional_pod_spec_args": {"priority": 1}}})",
           R"("settings": {"pod_settings": {"resources": {"claims": [{"name": "a"}]}}})",
           R"("settings": {"pod_settings": {"tolerations": [{"operator": "Exists"}]}})",
           R"("settings": {"pod_settings": {"tolerations": [{"operator": "Exists", "effect": "NoSchedule"}]}})",
       }) {
    all.push_back(json::serialize(request(more).asked));
  }
  auto other_image = asking();
  other_image["image"] = "other";
  all.push_back(json::serialize(parse_request(other_image, config()).asked));
  const std::set<std::string> distinct(all.begin(), all.end());
  EXPECT_EQ(distinct.size(), all.size());
}

}  // namespace
}  // namespace stepop::request
