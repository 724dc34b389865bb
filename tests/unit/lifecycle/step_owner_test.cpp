#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

TEST_F(StepMachineTest, AnotherOwnerDisplacesThisOne) {
  submit_and_create();
  auto taken = view(started());
  taken.ours = false;
  watch(taken);
  EXPECT_TRUE(asked<TellDisplaced>());
  EXPECT_FALSE(asked<TakeOver>());
  taken.pod = ended(0);
  watch(taken);
  EXPECT_EQ(reports.back().state, StepState::succeeded) << "it goes on as an observer";
}

// It would look like somebody who deletes it.
TEST_F(StepMachineTest, AnOwnerThatLearnsFromAGetThatItIsDisplacedGivesNothingUp) {
  policy.startup_timeout = 60s;
  submit_and_create();
  watch(view(bound()));
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  auto taken = view(bound());
  taken.pod.metadata.resource_version = "5";
  taken.ours = false;
  answer(taken);
  EXPECT_TRUE(asked<TellDisplaced>()) << "the watch may be long in telling";
  after(60s);
  EXPECT_FALSE(asked<MarkGivenUp>());
  EXPECT_FALSE(asked<DeletePod>());
  watch(taken);
  EXPECT_FALSE(asked<TellDisplaced>()) << "once is enough";
}

TEST_F(StepMachineTest, AnOwnerThatMayNotWriteWhyItGivesUpLeavesThatToWhoeverDisplacesIt) {
  policy.startup_timeout = 60s;
  submit_and_create();
  watch(view(bound()));
  after(61s);
  ASSERT_TRUE(asked<GetPod>());
  answer(view(bound()));
  ASSERT_TRUE(asked<MarkGivenUp>());
  answer(rbac());
  auto taken = view(bound());
  taken.pod.metadata.resource_version = "5";
  taken.ours = false;
  watch(taken);
  EXPECT_TRUE(asked<TellDisplaced>());
  for (int i = 0; i < 10; ++i) after(10s);
  EXPECT_FALSE(asked<MarkGivenUp>());
  EXPECT_FALSE(asked<DeletePod>());
}

TEST_F(StepMachineTest, ATakeOverThatMeetsAChangeLooksAndTriesAgain) {
  auto earlier = view(started());
  earlier.ours = false;
  submit(Origin::submitted, {earlier});
  asked<TakeOver>();
  answer(status(409, "Conflict", "the object has been modified"));
  ASSERT_TRUE(asked<GetPod>());
  auto newer = earlier;
  newer.pod.metadata.resource_version = "2";
  answer(newer);
  const auto again = asked<TakeOver>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->resource_version, "2");
}

TEST_F(StepMachineTest, AnObserverLeavesTheNextAttemptToTheOwner) {
  machine = std::make_unique<StepMachine>(Origin::attached, false, policy, 1);
  auto watched = [&](Pod pod) {
    auto v = view(std::move(pod));
    v.ours = false;
    return v;
  };
  take(machine->on_pod(now, watched(unbound())));
  take(machine->start(now, now));
  watch(watched(rejected()));
  EXPECT_FALSE(machine->ended());
  EXPECT_FALSE(asked<CreatePod>());
  auto next = numbered_view(started(), 1);
  next.ours = false;
  watch(next);
  EXPECT_EQ(reports.back().state, StepState::running);
  EXPECT_EQ(reports.back().attempt, 1u);
}

TEST_F(StepMachineTest, AnObserverCallsItTheEndWhenTheOwnerDoesNothing) {
  machine = std::make_unique<StepMachine>(Origin::attached, false, policy, 1);
  auto v = view(unbound());
  v.ours = false;
  take(machine->on_pod(now, v));
  take(machine->start(now, now));
  v.pod = rejected();
  watch(v);
  sleep();
  EXPECT_EQ(reports.back().state, StepState::failed);
}

}  // namespace
}  // namespace stepop::lifecycle
