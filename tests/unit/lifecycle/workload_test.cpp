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

TEST(JobView, APodThatAListDidNotHaveComesBackWhenTheWatchTellsOfIt) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(started(), "pod-1", 5));
  job.lose_pod("pod-1", std::nullopt);
  EXPECT_TRUE(job.see_pod(of_job(bound(), "pod-1", 4))) << "the list was of the past";
  EXPECT_EQ(job.as_one().phase, PodPhase::Running) << "as it was last";
  job.lose_pod("pod-1", of_job(being_deleted(ended(0)), "pod-1", 7));
  EXPECT_FALSE(job.see_pod(of_job(started(), "pod-1", 5))) << "a stream repeats itself";
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
  EXPECT_FALSE(job.as_one().metadata.deletion_timestamp) << "nor had anything when it ended";
}

TEST(JobView, ItsPodsDeletionHasTheGraceOfThePod) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(being_deleted(started(), 5)));
  EXPECT_EQ(job.as_one().metadata.deletion_grace_seconds, 5);
}

TEST(JobView, RemembersHowAPodEndedThatIsGone) {
  JobView job;
  job.see_job(a_job());
  job.see_pod(of_job(started()));
  job.lose_pod("pod-1", of_job(being_deleted(ended(3)), "pod-1", 5));
  EXPECT_TRUE(has_ended(job.as_one()));
}

Pod over(Pod job, std::string type) {
  job.metadata.resource_version = "90";
  job.conditions = {{std::move(type), "True", "", "", {}}};
  return job;
}

