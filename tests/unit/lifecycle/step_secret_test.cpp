#include "lifecycle/advice.hpp"
#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

using testing::HasSubstr;

constexpr const char* value = "hunter2";

Pod missing_its_secret() {
  return with_main(bound(), waiting("CreateContainerConfigError", "secret \"train-abc-0\" not found"));
}

class StepSecretTest : public StepMachineTest {
 protected:
  void submit_with_secret(Origin origin = Origin::submitted, std::vector<PodView> known = {}) {
    machine = std::make_unique<StepMachine>(origin, true, policy, 1, Asked{true});
    for (auto& pod : known) take(machine->on_pod(now, std::move(pod)));
    take(machine->start(now, now));
  }
  // The pod is there, and its Secret has been asked for.
  void create_pod() {
    submit_with_secret();
    ASSERT_TRUE(asked<CreatePod>());
    answer(view(unbound()));
    ASSERT_TRUE(asked<CreateSecret>());
  }
  void expect_no_value_in_what_was_said() {
    for (const auto& report : reports) {
      EXPECT_EQ(report.message.find(value), std::string::npos) << report.message;
      EXPECT_EQ(report.hint.find(value), std::string::npos) << report.hint;
    }
    for (const auto& action : done) {
      if (const auto* warning = std::get_if<Warn>(&action)) {
        EXPECT_EQ(warning->message.find(value), std::string::npos) << warning->message;
      }
    }
  }
};

TEST_F(StepSecretTest, TheSecretIsMadeRightAfterThePodAndBelongsToIt) {
  submit_with_secret();
  EXPECT_FALSE(asked<CreateSecret>()) << "there is no uid yet";
  ASSERT_TRUE(asked<CreatePod>());
  answer(view(unbound()));
  const auto create = asked<CreateSecret>();
  ASSERT_TRUE(create);
  EXPECT_EQ(create->name, "train-abc-0");
  EXPECT_EQ(create->uid, "uid-1");
  answer(Done{});
  watch(view(bound()));
  EXPECT_FALSE(asked<CreateSecret>()) << "once is enough";
}

TEST_F(StepSecretTest, AStepWithoutSecretsMakesNone) {
  submit_and_create();
  watch(view(bound()));
  EXPECT_FALSE(asked<CreateSecret>());
}

TEST_F(StepSecretTest, ALaterLifeMakesTheSecretThatAnEarlierOneDiedBeforeMaking) {
  submit_with_secret(Origin::resubmitted, {view(bound())});
  ASSERT_TRUE(asked<CreateSecret>());
  answer(Done{});
  watch(view(started()));
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepSecretTest, ASecretThatIsThereAlreadyIsTaken) {
  submit_with_secret(Origin::resubmitted, {view(bound())});
  ASSERT_TRUE(asked<CreateSecret>());
  answer(status(409, "AlreadyExists", "secrets \"train-abc-0\" already exists"));
  watch(view(bound()));
  EXPECT_FALSE(asked<CreateSecret>());
  EXPECT_TRUE(machine->handed_on());
}

TEST_F(StepSecretTest, APodThatRunsHasItsSecret) {
  submit_with_secret(Origin::resubmitted, {view(started())});
  EXPECT_FALSE(asked<CreateSecret>());
}

TEST_F(StepSecretTest, NoSecretIsMadeForAPodThatIsToStop) {
  submit_with_secret(Origin::resubmitted, {view(being_deleted(bound()))});
  EXPECT_FALSE(asked<CreateSecret>());
}

TEST_F(StepSecretTest, TheOperatorMayNotBeShutDownBeforeTheSecretIsThere) {
  create_pod();
  EXPECT_FALSE(machine->handed_on());
  answer(Done{});
  EXPECT_TRUE(machine->handed_on());
}

TEST_F(StepSecretTest, WhileItsSecretCannotBeMadeAStepNeitherFailsNorUsesUpItsTimeToStart) {
  policy.fatal_waiting_reasons = {"CreateContainerConfigError"};
  create_pod();
  watch(view(missing_its_secret()));
  for (int i = 0; i < 200; ++i) {
    answer(i % 2 ? Answer(status(503, "ServiceUnavailable", "etcd is away")) : Answer(NoAnswer{"refused", true}));
    ASSERT_EQ(reports.back().reason, reason::cluster_unavailable);
    sleep();
    ASSERT_TRUE(asked<CreateSecret>()) << i;
  }
  EXPECT_FALSE(asked<MarkGivenUp>());
  answer(Done{});
  EXPECT_EQ(reports.back().reason, "");
  after(599s);
  EXPECT_FALSE(asked<GetPod>());
  after(2s);
  EXPECT_TRUE(asked<CreateSecret>()) << "the kubelet says that it is not there";
}

