#include "lifecycle/explanation.hpp"

#include "step_machine_fixture.hpp"

namespace stepop::lifecycle {
namespace {

using kube::Event;

// As a kubelet of 1.34 writes them.
const Event no_map{"Warning", "FailedMount",
                   "MountVolume.SetUp failed for volume \"conf\" : configmap \"no-map\" not found", at(8)};
const Event scheduled{"Normal", "Scheduled", "Successfully assigned zenml/train to node-a", at(9)};

TEST(Explanation, IsTheNewestWarning) {
  const Event older{"Warning", "FailedCreatePodSandBox", "Failed to create pod sandbox: no network", at(3)};
  const auto told = explanation_of({no_map, scheduled, older});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->message, "FailedMount: " + no_map.message);
}

TEST(Explanation, NamesWhatAVolumeLacks) {
  EXPECT_EQ(explanation_of({no_map})->reason, reason::container_config);
  const Event no_key{"Warning", "FailedMount",
                     "MountVolume.SetUp failed for volume \"conf\" : configmap references non-existent config key: k",
                     at(1)};
  EXPECT_EQ(explanation_of({no_key})->reason, reason::container_config);
  const Event no_disk{"Warning", "FailedMount", "Unable to attach or mount volumes: timed out waiting", at(1)};
  EXPECT_EQ(explanation_of({no_disk})->reason, reason::start_timeout);
}

TEST(Explanation, IsNoneWhereNothingWarns) {
  EXPECT_FALSE(explanation_of({}));
  EXPECT_FALSE(explanation_of({scheduled}));
  EXPECT_FALSE(explanation_of({Event{"Warning", "Odd", "", at(1)}}));
}

TEST_F(StepMachineTest, AsksTheEventsWhyAContainerThatSaysNothingDoesNotStart) {
  policy.max_startup_retries = 0;
  submit_and_create();
  watch(view(bound()));
  EXPECT_FALSE(asked<AskWhy>());
  after(5s);
  const auto question = asked<AskWhy>();
  ASSERT_TRUE(question);
  EXPECT_EQ(question->uid, "uid-1");
  take(machine->on_events(now, "uid-1", {{no_map}}));
  EXPECT_EQ(reports.back().state, StepState::pending);
  EXPECT_EQ(reports.back().reason, reason::container_config);
  EXPECT_THAT(reports.back().message, testing::HasSubstr("configmap \"no-map\" not found"));
  after(600s);
  answer(view(bound()));
  const auto mark = asked<MarkGivenUp>();
  ASSERT_TRUE(mark) << "and says so when its time is over";
  EXPECT_THAT(mark->why, testing::StartsWith("ContainerConfig: The container did not start within 600 s"));
  EXPECT_THAT(mark->why, testing::HasSubstr("configmap \"no-map\" not found"));
}

TEST_F(StepMachineTest, DoesNotAskWhyOfWhatStartsOrSaysItself) {
  submit_and_create();
  watch(view(bound()));
  watch(view(started()));
  after(120s);
  EXPECT_FALSE(asked<AskWhy>());

  submit_and_create();
  watch(view(with_main(bound(), waiting("ImagePullBackOff", "Back-off pulling image"))));
  after(30s);
  EXPECT_FALSE(asked<AskWhy>());
}

TEST_F(StepMachineTest, EventsThatCannotBeHadChangeNothing) {
  submit_and_create();
  watch(view(bound()));
  after(5s);
  ASSERT_TRUE(asked<AskWhy>());
  const auto before = reports.size();
  take(machine->on_events(now, "uid-1", std::nullopt));
  take(machine->on_events(now, "uid-of-another", {{no_map}}));
  EXPECT_EQ(reports.size(), before);
  EXPECT_FALSE(asked<AskWhy>()) << "not at once again";
  after(5s);
  EXPECT_TRUE(asked<AskWhy>());
  after(5s);
  EXPECT_FALSE(asked<AskWhy>()) << "ever less often";
  after(5s);
  EXPECT_TRUE(asked<AskWhy>());
}

TEST_F(StepMachineTest, AnExplanationIsNotToldOfAContainerThatHasStarted) {
  submit_and_create();
  watch(view(bound()));
  after(5s);
  watch(view(started()));
  take(machine->on_events(now, "uid-1", {{no_map}}));
  EXPECT_EQ(reports.back().state, StepState::running);
  EXPECT_EQ(reports.back().reason, "");
}

}  // namespace
}  // namespace stepop::lifecycle
