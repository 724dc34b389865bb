#include "lifecycle/workload.hpp"

#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

Pod a_job() {
  Pod job;
  job.metadata.name = "train-abc-0";
  job.metadata.namespace_ = "zenml";
  job.metadata.uid = "job-1";
  job.metadata.resource_version = "1";
  return job;
}

Pod suspended(Pod job) {
  job.suspended = true;
  job.conditions = {{"Suspended", "True", "JobSuspended", "Job suspended", {}}};
  return job;
}

// As the Job controller makes it, and at this version.
Pod of_job(Pod pod, std::string uid = "pod-1", int version = 2) {
  pod.metadata.name = "train-abc-0-" + uid;
  pod.metadata.uid = std::move(uid);
  pod.metadata.resource_version = std::to_string(version);
  pod.metadata.owner_references = {{"Job", "train-abc-0", "job-1", true}};
  return pod;
}

Pod indexed(Pod pod, int index) {
  pod.metadata.labels.set("batch.kubernetes.io/job-completion-index", std::to_string(index));
  return pod;
}

PodView as_view(const JobView& job) {
  auto v = view(job.as_one());
  v.job = job;
  return v;
}

TEST(JobView, HasTheJobsMetadataAndItsPodsStatus) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(started()));
  const auto one = job.as_one();
  EXPECT_EQ(one.metadata.uid, "job-1");
  EXPECT_EQ(one.metadata.name, "train-abc-0");
  EXPECT_EQ(one.node_name, "node-a");
  EXPECT_EQ(one.phase, PodPhase::Running);
  EXPECT_EQ(job_of(of_job(started())), "job-1");
  EXPECT_EQ(job_of(started()), "");
}

TEST(JobView, WithoutAPodIsPendingAndHasNoNode) {
  JobView job;
  job.see_job(a_job());
  EXPECT_EQ(job.as_one().phase, PodPhase::Pending);
  EXPECT_TRUE(job.as_one().node_name.empty());
  EXPECT_EQ(read_progress(job.as_one()).reason, "");
}

TEST(JobView, OneThatAQueueHoldsSaysSo) {
  JobView job;
  job.see_job(suspended(a_job()));
  EXPECT_EQ(read_progress(job.as_one()).reason, reason::unschedulable);
  EXPECT_THAT(read_progress(job.as_one()).message, testing::HasSubstr("suspended"));
}

TEST(JobView, IgnoresWhatIsOlderThanWhatItHasSeen) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(started(), "pod-1", 5));
  EXPECT_FALSE(job.see_pod(of_job(bound(), "pod-1", 4)));
  EXPECT_EQ(job.as_one().phase, PodPhase::Running);
  EXPECT_TRUE(job.see_pod(of_job(bound(), "pod-1", 4), true)) << "a list may go back";
}

TEST(JobView, ItsDeletionIsItsPodsUntilThatHasEnded) {
  JobView job;
  job.see_job(being_deleted(a_job()));
  job.see_pod(of_job(started()));
  EXPECT_TRUE(job.as_one().metadata.deletion_timestamp);
  EXPECT_FALSE(job.as_one().metadata.deletion_grace_seconds) << "of the Job's own";
  job.see_pod(of_job(ended(0), "pod-1", 3));
  EXPECT_FALSE(job.as_one().metadata.deletion_timestamp) << "nothing had asked its code to stop";
  job.see_pod(of_job(being_deleted(ended(0), 5), "pod-1", 4));
  EXPECT_EQ(job.as_one().metadata.deletion_grace_seconds, 5);
}

TEST(JobView, RemembersHowAPodEndedThatIsGone) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(started()));
  job.lose_pod("pod-1", of_job(being_deleted(ended(3)), "pod-1", 5));
  EXPECT_TRUE(has_ended(job.as_one()));
}

TEST(JobView, OneWhosePodsAreGoneSaysWhatTheJobRemembers) {
  auto complete = a_job();
  complete.conditions = {{"Complete", "True", "", "", {}}};
  JobView job;
  job.see_job(complete);
  EXPECT_EQ(job.as_one().phase, PodPhase::Succeeded);
  auto failed = a_job();
  failed.conditions = {{"Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit", {}}};
  job.see_job(failed);
  EXPECT_EQ(job.as_one().phase, PodPhase::Failed);
}

