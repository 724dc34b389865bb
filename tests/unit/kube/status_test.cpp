#include "kube/status.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

Status refusal(int code, std::string message, std::string reason = "Forbidden") {
  Status status;
  status.code = code;
  status.reason = std::move(reason);
  status.message = std::move(message);
  return status;
}

TEST(Status, ReadsAWholeRefusal) {
  const auto status = parse_status(R"({"kind":"Status","apiVersion":"v1","metadata":{},
        "status":"Failure","message":"Pod \"a\" is invalid: x","reason":"Invalid",
        "details":{"name":"a","group":"g","kind":"Pod","uid":"u","retryAfterSeconds":7,
          "causes":[{"reason":"FieldValueInvalid","message":"bad","field":"spec.containers[0].image"},
                    {"reason":"Other"}]},"code":422})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 422);
  EXPECT_EQ(status->reason, "Invalid");
  EXPECT_EQ(status->message, "Pod \"a\" is invalid: x");
  EXPECT_EQ(status->details.name, "a");
  EXPECT_EQ(status->details.kind, "Pod");
  EXPECT_EQ(status->details.retry_after, std::chrono::seconds{7});
  ASSERT_EQ(status->details.causes.size(), 2u);
  EXPECT_EQ(status->details.causes[0].field, "spec.containers[0].image");
  EXPECT_EQ(status->details.causes[1].reason, "Other");
}

TEST(Status, IsNothingForOtherBodies) {
  EXPECT_FALSE(parse_status(R"({"kind":"Pod"})"));
  EXPECT_FALSE(parse_status("<html>"));
  EXPECT_FALSE(parse_status(""));
  EXPECT_FALSE(parse_status("[]"));
}

TEST(Status, MakesTheBestOfAProxysPage) {
  const Status status = status_of(502, "\n  Bad Gateway\nmore");
  EXPECT_EQ(status.code, 502);
  EXPECT_EQ(status.message, "Bad Gateway");
  EXPECT_EQ(status_of(503, "").message, "HTTP status 503");
  EXPECT_EQ(status_of(500, std::string(5000, 'x')).message.size(), 300u);
}

TEST(Status, TellsTheKindsOfForbiddenApart) {
  const Status rbac =
      refusal(403, R"(pods is forbidden: User "u" cannot create resource "pods" in API group "" in the namespace "x")");
  const Status quota =
      refusal(403, R"(pods "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1)");
  const Status needs = refusal(403, R"(pods "a" is forbidden: failed quota: q: must specify limits.memory)");
  const Status ending = refusal(
      403, R"(pods "a" is forbidden: unable to create new content in namespace x because it is being terminated)");
  const Status security =
      refusal(403, R"(pods "a" is forbidden: violates PodSecurity "restricted:latest": privileged)");
  const Status account =
      refusal(403, R"(pods "a" is forbidden: error looking up service account x/y: serviceaccount "y" not found)");
  const Status webhook = refusal(400, R"(admission webhook "w.example.com" denied the request: no)");
  const Status policy =
      refusal(422, R"(pods "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no)");
  const Status broken =
      refusal(500, R"(Internal error occurred: failed calling webhook "w.example.com": failed to call webhook)");

  using Test = bool (*)(const Status&) noexcept;
  const std::vector<std::pair<Test, const Status*>> pairs = {
      {is_rbac_forbidden, &rbac},          {is_quota_forbidden, &quota},        {is_quota_unsatisfied, &needs},
      {is_namespace_terminating, &ending}, {is_pod_security_denied, &security}, {is_service_account_missing, &account},
      {is_admission_denied, &webhook},     {is_admission_call_failed, &broken}};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    for (std::size_t j = 0; j < pairs.size(); ++j) {
      EXPECT_EQ(pairs[i].first(*pairs[j].second), i == j) << i << ' ' << pairs[j].second->message;
    }
  }
  EXPECT_TRUE(is_admission_denied(policy));
}

TEST(Status, HasAnErrorForEachFieldThatStrictValidationRefuses) {
  const auto errors = strict_decoding_errors(
      refusal(400, R"(Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.a, b")"
                   R"(, duplicate field "metadata.labels.x")"));
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].message, R"(unknown field "spec.a, b")");
  EXPECT_EQ(errors[0].field, "spec.a, b");
  EXPECT_EQ(errors[1].field, "metadata.labels.x");
  EXPECT_TRUE(strict_decoding_errors(refusal(400, "the request is no JSON")).empty());
  EXPECT_TRUE(strict_decoding_errors(refusal(400, R"(strict decoding error: unknown field "spec.a)")).empty());
}

TEST(Status, DoesNotTakeAPodNamedLikeARefusalForOne) {
  EXPECT_FALSE(is_rbac_forbidden(refusal(404, R"(pods "forbidden" not found)")));
  EXPECT_FALSE(is_rbac_forbidden(refusal(403, "forbidden by a proxy")));
}

TEST(Status, TellsATakenNameFromContention) {
  EXPECT_TRUE(is_already_exists(refusal(409, "", "AlreadyExists")));
  EXPECT_FALSE(is_conflict(refusal(409, "", "AlreadyExists")));
  EXPECT_TRUE(is_conflict(refusal(409, "", "Conflict")));
  EXPECT_FALSE(is_other_uid(refusal(409, "Operation cannot be fulfilled on pods", "Conflict")));
  EXPECT_TRUE(is_other_uid(refusal(
      409,
      "Operation cannot be fulfilled on Pod \"x\": Precondition failed: UID in precondition: 1, UID in object meta: 2",
      "Conflict")));
}

TEST(Status, TellsAMissingNamespaceFromAMissingPod) {
  EXPECT_TRUE(is_namespace_not_found(refusal(404, R"(namespaces "x" not found)", "NotFound")));
  EXPECT_FALSE(is_namespace_not_found(refusal(404, R"(pods "x" not found)", "NotFound")));
}

TEST(Status, DoesNotBelieveACodeThatIsNoRefusal) {
  EXPECT_EQ(status_of(429, R"({"kind":"Status","code":214})").code, 429);
  EXPECT_EQ(status_of(429, R"({"kind":"Status","code":-1})").code, 429);
}

}  // namespace
}  // namespace stepop::kube
