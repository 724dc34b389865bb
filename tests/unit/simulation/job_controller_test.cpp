#include "job_controller.hpp"

#include <gtest/gtest.h>

#include "manifest/labels.hpp"
#include "names.hpp"
#include "nodes.hpp"

namespace stepop::simulation {
namespace {

class JobControllerTest : public testing::Test, ClusterObserver {
 protected:
  JobRecord& created(std::uint32_t pods = 1) {
    kube::Pod made;
    made.metadata.name = "j";
    made.metadata.labels = {{std::string(manifest::label::owner), owner_name}};
    made.completions = pods;
    api.create_job(std::move(made), 0, 0, Random(1));
    return api.jobs().back();
  }
  void pass(Duration time) {
    passed_until += time;
    while (!agenda.empty() && agenda.next_time() <= passed_until) {
      const auto event = agenda.pop();
      event.who->on_event(event);
    }
  }
  JobRecord& with_pods(std::uint32_t pods) {
    auto& job = created(pods);
    pass(seconds(100));
    EXPECT_EQ(job.pods.size(), pods);
    return job;
  }
  void end(PodRecord& pod, kube::PodPhase phase) {
    pod.object.phase = phase;
    api.publish(pod);
    pass(seconds(5));
  }
  static bool is(const JobRecord& job, const char* condition) { return job.object.condition(condition) != nullptr; }

  void on_created(PodRecord& pod) override { pod.object.node_name = "n"; }
  void on_deletion(PodRecord&) override {}
  void on_removed(PodRecord&) override {}
  void on_job_created(JobRecord& job) override { controller.on_changed(job); }
  void on_job_changed(JobRecord& job) override { controller.on_changed(job); }
  void on_beside(std::uint32_t) override {}
  void on_started(const PodRecord&) override {}
  void on_change(kube::Resource, std::size_t) override {}

  Agenda agenda;
  Instant passed_until = agenda.now();
  Trace trace{agenda, false};
  ApiServer api{agenda, *this};
  JobController controller{agenda, api, trace};
};

TEST_F(JobControllerTest, MakesAPodForEachIndexAndKeepsItUntilItsEndIsCounted) {
  auto& job = with_pods(3);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(job.pods[i]->index, i);
    EXPECT_FALSE(job.pods[i]->object.metadata.finalizers.empty());
  }
}

TEST_F(JobControllerTest, IsCompleteOnlyWhenAllHaveSucceeded) {
  auto& job = with_pods(2);
  end(*job.pods[0], kube::PodPhase::Succeeded);
  EXPECT_FALSE(is(job, "SuccessCriteriaMet"));
  end(*job.pods[1], kube::PodPhase::Succeeded);
  EXPECT_TRUE(is(job, "SuccessCriteriaMet"));
  EXPECT_TRUE(is(job, "Complete"));
  EXPECT_TRUE(job.pods[0]->object.metadata.finalizers.empty());
}

TEST_F(JobControllerTest, OneThatFailsStopsTheOthersAndTheJobHasFailedWhenTheyHaveStopped) {
  auto& job = with_pods(2);
  end(*job.pods[1], kube::PodPhase::Failed);
  EXPECT_TRUE(is(job, "FailureTarget"));
  EXPECT_TRUE(job.pods[0]->object.metadata.deletion_timestamp);
  EXPECT_FALSE(is(job, "Failed"));
  end(*job.pods[0], kube::PodPhase::Failed);
  EXPECT_TRUE(is(job, "Failed"));
}

TEST_F(JobControllerTest, InTheForegroundAJobGoesAfterItsPods) {
  auto& job = with_pods(2);
  api.remove(job, Propagation::foreground, Asker::somebody);
  pass(seconds(60));
  EXPECT_TRUE(job.exists);
  for (auto* pod : job.pods) {
    EXPECT_TRUE(pod->object.metadata.deletion_timestamp);
    api.remove(*pod, 0, Asker::cluster);
  }
  pass(seconds(60));
  EXPECT_FALSE(job.exists);
}

TEST_F(JobControllerTest, InTheBackgroundAJobGoesBeforeItsPods) {
  auto& job = with_pods(1);
  api.remove(job, Propagation::background, Asker::somebody);
  EXPECT_FALSE(job.exists);
  EXPECT_TRUE(job.pods[0]->exists);
  pass(seconds(60));
  EXPECT_TRUE(job.pods[0]->object.metadata.deletion_timestamp);
}

}  // namespace
}  // namespace stepop::simulation
