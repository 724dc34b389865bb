#include "manifest/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>

#include "asking.hpp"
#include "request/rule.hpp"

namespace stepop::manifest {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

// ---- Hashes that pods in clusters carry. These values were computed by another implementation (Python's hashlib) of what
// canonical.hpp describes, and must never change.

TEST(StepHash, HasTheseValuesForGood) {
  EXPECT_EQ(step_hash({"me", "r1/train"}), "w2hbtgsjoxiimksp");
  EXPECT_EQ(step_hash({"host-1", "0d4f6a4e-6a0b-4d3c-9a53-1f0e7b3f1c11"}), "dw34zkrlt7zgor6k");
  EXPECT_EQ(step_hash({"me", "\xC3\xBCn\xC3\xAF"}), "craewc27ltgzkeie");
}

TEST(StepHash, TellsWhereTheOwnerEndsAndTheIdBegins) {
  EXPECT_EQ(step_hash({"a", "bc"}), "p26e4bcj3fn5zqx3");
  EXPECT_EQ(step_hash({"ab", "c"}), "s43b3u3rorgteub5");
}

TEST(RequestHash, HasTheseValuesForGood) {
  EXPECT_EQ(request_hash(request(R"({"step_run_id": "1", "image": "img"})")), "ae341d1e87b53852e01958aa0d22add1");
  EXPECT_EQ(request_hash(request(R"({
      "step_run_id": "1", "step_name": "train", "image": "img", "command": ["python", "-m", "train"],
      "args": ["--epochs", "3"], "environment": {"A": "1", "B": "x\ny"},
      "settings": {
        "kubernetes_namespace": "ml", "startup_timeout_seconds": 5,
        "pod_settings": {
          "resources": {"requests": {"memory": "1Gi", "cpu": "500m"}, "limits": {"nvidia.com/gpu": 1}},
          "labels": {"team": "ml"}, "annotations": {"a": "b"}, "node_selectors": {"disk": "ssd"},
          "tolerations": [
            {"key": "gpu", "operator": "Equal", "value": "yes", "effect": "NoExecute", "toleration_seconds": 60},
            {"operator": "Exists"}]}}})")),
            "397515654700e6570b7ea9d3b73c1d8a");
  EXPECT_EQ(request_hash(request(R"({
      "step_run_id": "1", "image": "img",
      "settings": {
        "service_account_name": "runner", "privileged": true, "pod_count": 3, "workload": "job", "secrets": {"T": "x"},
        "pod_settings": {
          "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a", "b"]}]}]}}},
          "volumes": [{"name": "d", "emptyDir": {"sizeLimit": "1Gi"}}],
          "volume_mounts": [{"name": "d", "mountPath": "/d", "readOnly": true}],
          "env": [{"name": "A", "value": "1"}], "env_from": [{"secretRef": {"name": "s"}}], "host_ipc": true,
          "scheduler_name": "mine", "image_pull_secrets": ["p"], "container_security_context": {"runAsUser": 1000},
          "additional_pod_spec_args": {"hostAliases": [{"ip": "1.2.3.4", "hostnames": ["h"]}]}}}})")),
            "5042fe3449e6eda9197522902d2b578d");
}

TEST(RequestHash, DoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(request_hash(
                request(R"({"step_run_id": "1", "image": "i", "environment": {"A": "1", "B": "2"}, "args": ["a"]})")),
            request_hash(
                request(R"({"args": ["a"], "environment": {"B": "2", "A": "1"}, "image": "i", "step_run_id": "1"})")));
}

TEST(RequestHash, ChangesWithTheCommand) {
  EXPECT_NE(request_hash(request(R"({"step_run_id": "1", "image": "i", "command": ["a"]})")),
            request_hash(request(R"({"step_run_id": "1", "image": "i", "command": ["b"]})")));
}

TEST(RequestHash, TellsCommandFromArguments) {
  EXPECT_NE(request_hash(request(R"({"step_run_id": "1", "image": "i", "command": ["a"]})")),
            request_hash(request(R"({"step_run_id": "1", "image": "i", "args": ["a"]})")));
}

// ---- Names

const Identity someone{"me", "r1/train"};