TEST(JobView, APodThatTheControllerMakesAfterOthersRemovedOneIsTheOneThatCounts) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(started()));
  job.lose_pod("pod-1", std::nullopt);
  EXPECT_TRUE(job.as_one().node_name.empty());
  job.see_pod(of_job(unbound(), "pod-2", 9));
  EXPECT_EQ(job.as_one().phase, PodPhase::Pending);
  EXPECT_EQ(job.leading()->metadata.uid, "pod-2");
}

TEST(JobView, WithSeveralPodsTheFirstIndexThatEndedBadlyLeadsOnceAllHaveEnded) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(indexed(of_job(ended(0), "a"), 0));
  job.see_pod(indexed(of_job(ended(5), "c"), 2));
  job.see_pod(indexed(of_job(started(), "b"), 1));
  EXPECT_FALSE(has_ended(job.as_one())) << "one runs";
  job.see_pod(indexed(of_job(ended(143), "b", 3), 1));
  EXPECT_EQ(job.leading()->metadata.uid, "b");
  EXPECT_EQ(job.as_one().container_statuses.front().state.exit_code, 143);
}

Pod of_several(Pod job, int pods) {
  job.completions = pods;
  return job;
}

TEST(JobView, WithSeveralPodsHasNotEndedWhileOneIsYetToBeMade) {
  JobView job;
  job.see_job(of_several(a_job(), 2));
  job.see_pod(indexed(of_job(ended(0), "a"), 0));
  EXPECT_FALSE(has_ended(job.as_one()));
  EXPECT_EQ(job.as_one().phase, PodPhase::Pending);
  job.see_pod(indexed(of_job(ended(0), "b"), 1));
  EXPECT_TRUE(has_ended(job.as_one()));
}

TEST(JobView, WithSeveralPodsOneThatFailedNeedsNotWaitForThoseThatWereNeverMade) {
  JobView job;
  job.see_job(of_several(a_job(), 3));
  job.see_pod(indexed(of_job(ended(5), "b"), 1));
  EXPECT_TRUE(has_ended(job.as_one()));
  EXPECT_EQ(job.index_shown(), 1u);
}

TEST(JobView, WithSeveralPodsShowsTheFirstThatHasNotStarted) {
  JobView job;
  job.see_job(of_several(a_job(), 3));
  job.see_pod(indexed(of_job(started(), "a"), 0));
  EXPECT_FALSE(job.index_shown()) << "two are yet to be made";
  job.see_pod(indexed(of_job(bound(), "b"), 1));
  job.see_pod(indexed(of_job(unbound(), "c"), 2));
  EXPECT_EQ(job.index_shown(), 1u);
  job.see_pod(indexed(of_job(started(), "b", 3), 1));
  EXPECT_EQ(job.index_shown(), 2u);
  EXPECT_TRUE(job.as_one().node_name.empty());
  job.see_pod(indexed(of_job(started(), "c", 3), 2));
  EXPECT_EQ(job.index_shown(), 0u);
}

TEST(JobView, WhatWasStoppedForAnothersFailureDoesNotLead) {
  JobView job;
  job.see_job(of_several(a_job(), 2));
  job.see_pod(indexed(of_job(being_deleted(ended(143)), "a"), 0));
  job.see_pod(indexed(of_job(ended(5), "b"), 1));
  EXPECT_EQ(job.leading()->metadata.uid, "b");
  EXPECT_FALSE(job.as_one().metadata.deletion_timestamp);
  auto preempted = indexed(of_job(being_deleted(disrupted(ended(143), "PreemptionByScheduler")), "b", 3), 1);
  job.see_pod(preempted);
  EXPECT_EQ(job.leading()->metadata.uid, "b") << "the cluster stopped it, and for that the other was stopped";
}

TEST(WorkloadEvidence, OfAJobIsTheMostThatOneOfItsPodsProves) {
  JobView job;
  WorkloadEvidence evidence;
  const auto see = [&] { evidence.observe(job.as_one(), job); };
  job.see_job(a_job());
  see();
  EXPECT_EQ(evidence.so_far(), UserCodeRan::maybe) << "who knows what pods it had before";
  job.see_pod(of_job(unbound(), "pod-1", 2));
  see();
  EXPECT_EQ(evidence.so_far(), UserCodeRan::no);
  job.see_pod(of_job(started(), "pod-1", 3));
  see();
  EXPECT_EQ(evidence.so_far(), UserCodeRan::yes);
  job.lose_pod("pod-1", std::nullopt);
  job.see_pod(of_job(unbound(), "pod-2", 4));
  see();
  EXPECT_EQ(evidence.so_far(), UserCodeRan::yes) << "it never goes down";
}

