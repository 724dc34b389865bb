#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

TEST_F(StepMachineTest, CleanUpWaitsUntilNoLostCreateCanTakeTheNameAgain) {
  policy.cleanup = Cleanup::always;
  submit();
  asked<CreatePod>();
  answer(NoAnswer{"reset", true});
  sleep();
  asked<CreatePod>();
  answer(view(unbound()));
  watch(view(ended(0)));
  take(machine->forget(now, std::nullopt));
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_FALSE(asked<TellForgotten>());
  after(create_timeout + create_margin);
  EXPECT_TRUE(asked<DeletePod>());
}

TEST_F(StepMachineTest, ForgettingASuccessDeletesItsPodByUid) {
  submit_and_create();
  watch(view(ended(0)));
  take(machine->forget(now, std::nullopt));
  const auto remove = asked<DeletePod>();
  ASSERT_TRUE(remove);
  EXPECT_EQ(remove->uid, "uid-1");
  answer(view(being_deleted(ended(0))));
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ForgettingAFailureKeepsItsPodForALook) {
  submit_and_create();
  watch(view(ended(1)));
  take(machine->forget(now, std::nullopt));
  EXPECT_FALSE(asked<DeletePod>());
  EXPECT_FALSE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ForgettingGoesOnWhileTheApiIsAway) {
  submit_and_create();
  watch(view(ended(0)));
  take(machine->forget(now, std::nullopt));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(asked<DeletePod>());
    answer(NoAnswer{"refused", true});
    sleep();
  }
  ASSERT_TRUE(asked<DeletePod>());
  answer(not_found());
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
}

TEST_F(StepMachineTest, ForgettingAnIdThatThisProcessNeverSubmittedFindsItsPod) {
  machine = std::make_unique<StepMachine>(Origin::forgotten, true, policy, 1);
  take(machine->start(now, std::nullopt));
  take(machine->forget(now, Cleanup::always));
  EXPECT_FALSE(asked<TellForgotten>()) << "not before the namespace is known";
  watch(view(ended(1)));
  take(machine->on_synced(now, now));
  ASSERT_TRUE(asked<DeletePod>());
  answer(Done{});
  EXPECT_TRUE(asked<TellForgotten>()->deleted);
  EXPECT_TRUE(reports.empty()) << "nobody asked how it ended";
}

TEST_F(StepMachineTest, ACreateStillUnderWayAtTheEndHoldsUpTheCleanUp) {
  policy.cleanup = Cleanup::always;
  submit();
  asked<CreatePod>();
  watch(view(ended(0)));  // an earlier life's
  take(machine->forget(now, std::nullopt));
  answer(NoAnswer{"reset", true});
  after(1s);
  EXPECT_FALSE(asked<DeletePod>()) << "it would land on the free name";
  after(create_timeout + create_margin);
  EXPECT_TRUE(asked<DeletePod>());
}

}  // namespace
}  // namespace stepop::lifecycle
