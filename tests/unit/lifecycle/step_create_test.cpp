#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

TEST_F(StepMachineTest, GoesFromCreateToSuccess) {
  submit_and_create();
  watch(view(bound()));
  watch(view(started()));
  watch(view(ended(0, "Completed", "42")));
  ASSERT_EQ(reports.size(), 4u);
  EXPECT_EQ(reports[0].state, StepState::pending);
  EXPECT_EQ(reports[1].place.node, "node-a");
  EXPECT_EQ(reports[2].state, StepState::running);
  EXPECT_EQ(reports[3].state, StepState::succeeded);
  EXPECT_EQ(*reports[3].result, 42);
}

TEST_F(StepMachineTest, CreatesNothingBeforeTheNamespaceIsKnown) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  EXPECT_FALSE(asked<CreatePod>());
  take(machine->on_synced(now, now));
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(StepMachineTest, AdoptsAPodOfAnEarlierLifeInsteadOfCreatingOne) {
  auto earlier = view(started());
  earlier.ours = false;
  submit(Origin::submitted, {earlier});
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_TRUE(asked<TakeOver>());
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepMachineTest, ReportsAPodThatEndedInAnEarlierLife) {
  submit(Origin::submitted, {view(ended(0))});
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(reports.back().state, StepState::succeeded);
}

TEST_F(StepMachineTest, ALostAnswerIsAskedForAgainAndTheNamesakeAdopted) {
  submit();
  ASSERT_TRUE(asked<CreatePod>());
  answer(NoAnswer{"connection reset", true});
  EXPECT_FALSE(asked<CreatePod>()) << "backs off first";
  sleep();
  ASSERT_TRUE(asked<CreatePod>());
  answer(status(409, "AlreadyExists", "pods \"train-abc-0\" already exists"));
  ASSERT_TRUE(asked<GetPod>());
  answer(view(bound()));
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(reports.back().state, StepState::pending);
}

TEST_F(StepMachineTest, ANamesakeMadeFromAnotherRequestIsAConflict) {
  submit();
  asked<CreatePod>();
  answer(status(409, "AlreadyExists", "pods \"train-abc-0\" already exists"));
  asked<GetPod>();
  auto other = view(bound());
  other.same_request = false;
  answer(other);
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_EQ(reports.back().reason, reason::conflict);
}

TEST_F(StepMachineTest, ANamesakeOfSomebodyElseIsAConflict) {
  submit();
  asked<CreatePod>();
  answer(status(409, "AlreadyExists", "pods \"train-abc-0\" already exists"));
  asked<GetPod>();
  auto other = view(bound());
  other.same_step = false;
  answer(other);
  EXPECT_EQ(reports.back().reason, reason::conflict);
}

TEST_F(StepMachineTest, NoFailureOfTheApiIsTerminal) {
  submit();
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(asked<CreatePod>()) << i;
    answer(i % 2 ? Answer(status(503, "ServiceUnavailable", "etcd is away")) : Answer(NoAnswer{"refused", false}));
    sleep();
  }
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, AnInvalidPodFailsAtOnce) {
  submit();
  asked<CreatePod>();
  answer(status(422, "Invalid", "Pod is invalid: spec.containers[0].image: Required value"));
  EXPECT_EQ(reports.back().reason, reason::invalid_request);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepMachineTest, AFalse403OfAStartingServerIsForgiven) {
  submit();
  asked<CreatePod>();
  answer(rbac());
  sleep();
  ASSERT_TRUE(asked<CreatePod>());
  answer(view(unbound()));
  EXPECT_EQ(reports.back().state, StepState::pending);
}

TEST_F(StepMachineTest, A403IsBelievedAfterTheGraceWhenTheServerWasReady) {
  submit();
  int refusals = 0;
  const auto began = now;
  while (!machine->ended()) {
    ASSERT_LT(++refusals, 100);
    ASSERT_TRUE(asked<CreatePod>());
    answer(rbac());
    if (asked<AskReady>()) take(machine->on_ready(now, Ready::yes));
    if (!machine->ended()) sleep();
  }
  EXPECT_GE(now - began, 30s);
  EXPECT_EQ(reports.back().reason, reason::forbidden);
}

TEST_F(StepMachineTest, A403IsNotBelievedWhileTheServerIsNotReady) {
  submit();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(asked<CreatePod>());
    answer(rbac());
    if (asked<AskReady>()) take(machine->on_ready(now, Ready::no));
    sleep();
  }
  EXPECT_FALSE(machine->ended());
}

TEST_F(StepMachineTest, AnAccountThatMayNotEvenAskWhetherTheServerIsReadyIsToldSo) {
  submit();
  const auto began = now;
  while (!machine->ended()) {
    ASSERT_LT(now - began, 5min);
    if (asked<CreatePod>()) answer(status(401, "Unauthorized", "Unauthorized"));
    if (asked<AskReady>()) take(machine->on_ready(now, Ready::refused));
    if (!machine->ended()) sleep();
  }
  EXPECT_GE(now - began, 30s);
  EXPECT_EQ(reports.back().reason, reason::forbidden);
}