class JobStepTest : public StepMachineTest {
 protected:
  void create_job() {
    submit();
    ASSERT_TRUE(asked<CreatePod>());
    job.see_job(a_job());
    answer(as_view(job));
    watch(as_view(job));
  }
  void see(Pod pod) {
    job.see_pod(std::move(pod));
    watch(as_view(job));
  }
  JobView job;
};

TEST_F(JobStepTest, GoesFromCreateToSuccess) {
  create_job();
  EXPECT_EQ(reports.back().state, StepState::pending);
  see(of_job(bound(), "pod-1", 2));
  see(of_job(started(), "pod-1", 3));
  EXPECT_EQ(reports.back().state, StepState::running);
  see(of_job(ended(0, "Completed", "42"), "pod-1", 4));
  EXPECT_EQ(reports.back().state, StepState::succeeded);
  EXPECT_EQ(*reports.back().result, 42);
  EXPECT_EQ(reports.back().place.uid, "job-1");
  EXPECT_EQ(reports.back().place.kind, "Job");
}

TEST_F(JobStepTest, ACancelIsWrittenOnTheJobWhichIsThenDeletedAndEndsWithItsPod) {
  create_job();
  see(of_job(started(), "pod-1", 3));
  take(machine->cancel(now, std::nullopt));
  const auto mark = asked<MarkCancelled>();
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->uid, "job-1");
  auto marked = as_view(job);
  marked.cancelled = true;
  answer(marked);
  const auto remove = asked<DeletePod>();
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->uid, "job-1");
  job.see_job(being_deleted(a_job()));
  auto dying = as_view(job);
  dying.cancelled = true;
  answer(dying);
  EXPECT_FALSE(machine->ended()) << "its pod is not confirmed stopped";
  job.see_pod(of_job(being_deleted(ended(143)), "pod-1", 5));
  auto last = as_view(job);
  last.cancelled = true;
  watch(last);
  EXPECT_EQ(reports.back().state, StepState::cancelled);
}

TEST_F(JobStepTest, WhatCompletedBeforeItsPodWasAskedToStopHasCompleted) {
  create_job();
  see(of_job(started(), "pod-1", 3));
  take(machine->cancel(now, std::nullopt));
  asked<MarkCancelled>();
  auto marked = as_view(job);
  marked.cancelled = true;
  answer(marked);
  asked<DeletePod>();
  job.see_job(being_deleted(a_job()));
  job.see_pod(of_job(ended(0), "pod-1", 4));
  auto completed = as_view(job);
  completed.cancelled = true;
  watch(completed);
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(JobStepTest, APodThatSomebodyDeletesStopsTheStep) {
  create_job();
  see(of_job(started(), "pod-1", 3));
  see(of_job(being_deleted(started()), "pod-1", 4));
  see(of_job(being_deleted(ended(137)), "pod-1", 5));
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_EQ(reports.back().reason, reason::deleted);
}

TEST_F(JobStepTest, AJobThatIsNotGivenANodeInTimeIsGivenUpAndReplacedOnlyWhenItsPodIsStopped) {
  policy.startup_timeout = 60s;
  create_job();
  see(of_job(bound(), "pod-1", 2));
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  answer(as_view(job));
  const auto mark = asked<MarkGivenUp>();
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->uid, "job-1");
  auto marked = as_view(job);
  marked.given_up = mark->why;
  answer(marked);
  ASSERT_TRUE(asked<DeletePod>());
  job.see_job(being_deleted(a_job()));
  auto dying = as_view(job);
  dying.given_up = mark->why;
  answer(dying);
  after(5s);
  EXPECT_FALSE(asked<CreatePod>());
  auto last = with_main(being_deleted(bound()), waiting("ContainerCreating"));
  last.phase = PodPhase::Failed;
  job.see_pod(of_job(last, "pod-1", 6));
  auto stopped = as_view(job);
  stopped.given_up = mark->why;
  watch(stopped);
  sleep();
  write_replaced();
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(JobStepTest, ItsSecretIsNamedLikeTheJobAndBelongsToIt) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1, Asked{true});
  take(machine->start(now, now));
  ASSERT_TRUE(asked<CreatePod>());
  job.see_job(a_job());
  answer(as_view(job));
  const auto create = asked<CreateSecret>();
  ASSERT_TRUE(create);
  EXPECT_EQ(create->name, "train-abc-0");
  EXPECT_EQ(create->uid, "job-1");
  answer(NoAnswer{"reset", true});
  see(of_job(with_main(bound(), waiting("CreateContainerConfigError", "secret \"train-abc-0\" not found")), "pod-1",
             2));
  after(61s);
  EXPECT_FALSE(asked<MarkGivenUp>());
}

