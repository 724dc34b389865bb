// What the settings are when nobody says anything, and what is taken with a warning.
#include "request/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asking.hpp"

namespace stepop::request {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> warnings_of(const std::string& settings) {
  std::vector<std::string> texts;
  for (const auto& warning : request(R"("settings": )" + settings).warnings) {
    EXPECT_EQ(warning.level, plugin::Finding::Level::warning);
    texts.push_back(warning.code + " " + warning.path + ": " + warning.message + " (" + warning.hint + ")");
  }
  return texts;
}

// ZenML 0.98's, where it has them.
TEST(DefaultSettings, AreZenmls) {
  const Settings settings;
  EXPECT_EQ(settings.kubernetes_namespace, "zenml");
  EXPECT_EQ(settings.pod_count, 1u);
  EXPECT_FALSE(settings.service_account_name);
  EXPECT_FALSE(settings.privileged);
  EXPECT_FALSE(settings.ttl_after_finished);
  EXPECT_FALSE(settings.active_deadline);
  EXPECT_FALSE(settings.api_request_timeout);
  EXPECT_EQ(settings.max_api_retries, 3u);
  EXPECT_FALSE(settings.needs_job());
}

TEST(Settings, NeedAJobForWhatOnlyAJobHas) {
  for (const char* asked : {R"({"pod_count": 2})", R"({"ttl_seconds_after_finished": 600})", R"({"workload": "job"})",
                            R"({"queue": "a", "max_disruption_restarts": 1})"}) {
    EXPECT_TRUE(request(R"("settings": )" + std::string(asked)).settings.needs_job()) << asked;
  }
  EXPECT_FALSE(request(R"("settings": {"workload": "pod", "active_deadline_seconds": 60})").settings.needs_job());
}

TEST(DeprecatedSetting, IsTakenWithAWarningThatNamesItsSuccessor) {
  EXPECT_THAT(warnings_of(R"({"pod_startup_timeout": 60, "pod_failure_max_retries": 3, "pod_failure_retry_delay": 10,
                              "pod_failure_backoff": 1.5})"),
              ElementsAre(HasSubstr("Deprecated settings.pod_startup_timeout: found a deprecated setting, which has no "
                                    "effect (use startup_timeout_seconds"),
                          HasSubstr("use max_startup_retries"), HasSubstr("max_startup_retries needs no delay"),
                          HasSubstr("max_startup_retries needs no backoff")));
}

TEST(DeprecatedSetting, OfAnOperatorIsWarnedOfOnceThereAndNotInEveryStep) {
  const auto configured = config(R"({"owner": "me", "pod_startup_timeout": 60})");
  EXPECT_THAT(configured.warnings, SizeIs(1));
  EXPECT_THAT(request("", configured).warnings, IsEmpty());
}

TEST(InCluster, WhatElseSaysWhereTheClusterIsIsWarnedOf) {
  const auto warnings =
      config(R"({"owner": "me", "incluster": true, "kubernetes_context": "mine", "kubeconfig": "/k"})").warnings;
  ASSERT_THAT(warnings, SizeIs(2));
  EXPECT_EQ(warnings[0].path + ": " + warnings[0].message,
            "kubernetes_context: found beside `incluster: true`, so it is not used");
  EXPECT_EQ(warnings[1].path, "kubeconfig");
  EXPECT_THAT(config(R"({"owner": "me", "incluster": false, "kubernetes_context": "mine"})").warnings, IsEmpty());
}

TEST(TimeToLive, UnderTenMinutesIsTakenWithAWarning) {
  EXPECT_THAT(warnings_of(R"({"ttl_seconds_after_finished": 599})"),
              ElementsAre(HasSubstr("ShortTime settings.ttl_seconds_after_finished: found 599, which is short")));
  EXPECT_THAT(warnings_of(R"({"ttl_seconds_after_finished": 600})"), IsEmpty());
}

TEST(Secrets, OfAStepAreMergedByNameOverTheOperators) {
  const auto configured = config(R"({"owner": "me", "secrets": {"A": "1", "B": "2"}})");
  EXPECT_THAT(request(R"("settings": {"secrets": {"B": "3"}})", configured).settings.secrets,
              ElementsAre(testing::Pair("A", "1"), testing::Pair("B", "3")));
}

}  // namespace
}  // namespace stepop::request