TEST(JobView, OneThatIsOverDoesNotSayHowAPodEndedThatNobodySaw) {
  for (const auto* type : {"Complete", "Failed"}) {
    JobView job;
    job.see_job(over(a_job(), type));
    EXPECT_TRUE(job.is_over());
    EXPECT_FALSE(has_ended(job.as_one())) << "no pod was seen";
    job.see_pod(of_job(started()));
    EXPECT_TRUE(job.has_living_pods());
    job.lose_pod("pod-1", std::nullopt);
    EXPECT_FALSE(job.has_living_pods());
    EXPECT_FALSE(has_ended(job.as_one()));
    EXPECT_EQ(job.as_one().phase, PodPhase::Running) << "as it was last";
  }
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

TEST(JobView, WithSeveralPodsShowsWhatStillRunsOfAJobThatMakesNoMore) {
  JobView job;
  job.see_job(of_several(being_deleted(a_job()), 2));
  job.see_pod(indexed(of_job(started(), "a"), 0));
  EXPECT_EQ(job.as_one().phase, PodPhase::Running) << "the other will never be made";
  job.see_pod(indexed(of_job(ended(0), "a", 3), 0));
  EXPECT_FALSE(has_ended(job.as_one())) << "and so they have not all succeeded";
  EXPECT_TRUE(job.as_one().node_name.empty());
}

TEST(JobView, WithSeveralPodsOneThatWasDeletedBeforeItHadANodeDidNotSucceed) {
  JobView job;
  job.see_job(of_several(being_deleted(a_job()), 2));
  job.see_pod(indexed(of_job(ended(0), "a"), 0));
  job.see_pod(indexed(of_job(unbound(), "b"), 1));
  job.lose_pod("b", indexed(of_job(being_deleted(unbound()), "b", 4), 1));
  EXPECT_FALSE(has_ended(job.as_one()));
}

TEST(JobView, WithSeveralPodsOneThatFailedByItselfIsTheEndHoweverTheOthersWereStopped) {
  JobView job;
  job.see_job(of_several(a_job(), 2));
  job.see_pod(indexed(of_job(started(), "a"), 0));
  job.see_pod(indexed(of_job(ended(5), "b"), 1));
  job.lose_pod("a", std::nullopt);
  job.see_job(of_several(over(a_job(), "FailureTarget"), 2));
  EXPECT_FALSE(has_ended(job.as_one())) << "it may run still, and only its labels have changed";
  job.see_job(of_several(over(a_job(), "Failed"), 2));
  EXPECT_EQ(job.as_one().container_statuses.front().state.exit_code, 5);
}

TEST(JobView, WithSeveralPodsOneThatWasStoppedDidNotSucceedWhateverItsExitCode) {
  for (const auto& stopped : {being_deleted(disrupted(ended(0), "EvictionByEvictionAPI")),
                              failed_by_node(ended(0), "Evicted", "The node was low on resource: memory.")}) {
    JobView job;
    job.see_job(of_several(a_job(), 2));
    job.see_pod(indexed(of_job(ended(0), "a"), 0));
    job.see_pod(indexed(of_job(stopped, "b"), 1));
    EXPECT_EQ(job.index_shown(), 1u);
  }
}

TEST(JobView, WithSeveralPodsWhatOneCompletedBeforeItsDeletionStays) {
  JobView job;
  job.see_job(of_several(a_job(), 2));
  job.see_pod(indexed(of_job(ended(2), "a"), 0));
  job.see_pod(indexed(of_job(started(), "b"), 1));
  job.see_job(of_several(being_deleted(a_job()), 2));
  job.see_pod(indexed(of_job(being_deleted(ended(2)), "a", 5), 0));
  job.see_pod(indexed(of_job(being_deleted(ended(143)), "b", 5), 1));
  EXPECT_EQ(job.index_shown(), 0u);
  EXPECT_FALSE(job.as_one().metadata.deletion_timestamp);
}

TEST(JobView, WithSeveralPodsOneThatWasStoppedForAnotherThatIsGoneSaysNothingOfTheEnd) {
  JobView job;
  job.see_job(of_several(over(a_job(), "Failed"), 2));
  job.see_pod(indexed(of_job(being_deleted(ended(143)), "a"), 0));
  EXPECT_FALSE(has_ended(job.as_one()));
}

// Its node is gone, and garbage collection wrote its end.
Pod collected() {
  auto pod = disrupted(bound(), "DeletionByPodGC");
  pod.phase = PodPhase::Failed;
  pod.container_statuses.clear();
  return pod;
}

TEST(JobView, WithSeveralPodsHasStoppedWhenTheKubeletOfEachHasSaidSo) {
  const auto with = [](Pod other) {
    JobView job;
    job.see_job(of_several(a_job(), 2));
    job.see_pod(indexed(of_job(ended(5), "a"), 0));
    EXPECT_FALSE(job.all_stopped()) << "the other was not seen";
    job.see_pod(indexed(of_job(std::move(other), "b"), 1));
    return job;
  };
  EXPECT_TRUE(with(ended(0)).all_stopped());
  EXPECT_FALSE(with(collected()).all_stopped());
  EXPECT_FALSE(with(started()).all_stopped());
  auto job = with(being_deleted(started()));
  job.lose_pod("b", indexed(of_job(being_deleted(started()), "b", 3), 1));
  EXPECT_FALSE(job.all_stopped()) << "removed by force";
  job = with(unbound());
  job.lose_pod("b", indexed(of_job(being_deleted(unbound()), "b", 3), 1));
  EXPECT_TRUE(job.all_stopped());
}

TEST(WorkloadEvidence, OfAPodThatGarbageCollectionEndedIsWhatWasSeenOfItBefore) {
  JobView job;
  WorkloadEvidence evidence;
  job.see_job(a_job());
  job.see_pod(of_job(unbound(), "pod-1", 2));
  evidence.observe(job.as_one(), job);
  job.see_pod(of_job(collected(), "pod-1", 3));
  evidence.observe(job.as_one(), job);
  EXPECT_EQ(evidence.after_final_status(job.as_one()), UserCodeRan::maybe) << "its kubelet could not tell";
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

TEST(WorkloadEvidence, OfSeveralPodsIsNotNoBeforeAllWereSeen) {
  JobView job;
  WorkloadEvidence evidence;
  job.see_job(of_several(a_job(), 2));
  auto broken = indexed(of_job(with_main(bound(), terminated(128, "StartError")), "a"), 0);
  broken.phase = PodPhase::Failed;
  broken.container_statuses.front().state.started_at.reset();
  job.see_pod(broken);
  evidence.observe(job.as_one(), job);
  EXPECT_EQ(evidence.so_far(), UserCodeRan::maybe);
  EXPECT_EQ(evidence.after_final_status(job.as_one()), UserCodeRan::maybe) << "the other may have run, and be gone";
  job.see_pod(indexed(of_job(unbound(), "b"), 1));
  evidence.observe(job.as_one(), job);
  EXPECT_EQ(evidence.after_final_status(job.as_one()), UserCodeRan::no);
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

TEST_F(JobStepTest, IsLostWhenItsJobIsOverAndNobodySawHowItsPodEnded) {
  create_job();
  see(of_job(started(), "pod-1", 3));
  job.lose_pod("pod-1", std::nullopt);
  job.see_job(over(a_job(), "Complete"));
  watch(as_view(job));
  EXPECT_FALSE(machine->ended()) << "the watch of pods may be behind";
  after(6s);
  ASSERT_TRUE(asked<GetPod>());
  answer(as_view(job));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().state, StepState::lost);
  EXPECT_EQ(machine->report().reason, reason::workload_vanished);
  EXPECT_EQ(machine->report().user_code_ran, UserCodeRan::yes);
}

TEST_F(JobStepTest, LooksForAPodThatTheWatchDoesNotShow) {
  create_job();
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  auto found = job;
  found.list_pods({of_job(started())});
  answer(as_view(found));
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(JobStepTest, AJobThatSomebodyDeletesBeforeItsPodIsNotReplacedForItsNode) {
  policy.on_node_lost = OnNodeLost::replace;
  create_job();
  see(of_job(started(), "pod-1", 3));
  see(of_job(being_deleted(disrupted(started(), "DeletionByTaintManager")), "pod-1", 4));
  take(machine->on_removed(now, "job-1", as_view(job)));
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().state, StepState::lost);
  EXPECT_EQ(machine->report().reason, reason::workload_vanished);
}

TEST_F(JobStepTest, WhoeverDeletesAJobThatIsOverHasNotStoppedIt) {
  create_job();
  see(of_job(started(), "pod-1", 3));
  job.lose_pod("pod-1", std::nullopt);
  job.see_job(being_deleted(over(a_job(), "Complete")));
  take(machine->on_removed(now, "job-1", as_view(job)));
  if (asked<GetPod>()) answer(not_found());
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().state, StepState::lost);
}

TEST_F(JobStepTest, IsNotLostWhileItsJobIsOverAndTheWatchOfItsPodIsBehind) {
  create_job();
  see(of_job(started(), "pod-1", 3));
  job.see_job(over(a_job(), "Complete"));
  watch(as_view(job));
  after(6s);
  ASSERT_TRUE(asked<GetPod>());
  answer(as_view(job));
  EXPECT_FALSE(machine->ended());
  see(of_job(ended(0, "Completed", "42"), "pod-1", 4));
  EXPECT_EQ(reports.back().state, StepState::succeeded);
  EXPECT_EQ(*reports.back().result, 42);
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

TEST_F(SeveralPodsTest, HaveTheirTimeToStartEachFromItsNodeOn) {
  policy.startup_timeout = 60s;
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(bound(), "a"), 0));
  now += 55s;
  see(indexed(of_job(bound(), "b"), 1));
  see(indexed(of_job(started(), "a", 3), 0));
  after(10s);
  EXPECT_FALSE(asked<GetPod>()) << "the second has been on its node for 10 s";
  after(51s);
  EXPECT_TRUE(asked<GetPod>());
}