class SeveralPodsTest : public JobStepTest {
 protected:
  void create_several(int pods) {
    machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1, Asked{false, true});
    take(machine->start(now, now));
    ASSERT_TRUE(asked<CreatePod>());
    job.see_job(of_several(a_job(), pods));
    answer(as_view(job));
    watch(as_view(job));
  }
};

TEST_F(SeveralPodsTest, HaveAServiceThatIsNamedLikeTheirJobAndBelongsToIt) {
  create_several(2);
  const auto create = asked<CreateService>();
  ASSERT_TRUE(create);
  EXPECT_EQ(create->name, "train-abc-0");
  EXPECT_EQ(create->uid, "job-1");
  EXPECT_FALSE(machine->handed_on());
  answer(Done{});
  EXPECT_TRUE(machine->handed_on());
  after(60s);
  EXPECT_FALSE(asked<CreateService>()) << "once is enough";
}

TEST_F(SeveralPodsTest, HaveTheirServiceMadeAlsoWhenTheyHaveStartedBefore) {
  create_several(2);
  ASSERT_TRUE(asked<CreateService>());
  answer(NoAnswer{"reset", true});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(started(), "b"), 1));
  sleep();
  EXPECT_TRUE(asked<CreateService>());
}

TEST_F(SeveralPodsTest, AreGivenUpWhenTheirServiceIsRefused) {
  create_several(2);
  ASSERT_TRUE(asked<CreateService>());
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(started(), "b"), 1));
  answer(status(403, "Forbidden", "services \"train-abc-0\" is forbidden: no services here"));
  const auto mark = asked<MarkGivenUp>();
  ASSERT_TRUE(mark);
  EXPECT_THAT(mark->why, testing::HasSubstr("The Service of its pods: "));
}

TEST_F(SeveralPodsTest, RunWhenAllHaveStartedAndSayWhichOneIsWaitedFor) {
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(with_main(bound(), waiting("ImagePullBackOff", "no such image")), "b"), 1));
  EXPECT_EQ(reports.back().state, StepState::pending);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::yes) << "that of the first";
  EXPECT_THAT(reports.back().message, testing::StartsWith("Index 1: "));
  see(indexed(of_job(started(), "b", 5), 1));
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(SeveralPodsTest, OfWhichOneDoesNotStartInTimeAreGivenUp) {
  policy.startup_timeout = 60s;
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(bound(), "b"), 1));
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  answer(as_view(job));
  EXPECT_TRUE(asked<MarkGivenUp>());
}

TEST_F(SeveralPodsTest, EndWithTheReasonOfTheOneThatFailed) {
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(started(), "b"), 1));
  see(indexed(of_job(ended(5), "b", 5), 1));
  EXPECT_FALSE(machine->ended()) << "the other is not stopped";
  see(indexed(of_job(being_deleted(started()), "a", 6), 0));
  see(indexed(of_job(being_deleted(ended(143)), "a", 7), 0));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().exit_code, 5);
  EXPECT_THAT(machine->report().message, testing::StartsWith("Index 1: "));
}

TEST_F(JobStepTest, AJobWhosePodAQuotaKeepsOutSaysSo) {
  create_job();
  after(60s);
  const auto question = asked<AskWhy>();
  ASSERT_TRUE(question);
  EXPECT_EQ(question->uid, "job-1");
  kube::Event event;
  event.type = "Warning";
  event.reason = "FailedCreate";
  event.message = "Error creating: pods \"train-abc-0-x\" is forbidden: exceeded quota: small, requested: pods=1";
  take(machine->on_events(now, "job-1", std::vector{event}));
  EXPECT_EQ(reports.back().state, StepState::pending);
  EXPECT_EQ(reports.back().reason, reason::quota_exceeded);
  see(of_job(bound(), "pod-1", 2));
  EXPECT_EQ(reports.back().reason, "");
}

}  // namespace
}  // namespace stepop::lifecycle