TEST_F(StepSecretTest, WhatTheKubeletSaidBeforeTheSecretCameDoesNotFailTheStep) {
  policy.fatal_waiting_reasons = {"CreateContainerConfigError"};
  policy.waiting_reason_grace = 0s;
  create_pod();
  answer(Done{});
  watch(view(missing_its_secret()));
  after(10s);
  EXPECT_FALSE(asked<GetPod>());
  EXPECT_FALSE(asked<MarkGivenUp>());
}

TEST_F(StepSecretTest, AnotherSecretThatIsMissingFailsTheStepAsEver) {
  policy.fatal_waiting_reasons = {"CreateContainerConfigError"};
  create_pod();
  answer(Done{});
  const auto stuck = with_main(bound(), waiting("CreateContainerConfigError", "secret \"theirs\" not found"));
  watch(view(stuck));
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(stuck));
  EXPECT_TRUE(asked<MarkGivenUp>());
}

TEST_F(StepSecretTest, ALeftoverOfAnEarlierPodThatIsCollectedIsMadeAnew) {
  create_pod();
  answer(status(409, "AlreadyExists", "secrets \"train-abc-0\" already exists"));
  watch(view(missing_its_secret()));
  EXPECT_FALSE(asked<CreateSecret>()) << "the kubelet may only not have looked again";
  after(20s);
  ASSERT_TRUE(asked<CreateSecret>());
  answer(Done{});
  watch(view(started()));
  EXPECT_EQ(reports.back().state, StepState::running);
}

TEST_F(StepSecretTest, TheTimeToStartCountsFromTheSecretThatIsReallyThere) {
  create_pod();
  answer(status(409, "AlreadyExists", "secrets \"train-abc-0\" already exists"));
  watch(view(missing_its_secret()));
  after(590s);
  ASSERT_TRUE(asked<CreateSecret>());
  answer(Done{});
  watch(view(bound()));
  after(599s);
  EXPECT_FALSE(asked<GetPod>());
  after(1s);
  EXPECT_TRUE(asked<GetPod>());
}

TEST_F(StepSecretTest, ARefusalThatLastsGivesThePodUpAsForbidden) {
  create_pod();
  const auto began = now;
  while (now - began < 30s) {
    answer(may_not_make_secrets());
    EXPECT_EQ(reports.back().reason, reason::forbidden);
    EXPECT_EQ(reports.back().state, StepState::pending);
    watch(view(bound()));  // what the pod does says nothing of what is allowed
    if (asked<AskReady>()) take(machine->on_ready(now, Ready::yes));
    sleep();
    ASSERT_TRUE(asked<CreateSecret>());
  }
  answer(may_not_make_secrets());
  write_why_given_up(bound());
  ASSERT_TRUE(asked<DeletePod>());
  answer(view(being_deleted(bound())));
  auto last = with_main(being_deleted(bound()), waiting("ContainerCreating"));
  last.phase = PodPhase::Failed;
  watch(view(last));
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_EQ(reports.back().reason, reason::forbidden);
  EXPECT_EQ(reports.back().user_code_ran, UserCodeRan::no);
}

TEST_F(StepSecretTest, AFalse403OfAStartingServerIsForgiven) {
  create_pod();
  answer(may_not_make_secrets());
  sleep();
  ASSERT_TRUE(asked<CreateSecret>());
  answer(Done{});
  EXPECT_FALSE(asked<MarkGivenUp>());
}

TEST_F(StepSecretTest, AnInvalidSecretFailsTheStepAtOnceAndItsValuesAreNotRepeated) {
  create_pod();
  answer(status(422, "Invalid", std::string("Secret \"x\" is invalid: data[TOKEN]: Invalid value: \"") + value + '"'));
  const auto mark = asked<MarkGivenUp>();
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->why, "InvalidRequest: The API server finds the step's Secret invalid (HTTP 422).");
  expect_no_value_in_what_was_said();
}