TEST_F(SeveralPodsTest, AreNotReplacedWhileTheirControllerMayMakeMore) {
  policy.max_disruption_restarts = 1;
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(being_deleted(disrupted(ended(143), "PreemptionByScheduler")), "a", 5), 0));
  for (int i = 0; i < 3; ++i) after(10s);
  EXPECT_FALSE(asked<MarkReplaced>()) << "the second may come yet";
  see(indexed(of_job(started(), "b", 6), 1));
  see(indexed(of_job(being_deleted(ended(143)), "b", 7), 1));
  sleep();
  EXPECT_TRUE(asked<MarkReplaced>());
}

TEST_F(SeveralPodsTest, AreNotReplacedWhenOneWasNeverSeen) {
  policy.max_disruption_restarts = 1;
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(being_deleted(disrupted(ended(143), "PreemptionByScheduler")), "a", 5), 0));
  job.see_job(of_several(over(a_job(), "Failed"), 2));
  watch(as_view(job));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().reason, reason::preempted);
}

TEST_F(SeveralPodsTest, HaveTheirTimeToStartFromTheirSecretOnAlsoWhenOneHasStarted) {
  policy.startup_timeout = 60s;
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1, Asked{true, false});
  take(machine->start(now, now));
  asked<CreatePod>();
  job.see_job(of_several(a_job(), 2));
  answer(as_view(job));
  see(indexed(of_job(bound(), "a"), 0));
  see(indexed(of_job(bound(), "b"), 1));
  now += 50s;
  ASSERT_TRUE(asked<CreateSecret>());
  answer(Done{});
  see(indexed(of_job(started(), "b", 4), 1));
  after(50s);
  EXPECT_FALSE(asked<GetPod>());
  after(11s);
  EXPECT_TRUE(asked<GetPod>());
}

TEST_F(SeveralPodsTest, AreNotReplacedWhileOneIsNotConfirmedStopped) {
  policy.max_disruption_restarts = 1;
  create_several(2);
  asked<CreateService>();
  answer(Done{});
  see(indexed(of_job(started(), "a"), 0));
  see(indexed(of_job(started(), "b"), 1));
  see(indexed(of_job(being_deleted(disrupted(ended(143), "PreemptionByScheduler")), "a", 5), 0));
  see(indexed(of_job(being_deleted(collected()), "b", 6), 1));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(machine->report().reason, reason::preempted);
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
