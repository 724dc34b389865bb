#include "kube/targets.hpp"

#include <gtest/gtest.h>

namespace stepop::kube {
namespace {

TEST(Targets, NameCoreAndGroupedResources) {
  EXPECT_EQ(pods_target("dev"), "/api/v1/namespaces/dev/pods");
  EXPECT_EQ(pod_target("dev", "a-1"), "/api/v1/namespaces/dev/pods/a-1");
  EXPECT_EQ(object_target("batch", "v1", "dev", "jobs", "j", "status"), "/apis/batch/v1/namespaces/dev/jobs/j/status");
  EXPECT_EQ(collection_target("", "v1", "", "nodes"), "/api/v1/nodes");
}

TEST(Targets, EncodeEveryPartSoThatNothingEscapesItsPlace) {
  EXPECT_EQ(pod_target("a/b", "c?d e"), "/api/v1/namespaces/a%2Fb/pods/c%3Fd%20e");
  EXPECT_EQ(with_query("/x", {{"labelSelector", "a=b,c in (d)"}}), "/x?labelSelector=a%3Db%2Cc%20in%20%28d%29");
}

TEST(Targets, PutTheLogOptionsIntoTheQuery) {
  LogQuery log;
  log.container = "main";
  log.follow = true;
  log.since_time = parse_rfc3339("2024-05-06T07:08:09Z");
  log.limit_bytes = 10;
  EXPECT_EQ(pod_log_target("dev", "p", log),
            "/api/v1/namespaces/dev/pods/p/log?container=main&follow=true&timestamps=true"
            "&sinceTime=2024-05-06T07%3A08%3A09Z&limitBytes=10");
}

}  // namespace
}  // namespace stepop::kube
