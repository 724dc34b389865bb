#include "engine/dry_run.hpp"

#include <gmock/gmock.h>

namespace stepop::engine {
namespace {

using namespace std::chrono_literals;
using plugin::Finding;
using testing::HasSubstr;
namespace json = boost::json;

json::object object(std::string_view kind) {
  return {{"kind", kind}, {"metadata", {{"name", "a"}, {"namespace", "dev"}}}};
}

kube::Response answer(int status, std::string body) {
  kube::Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

// A Status as the API server sends it.
kube::Response refusal(int code, std::string_view message, json::array causes = {}) {
  return answer(code, json::serialize(json::object{{"kind", "Status"},
                                                   {"apiVersion", "v1"},
                                                   {"status", "Failure"},
                                                   {"code", code},
                                                   {"message", message},
                                                   {"details", {{"causes", std::move(causes)}}}}));
}

TEST(DryRunRequest, ChangesNothingAndHasEveryFieldChecked) {
  const auto request = dry_run_create(object("Pod"), 1500ms);
  EXPECT_EQ(request.method, kube::Method::Post);
  EXPECT_EQ(request.target,
            "/api/v1/namespaces/dev/pods?dryRun=All&fieldManager=stepop&fieldValidation=Strict&timeout=2s");
  EXPECT_EQ(json::parse(request.body), object("Pod"));
  EXPECT_GT(request.timeout, 2s) << "the server's answer decides, not our clock";
}

TEST(DryRunRequest, GoesToTheCollectionOfItsKind) {
  EXPECT_THAT(dry_run_create(object("Job"), 1s).target, HasSubstr("/apis/batch/v1/namespaces/dev/jobs?"));
  EXPECT_THAT(dry_run_create(object("Service"), 1s).target, HasSubstr("/api/v1/namespaces/dev/services?"));
  EXPECT_THAT(dry_run_create(object("Secret"), 1s).target, HasSubstr("/api/v1/namespaces/dev/secrets?"));
  EXPECT_THROW(dry_run_create(object("Node"), 1s), std::logic_error);
}

TEST(DryRunAnswer, IsTheObjectWithItsDefaults) {
  const auto told = read_dry_run(answer(201, R"({"kind":"Pod","spec":{"priority":0}})"), "manifests[0]");
  EXPECT_TRUE(told.answered);
  EXPECT_EQ(told.accepted.at("spec").at("priority"), 0);
  EXPECT_TRUE(told.findings.empty());
  EXPECT_EQ(told.refused_for, "");
}

TEST(DryRunAnswer, TellsWhatIsAcceptedWithAWarning) {
  auto response = answer(201, "{}");
  response.warnings = {"spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14"};
  const auto told = read_dry_run(response, "manifests[0]");
  ASSERT_EQ(told.findings.size(), 1U);
  EXPECT_EQ(told.findings[0].level, Finding::Level::warning);
  EXPECT_EQ(told.findings[0].message, response.warnings[0]);
}

TEST(DryRunAnswer, NamesEachFieldThatTheServerDoesNotKnow) {
  const auto told = read_dry_run(
      refusal(400, R"(Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field )"
                   R"("spec.containers[0].comand", duplicate field "spec.hostIPC")"),
      "manifests[0]");
  EXPECT_EQ(told.refused_for, "InvalidRequest");
  EXPECT_TRUE(told.accepted.is_null());
  ASSERT_EQ(told.findings.size(), 2U);
  EXPECT_EQ(told.findings[0].path, "manifests[0].spec.containers[0].comand");
  EXPECT_EQ(told.findings[0].message, R"(unknown field "spec.containers[0].comand")");
  EXPECT_EQ(told.findings[0].level, Finding::Level::error);
  EXPECT_EQ(told.findings[1].path, "manifests[0].spec.hostIPC");
  EXPECT_EQ(told.findings[1].message, R"(duplicate field "spec.hostIPC")");
}

TEST(DryRunAnswer, NamesEachFieldWhoseValueIsWrong) {
  const json::object cause{{"reason", "FieldValueInvalid"},
                           {"message", "Invalid value: \"1\": must be less than or equal to memory limit"},
                           {"field", "spec.containers[0].resources.requests"}};
  const auto told = read_dry_run(refusal(422, R"(Pod "a" is invalid: …)", {cause}), "manifests[1]");
  ASSERT_EQ(told.findings.size(), 1U);
  EXPECT_EQ(told.findings[0].path, "manifests[1].spec.containers[0].resources.requests");
  EXPECT_THAT(told.findings[0].message, HasSubstr("must be less than or equal to"));
  EXPECT_FALSE(told.findings[0].retryable);
}

TEST(DryRunAnswer, IsAWarningWhereTheStepWouldWaitForRoom) {
  const auto told = read_dry_run(
      refusal(403, R"(pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2)"),
      "m");
  EXPECT_EQ(told.refused_for, "QuotaExceeded");
  ASSERT_EQ(told.findings.size(), 1U);
  EXPECT_EQ(told.findings[0].level, Finding::Level::warning);
  EXPECT_TRUE(told.findings[0].retryable);
}

TEST(DryRunAnswer, IsAnErrorWhereNoRoomWouldEverBeEnough) {
  const auto told = read_dry_run(
      refusal(403, R"(pods "a" is forbidden: exceeded quota: q, requested: requests.nvidia.com/gpu=4, used: )"
                   R"(requests.nvidia.com/gpu=0, limited: requests.nvidia.com/gpu=2)"),
      "m");
  ASSERT_EQ(told.findings.size(), 1U);
  EXPECT_EQ(told.findings[0].level, Finding::Level::error);
  EXPECT_FALSE(told.findings[0].retryable);
  EXPECT_THAT(told.findings[0].hint, HasSubstr("less than this altogether"));
}

TEST(DryRunAnswer, TellsAPolicysRefusalInItsWords) {
  const auto told =
      read_dry_run(refusal(403, R"(pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged)"), "m");
  EXPECT_EQ(told.refused_for, "AdmissionDenied");
  EXPECT_EQ(told.findings.at(0).level, Finding::Level::error);
  EXPECT_THAT(told.findings.at(0).message, HasSubstr("violates PodSecurity"));
}

TEST(DryRunAnswer, SaysWhichSettingNamesAMissingNamespace) {
  const auto told = read_dry_run(refusal(404, R"(namespaces "dev" not found)"), "m");
  EXPECT_EQ(told.findings.at(0).path, "kubernetes_namespace");
  EXPECT_EQ(told.refused_for, "NamespaceMissing");
}

TEST(DryRunAnswer, IsNoRefusalWhenTheObjectIsThere) {
  const auto told = read_dry_run(
      answer(409, R"({"kind":"Status","code":409,"reason":"AlreadyExists","message":"pods \"a\" already exists"})"),
      "m");
  EXPECT_EQ(told.refused_for, "");
  EXPECT_EQ(told.findings.at(0).level, Finding::Level::ok);
}

TEST(DryRunAnswer, IsNoneWhenTheServerIsOutOfOrder) {
  for (const kube::Outcome& outcome : std::vector<kube::Outcome>{
           kube::TransportError{kube::TransportError::Kind::Reset, true, "the connection ended"},
           answer(503, "no healthy upstream"), refusal(429, "too many requests"), answer(201, "<html>")}) {
    const auto told = read_dry_run(outcome, "m");
    EXPECT_FALSE(told.answered);
    EXPECT_EQ(told.refused_for, "");
    ASSERT_EQ(told.findings.size(), 1U);
    EXPECT_EQ(told.findings[0].level, Finding::Level::warning);
    EXPECT_TRUE(told.findings[0].retryable);
  }
}

}  // namespace
}  // namespace stepop::engine
