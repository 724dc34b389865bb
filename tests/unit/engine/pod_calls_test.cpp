#include "engine/pod_calls.hpp"

#include <gmock/gmock.h>

namespace stepop::engine {
namespace {

using testing::HasSubstr;

TEST(PodCalls, CreateWithEveryFieldCheckedAndABoundOnTheServersSide) {
  const auto request = create_workload(kube::Resource::Pods, "dev", "{}");
  EXPECT_THAT(request.target, HasSubstr("/api/v1/namespaces/dev/pods?"));
  EXPECT_THAT(request.target, HasSubstr("fieldValidation=Strict"));
  EXPECT_THAT(request.target, HasSubstr("timeout=30s"));
  EXPECT_THAT(request.target, Not(HasSubstr("dryRun")));
}

TEST(PodCalls, DeleteOnlyThePodThatIsMeant) {
  const auto request = delete_workload(kube::Resource::Pods, "dev", "a", "uid-1", "", std::chrono::seconds{5});
  EXPECT_THAT(request.body, HasSubstr(R"("preconditions":{"uid":"uid-1"})"));
  EXPECT_THAT(request.body, HasSubstr(R"("gracePeriodSeconds":5)"));
}

TEST(PodCalls, AJobIsDeletedInTheForegroundAndAPodInTheBackground) {
  const auto job = delete_workload(kube::Resource::Jobs, "dev", "a", "uid-1", "", std::nullopt);
  EXPECT_EQ(job.target, "/apis/batch/v1/namespaces/dev/jobs/a");
  EXPECT_THAT(job.body, HasSubstr(R"("propagationPolicy":"Foreground")"));
  EXPECT_THAT(delete_workload(kube::Resource::Pods, "dev", "a", "uid-1", "", std::nullopt).body,
              HasSubstr(R"("propagationPolicy":"Background")"));
}

}  // namespace
}  // namespace stepop::engine