TEST_F(StepSecretTest, NoAnswerToASecretIsRepeated) {
  const std::string echo = std::string("the object {\"data\": \"") + value + "\"}";
  for (const auto& refusal : {
           status(400, "BadRequest", echo),
           status(403, "Forbidden", "secrets is forbidden: User \"u\" cannot create, " + echo),
           status(403, "Forbidden", "secrets is forbidden: exceeded quota: q, " + echo),
           status(403, "Forbidden", "admission webhook \"w\" denied the request: " + echo),
           status(500, "InternalError", "failed calling webhook \"w\": " + echo),
           status(429, "TooManyRequests", echo),
           status(503, "ServiceUnavailable", echo),
           status(200, "", echo),
       }) {
    create_pod();
    answer(refusal);
    expect_no_value_in_what_was_said();
    if (const auto mark = asked<MarkGivenUp>()) {
      EXPECT_THAT(mark->why, testing::Not(HasSubstr(value)));
    }
  }
}

TEST_F(StepSecretTest, ASecretThatAQuotaKeepsOutForTooLongFailsTheStep) {
  policy.scheduling_timeout = 3s;
  create_pod();
  watch(view(bound()));
  const auto began = now;
  while (true) {
    ASSERT_LT(now - began, 1min);
    answer(status(403, "Forbidden", "secrets \"x\" is forbidden: exceeded quota: room"));
    if (now - began >= 3s) break;
    EXPECT_EQ(reports.back().reason, reason::quota_exceeded);
    sleep();
    ASSERT_TRUE(asked<CreateSecret>());
  }
  const auto mark = asked<MarkGivenUp>();
  ASSERT_TRUE(mark);
  EXPECT_THAT(mark->why, HasSubstr("QuotaExceeded: Not taken within 3 s"));
}

TEST_F(StepSecretTest, ACancelDoesNotWaitForTheSecret) {
  create_pod();
  take(machine->cancel(now, std::nullopt));
  answer(status(503, "ServiceUnavailable", "etcd is away"));
  sleep();
  EXPECT_TRUE(asked<MarkCancelled>());
  EXPECT_FALSE(asked<CreateSecret>());
}

TEST_F(StepSecretTest, EachAttemptHasASecretOfItsOwn) {
  create_pod();
  answer(Done{});
  watch(view(rejected()));
  sleep();
  write_replaced();
  ASSERT_TRUE(asked<CreatePod>());
  answer(numbered_view(unbound(), 1));
  const auto create = asked<CreateSecret>();
  ASSERT_TRUE(create);
  EXPECT_EQ(create->name, "train-abc-1");
  EXPECT_EQ(create->uid, "uid-2");
}

TEST_F(StepSecretTest, WhoAttachesCannotMakeTheSecretAndSaysSo) {
  machine = std::make_unique<StepMachine>(Origin::attached, true, policy, 1);
  take(machine->on_pod(now, view(missing_its_secret())));
  take(machine->start(now, now));
  EXPECT_FALSE(asked<CreateSecret>());
  EXPECT_EQ(reports.back().reason, reason::container_config);
  EXPECT_THAT(reports.back().hint, HasSubstr("Submit the step again"));
  after(601s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(missing_its_secret()));
  write_why_given_up(missing_its_secret());
  ASSERT_TRUE(asked<DeletePod>());
  auto last = being_deleted(missing_its_secret());
  last.phase = PodPhase::Failed;
  watch(view(last));
  EXPECT_EQ(reports.back().state, StepState::failed);
  EXPECT_THAT(reports.back().message, HasSubstr("without its request"));
  EXPECT_TRUE(reports.back().retryable);
}

TEST_F(StepSecretTest, WhoIsGivenTheRequestAfterAnAttachMakesTheSecret) {
  machine = std::make_unique<StepMachine>(Origin::attached, true, policy, 1);
  take(machine->on_pod(now, view(missing_its_secret())));
  take(machine->start(now, now));
  take(machine->submitted_again(now, Asked{true}, policy));
  EXPECT_TRUE(asked<CreateSecret>());
}

TEST_F(StepSecretTest, WhoIsDisplacedStillMakesTheSecretThatItAloneCanMake) {
  create_pod();
  auto taken = view(bound());
  taken.ours = false;
  watch(taken);
  answer(NoAnswer{"reset", true});
  sleep();
  EXPECT_TRUE(asked<CreateSecret>());
}

}  // namespace
}  // namespace stepop::lifecycle
