#include "lifecycle/refusal.hpp"

#include <gtest/gtest.h>

#include "lifecycle/report.hpp"

namespace stepop::lifecycle {
namespace {

using Kind = Refusal::Kind;

struct Case {
  int code;
  const char* reason;
  const char* message;
  Kind kind;
  std::string_view why;
};

class RefusalOf : public testing::TestWithParam<Case> {};

TEST_P(RefusalOf, IsReadFromTheServersOwnWords) {
  kube::Status status;
  status.code = GetParam().code;
  status.reason = GetParam().reason;
  status.message = GetParam().message;
  const auto refusal = read_create_refusal(status);
  EXPECT_EQ(refusal.kind, GetParam().kind) << status.message;
  EXPECT_EQ(refusal.reason, GetParam().why) << status.message;
  EXPECT_EQ(refusal.message, status.message);
}

// Messages as a 1.34 API server writes them.
INSTANTIATE_TEST_SUITE_P(
    Words, RefusalOf,
    testing::Values(
        Case{401, "Unauthorized", "Unauthorized", Kind::access, reason::forbidden},
        Case{403, "Forbidden",
             "pods is forbidden: User \"dev\" cannot create resource \"pods\" in API group \"\" in the namespace "
             "\"zenml\"",
             Kind::access, reason::forbidden},
        Case{403, "Forbidden",
             "pods \"x\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=2, limited: pods=2",
             Kind::room, reason::quota_exceeded},
        Case{403, "Forbidden",
             "pods \"x\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false",
             Kind::final_no, reason::admission_denied},
        Case{400, "", "admission webhook \"deny.example.com\" denied the request: no", Kind::final_no,
             reason::admission_denied},
        Case{500, "InternalError", "Internal error occurred: failed calling webhook \"x.example.com\": timeout",
             Kind::try_again, reason::admission_denied},
        Case{404, "NotFound", "namespaces \"nope\" not found", Kind::final_no, reason::namespace_missing},
        Case{403, "Forbidden",
             "pods \"x\" is forbidden: unable to create new content in namespace zenml because it is being terminated",
             Kind::final_no, reason::namespace_terminating},
        Case{409, "AlreadyExists", "pods \"x\" already exists", Kind::name_taken, reason::conflict},
        Case{409, "Conflict", "Operation cannot be fulfilled on resourcequotas \"compute\"", Kind::try_again,
             reason::cluster_unavailable},
        Case{422, "Invalid", "Pod \"x\" is invalid: spec.containers[0].image: Required value", Kind::final_no,
             reason::invalid_request},
        Case{429, "TooManyRequests", "Too many requests, please try again later.", Kind::try_again,
             reason::cluster_unavailable},
        Case{302, "", "HTTP status 302", Kind::unknown_outcome, reason::cluster_unavailable},
        Case{500, "InternalError", "etcdserver: request timed out", Kind::unknown_outcome, reason::cluster_unavailable},
        Case{504, "Timeout", "Timeout: request did not complete within requested timeout", Kind::unknown_outcome,
             reason::cluster_unavailable}));

}  // namespace
}  // namespace stepop::lifecycle