TEST(WorkloadName, IsReadableHashAndAttempt) {
  EXPECT_EQ(workload_name("train", someone, 0), "train-w2hbtgsjoxiimksp-0");
  EXPECT_EQ(workload_name("train", someone, 12), "train-w2hbtgsjoxiimksp-12");
}

TEST(WorkloadName, MakesAnyTextReadable) {
  const auto readable = [](std::string_view text) {
    const std::string name = workload_name(text, someone, 0);
    return name.substr(0, name.find("-w2hbtgsjoxiimksp-0"));
  };
  EXPECT_EQ(readable("Train Model"), "train-model");
  EXPECT_EQ(readable("a__b..c"), "a-b-c");
  EXPECT_EQ(readable("-x-"), "x");
  EXPECT_EQ(readable("1st"), "step-1st");
  EXPECT_EQ(readable(""), "step");
  EXPECT_EQ(readable("---"), "step");
  EXPECT_EQ(readable("\xE6\x97\xA5\xE6\x9C\xAC"), "step");
  EXPECT_EQ(readable("\xC3\xBC"
                     "bung"),
            "bung");
  EXPECT_EQ(readable(std::string(40, 'x')), std::string(30, 'x'));
  EXPECT_EQ(readable(std::string(29, 'x') + "-y"), std::string(29, 'x'));
  EXPECT_EQ(readable(std::string(40, '1')), "step-" + std::string(25, '1'));
}

TEST(WorkloadName, LeavesRoomForAnIndexedJobsPodsAtEveryAttempt) {
  const std::string longest(100, 'x');
  const std::string suffix = "-9999-abcde";
  for (const std::uint32_t attempt : {0u, 9u, 10u, 999u, 9999u, 10'000u, std::numeric_limits<std::uint32_t>::max()}) {
    const std::string name = workload_name(longest, someone, attempt);
    EXPECT_LE(name.size() + suffix.size(), 63u) << name;
    EXPECT_THAT(name, MatchesRegex("x+-w2hbtgsjoxiimksp-[0-9]+"));
    EXPECT_TRUE(name.ends_with("-" + std::to_string(attempt))) << name;
  }
}

// Texts as they come: letters, digits, spaces, punctuation, bytes of UTF-8 characters.
std::string any_text(std::mt19937& random) {
  static constexpr std::string_view characters = "abzABZ019 -_./:#\t\xC3\xA9\xE6\x97\xA5\xF0\x9F\x98\x80";
  std::string text;
  for (std::size_t length = random() % 80; length > 0; --length) text += characters[random() % characters.size()];
  return text;
}

TEST(WorkloadName, IsValidForTenThousandNamesAndIds) {
  std::mt19937 random(20260501);
  for (int i = 0; i < 10'000; ++i) {
    const std::string readable = any_text(random);
    const Identity identity{"me", any_text(random)};
    const std::string name = workload_name(readable, identity, random() % 2 ? random() : random() % 4);
    ASSERT_TRUE(request::rule::dns_label.holds(name)) << name;
    ASSERT_LE(name.size(), 52u) << name;
    ASSERT_TRUE(name[0] >= 'a' && name[0] <= 'z') << name;
    ASSERT_NE(name.find("-" + step_hash(identity) + "-"), std::string::npos) << name;
  }
}

TEST(StepHash, IsALabelValueAndDistinctForTenThousandIds) {
  std::set<std::string> hashes;
  for (int i = 0; i < 10'000; ++i) {
    const std::string hash = step_hash({"me", "run-" + std::to_string(i)});
    ASSERT_EQ(hash.size(), 16u);
    ASSERT_TRUE(request::rule::label_value.holds(hash)) << hash;
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 10'000u);
}

TEST(ReadableName, BeginsWithTheJobNamePrefix) {
  const auto asked = request(R"({"step_run_id": "1", "image": "i", "step_name": "Train",
                                 "settings": {"job_name_prefix": "nightly"}})");
  EXPECT_EQ(readable_name(asked), "nightly-Train");
  EXPECT_EQ(workload_name(readable_name(asked), someone, 0), "nightly-train-w2hbtgsjoxiimksp-0");
}

TEST(ReadableName, IsTheStepsName) {
  EXPECT_EQ(readable_name(request(R"({"step_run_id": "1", "image": "i", "step_name": "Train Model"})")), "Train Model");
}

}  // namespace
}  // namespace stepop::manifest