TEST_F(StepMachineTest, ARefusalAfterALostCreateLeavesOpenWhetherItRan) {
  submit();
  ASSERT_TRUE(asked<CreatePod>());
  answer(NoAnswer{"reset", true});
  const auto began = now;
  while (!machine->ended()) {
    ASSERT_LT(now - began, 10min);
    if (asked<CreatePod>()) answer(rbac());
    if (asked<AskReady>()) take(machine->on_ready(now, Ready::yes));
    if (now - began < create_timeout + create_margin) {
      after(30s);
    } else if (!machine->ended()) {
      sleep();
    }
  }
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe) << "no view is newer than the time it may have landed";
}

TEST_F(StepMachineTest, ARefusalOfAServerThatOnlyStartsIsNoWord) {
  submit();
  ASSERT_TRUE(asked<CreatePod>());
  answer(rbac());
  ASSERT_TRUE(asked<AskReady>());
  take(machine->on_ready(now, Ready::refused));
  now += 31s;
  take(machine->on_timer(now));
  ASSERT_TRUE(asked<CreatePod>());
  answer(rbac());
  EXPECT_FALSE(machine->ended()) << "at neither moment was it known to be up for longer than it starts";
}

TEST_F(StepMachineTest, AWatchThatIsRefusedFailsTheStepAfterTheGrace) {
  machine = std::make_unique<StepMachine>(Origin::submitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->on_view_refused(now, rbac()));
  EXPECT_TRUE(asked<AskReady>());
  take(machine->on_ready(now, Ready::yes));
  EXPECT_FALSE(machine->ended());
  now += 31s;
  take(machine->on_view_refused(now, rbac()));
  EXPECT_EQ(reports.back().reason, reason::forbidden);
}

TEST_F(StepMachineTest, QuotaHoldsAStepUpAndDoesNotFailIt) {
  submit();
  asked<CreatePod>();
  answer(status(403, "Forbidden", "pods \"x\" is forbidden: exceeded quota: compute, requested: pods=1"));
  EXPECT_EQ(reports.back().state, StepState::accepted);
  EXPECT_EQ(reports.back().reason, reason::quota_exceeded);
  sleep();
  EXPECT_TRUE(asked<CreatePod>());
}

TEST_F(StepMachineTest, AResubmittedStepWithoutAPodIsLostNotRunAgain) {
  submit(Origin::resubmitted);
  EXPECT_FALSE(asked<CreatePod>());
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::lost);
  EXPECT_EQ(reports.back().reason, reason::workload_vanished);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, ACreateAnsweredAfterTheEndTellsNothingMore) {
  submit();
  asked<CreatePod>();
  watch(view(ended(0)));
  const auto told = reports.size();
  ASSERT_TRUE(machine->ended());
  answer(NoAnswer{"timeout"});
  EXPECT_EQ(reports.size(), told);
}

TEST_F(StepMachineTest, ALostCreateIsRememberedWhenALaterOneCannotHaveArrived) {
  submit();
  asked<CreatePod>();
  answer(NoAnswer{"reset", true});
  sleep();
  asked<CreatePod>();
  answer(NoAnswer{"refused", false});
  take(machine->cancel(now, std::nullopt));
  after(1s);
  EXPECT_FALSE(machine->ended()) << "the first may still take effect";
  after(create_timeout + create_margin);
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().state, StepState::cancelled);
}

TEST_F(StepMachineTest, ARefusedViewLeavesOpenWhetherAnEarlierLifesPodRan) {
  machine = std::make_unique<StepMachine>(Origin::resubmitted, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->on_view_refused(now, rbac()));
  take(machine->on_ready(now, Ready::yes));
  now += 31s;
  take(machine->on_view_refused(now, rbac()));
  ASSERT_TRUE(machine->ended());
  EXPECT_EQ(reports.back().reason, reason::forbidden);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::maybe);
}

TEST_F(StepMachineTest, NothingIsCreatedOnceItIsTerminal) {
  submit_and_create();
  watch(view(ended(1)));
  vanish(ended(1));
  after(1000s);
  EXPECT_FALSE(asked<CreatePod>());
  EXPECT_EQ(std::count_if(reports.begin(), reports.end(), [](const Report& r) { return is_terminal(r.state); }), 1);
}

TEST_F(StepMachineTest, AResubmittedStepIsNotCalledLostWhileTheViewIsNotComplete) {
  submit(Origin::resubmitted);
  ASSERT_TRUE(asked<GetPod>());
  take(machine->on_gap(now));
  answer(not_found());
  EXPECT_FALSE(machine->ended()) << "a later attempt may be there";
  take(machine->on_synced(now, now));
  ASSERT_TRUE(asked<GetPod>());
  answer(not_found());
  EXPECT_EQ(reports.back().reason, reason::workload_vanished);
}

}  // namespace
}  // namespace stepop::lifecycle
