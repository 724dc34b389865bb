#include "run/run_machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stepop::orchestrator {

// Found by GoogleTest in the type's own namespace.
static void PrintTo(const Action& action, std::ostream* out) {
  static constexpr const char* kNames[] = {"journal", "submit", "open_log", "cancel", "forget", "finish"};
  *out << kNames[static_cast<int>(action.kind)] << "(" << action.step << (action.report_lost ? ", report_lost)" : ")");
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Action::Kind;

// a -> b, c (need a) -> d (needs b and c)
std::vector<StepNode> diamond() {
  return {{"a", {}}, {"b", {0}}, {"c", {0}}, {"d", {1, 2}}};
}
std::vector<StepNode> independent(std::size_t count) {
  std::vector<StepNode> steps;
  for (std::size_t i = 0; i < count; ++i) steps.push_back({"s" + std::to_string(i), {}});
  return steps;
}

Action journal(std::size_t step) {
  return {Kind::journal, step, false};
}
Action submit(std::size_t step, bool report_lost = false) {
  return {Kind::submit, step, report_lost};
}
Action open_log(std::size_t step) {
  return {Kind::open_log, step, false};
}
Action cancel(std::size_t step) {
  return {Kind::cancel, step, false};
}
Action forget(std::size_t step) {
  return {Kind::forget, step, false};
}
Action finish() {
  return {Kind::finish, 0, false};
}

Actions see(RunMachine& machine, std::size_t step, StepState state, std::uint32_t attempt = 0,
            boost::json::object detail = {}) {
  return machine.observe({step, state, attempt, std::move(detail)});
}
// All of a step's life at once.
void settle(RunMachine& machine, std::size_t step, StepState end) {
  see(machine, step, end);
  machine.log_complete(step);
  machine.forgotten(step);
}

StepRecord record(StepState state, bool created) {
  StepRecord record;
  record.state = state;
  record.submitted = state != StepState::waiting;
  record.created = created;
  return record;
}

TEST(RunMachine, JournalsBeforeItSubmits) {
  RunMachine machine(diamond(), {});
  EXPECT_THAT(machine.start(), ElementsAre(journal(0), submit(0)));
}

TEST(RunMachine, StartsInParallelWhatHasAllItNeeds) {
  RunMachine machine(diamond(), {});
  machine.start();
  EXPECT_THAT(see(machine, 0, StepState::succeeded),
              ElementsAre(journal(0), open_log(0), journal(1), submit(1), journal(2), submit(2)));
}

TEST(RunMachine, WaitsForEveryNeed) {
  RunMachine machine(diamond(), {});
  machine.start();
  settle(machine, 0, StepState::succeeded);
  EXPECT_THAT(see(machine, 1, StepState::succeeded), ElementsAre(journal(1), open_log(1)));
  EXPECT_THAT(see(machine, 2, StepState::succeeded), ElementsAre(journal(2), open_log(2), journal(3), submit(3)));
}

TEST(RunMachine, KeepsToTheLimitOfStepsAtOnce) {
  RunMachine machine(independent(3), {2, false});
  EXPECT_THAT(machine.start(), ElementsAre(journal(0), submit(0), journal(1), submit(1)));
  EXPECT_THAT(see(machine, 1, StepState::succeeded), ElementsAre(journal(1), open_log(1), journal(2), submit(2)));
}

TEST(RunMachine, OpensTheLogOnceTheStepRuns) {
  RunMachine machine(independent(1), {});
  machine.start();
  EXPECT_THAT(see(machine, 0, StepState::pending), ElementsAre(journal(0)));
  EXPECT_THAT(see(machine, 0, StepState::running), ElementsAre(journal(0), open_log(0)));
  EXPECT_THAT(see(machine, 0, StepState::running), ElementsAre(journal(0)));
}

TEST(RunMachine, ForgetsOnlyAfterTheEndAndTheWholeLog) {
  RunMachine machine(independent(1), {});
  machine.start();
  see(machine, 0, StepState::running);
  EXPECT_THAT(see(machine, 0, StepState::succeeded), ElementsAre(journal(0)));
  EXPECT_THAT(machine.log_complete(0), ElementsAre(journal(0), journal(0), forget(0)));
}

TEST(RunMachine, ForgetsAtTheEndWhenTheLogWasCompleteBefore) {
  RunMachine machine(independent(1), {});
  machine.start();
  see(machine, 0, StepState::running);
  EXPECT_THAT(machine.log_complete(0), ElementsAre(journal(0)));
  EXPECT_THAT(see(machine, 0, StepState::succeeded), ElementsAre(journal(0), journal(0), forget(0)));
}

TEST(RunMachine, OpensNoLogOfCodeThatNeverRan) {
  RunMachine machine(independent(1), {});
  machine.start();
  EXPECT_THAT(see(machine, 0, StepState::failed, 0, {{"user_code_ran", "no"}}),
              ElementsAre(journal(0), journal(0), journal(0), forget(0)));
}

TEST(RunMachine, FinishesWhenEveryEndIsAcknowledged) {
  RunMachine machine(independent(2), {});
  machine.start();
  settle(machine, 0, StepState::succeeded);
  see(machine, 1, StepState::succeeded);
  machine.log_complete(1);
  EXPECT_EQ(machine.state(), RunState::succeeded);
  EXPECT_THAT(machine.forgotten(1), ElementsAre(journal(1), finish()));
}

TEST(RunMachine, SkipsWhatNeedsAStepThatFailedAndGoesOnWithTheRest) {
  RunMachine machine({{"a", {}}, {"b", {0}}, {"c", {1}}, {"other", {}}}, {});
  machine.start();
  EXPECT_THAT(see(machine, 0, StepState::failed), ElementsAre(journal(0), open_log(0), journal(1), journal(2)));
  EXPECT_EQ(machine.record(1).state, StepState::skipped);
  EXPECT_EQ(machine.record(1).detail.at("message"), "it needs a, which failed");
  EXPECT_EQ(machine.record(2).detail.at("message"), "it needs b, which was skipped");
  EXPECT_EQ(machine.record(3).state, StepState::accepted);
}

TEST(RunMachine, StopsAtTheFirstFailureWhenAskedTo) {
  RunMachine machine({{"a", {}}, {"b", {}}, {"c", {1}}}, {0, true});
  machine.start();
  EXPECT_THAT(see(machine, 0, StepState::failed), ElementsAre(journal(0), open_log(0), journal(2), cancel(1)));
  EXPECT_EQ(machine.record(2).detail.at("message"), "step a failed, and the run was started with --fail-fast");
}

TEST(RunMachine, CancelsWhatRunsAndSkipsWhatDoesNot) {
  RunMachine machine({{"a", {}}, {"b", {}}, {"c", {0}}}, {});
  machine.start();
  see(machine, 1, StepState::running);
  EXPECT_THAT(machine.cancel(), ElementsAre(journal(2), cancel(0), cancel(1)));
  EXPECT_EQ(machine.record(2).detail.at("message"), "the run was cancelled");
}

TEST(RunMachine, IsCancelledOnce) {
  RunMachine machine(independent(1), {});
  machine.start();
  machine.cancel();
  EXPECT_THAT(machine.cancel(), IsEmpty());
}

TEST(RunMachine, SubmitsNothingAfterACancel) {
  RunMachine machine(independent(2), {1, false});
  machine.start();
  machine.cancel();
  EXPECT_THAT(see(machine, 0, StepState::cancelled), ElementsAre(journal(0), open_log(0)));
}

TEST(RunMachine, TellsTheTruthOfAStepThatSucceededInSpiteOfACancel) {
  RunMachine machine(independent(1), {});
  machine.start();
  machine.cancel();
  settle(machine, 0, StepState::succeeded);
  EXPECT_EQ(machine.state(), RunState::succeeded);
}

TEST(RunMachine, EndsAStepThatItsOperatorRefuses) {
  RunMachine machine({{"a", {}}, {"b", {0}}}, {});
  machine.start();
  EXPECT_THAT(machine.refused(0, "InvalidRequest", "settings.x: unknown key", ""),
              ElementsAre(journal(0), journal(1), finish()));
  EXPECT_EQ(machine.state(), RunState::failed);
  EXPECT_EQ(machine.record(0).detail.at("user_code_ran"), "no");
}

TEST(RunMachine, IgnoresAStateThatGoesBackwards) {
  RunMachine machine(independent(1), {});
  machine.start();
  see(machine, 0, StepState::running, 1);
  EXPECT_THAT(see(machine, 0, StepState::running, 0), IsEmpty());
  EXPECT_THAT(see(machine, 0, StepState::pending, 1), IsEmpty());
}

TEST(RunMachine, TakesAnEndWhateverItsAttempt) {
  RunMachine machine(independent(1), {});
  machine.start();
  see(machine, 0, StepState::running, 1);
  see(machine, 0, StepState::lost, 0);
  EXPECT_EQ(machine.record(0).state, StepState::lost);
}

TEST(RunMachine, KeepsTheFirstEndOfAStep) {
  RunMachine machine(independent(1), {});
  machine.start();
  see(machine, 0, StepState::failed);
  EXPECT_THAT(see(machine, 0, StepState::succeeded), IsEmpty());
  EXPECT_EQ(machine.record(0).state, StepState::failed);
}

TEST(RunMachine, IgnoresEventsOfStepsThatWereNeverSubmitted) {
  RunMachine machine(diamond(), {});
  machine.start();
  EXPECT_THAT(see(machine, 3, StepState::succeeded), IsEmpty());
}

TEST(RunMachine, StopsWaitingForAcknowledgementsOnlyWhenAllHasEnded) {
  RunMachine machine(independent(2), {});
  machine.start();
  see(machine, 0, StepState::succeeded);
  EXPECT_THAT(machine.stop_waiting(), IsEmpty());
  see(machine, 1, StepState::succeeded);
  EXPECT_THAT(machine.stop_waiting(), ElementsAre(finish()));
  EXPECT_FALSE(machine.all_settled());
}

// ---- A later life ----

TEST(ResumedRunMachine, CreatesWhatWasJournalledButNotSeen) {
  RunMachine machine(independent(1), {}, {record(StepState::accepted, false)});
  EXPECT_THAT(machine.start(), ElementsAre(submit(0, false)));
}

TEST(ResumedRunMachine, NeverCreatesAgainWhatWasSeen) {
  RunMachine machine(independent(1), {}, {record(StepState::pending, true)});
  EXPECT_THAT(machine.start(), ElementsAre(submit(0, true)));
}

TEST(ResumedRunMachine, SubmitsAnEndedStepToAcknowledgeIt) {
  RunMachine machine(independent(1), {}, {record(StepState::succeeded, true)});
  EXPECT_THAT(machine.start(), ElementsAre(submit(0, true)));
  EXPECT_THAT(see(machine, 0, StepState::accepted), IsEmpty());
  EXPECT_THAT(see(machine, 0, StepState::succeeded), ElementsAre(open_log(0)));
  EXPECT_THAT(machine.log_complete(0), ElementsAre(journal(0), journal(0), forget(0)));
  EXPECT_THAT(machine.forgotten(0), ElementsAre(journal(0), finish()));
}

TEST(ResumedRunMachine, KeepsAJournalledEndWhenTheObjectIsGone) {
  StepRecord ended = record(StepState::succeeded, true);
  ended.log_complete = ended.forget_asked = true;
  RunMachine machine(independent(1), {}, {ended});
  machine.start();
  EXPECT_THAT(see(machine, 0, StepState::lost), ElementsAre(journal(0), forget(0)));
  EXPECT_EQ(machine.record(0).state, StepState::succeeded);
  machine.forgotten(0);
  EXPECT_EQ(machine.state(), RunState::succeeded);
}

TEST(ResumedRunMachine, LeavesAloneWhatIsForgotten) {
  StepRecord done = record(StepState::succeeded, true);
  done.log_complete = done.forget_asked = done.forgotten = true;
  RunMachine machine({{"a", {}}, {"b", {0}}}, {}, {done, {}});
  EXPECT_THAT(machine.start(), ElementsAre(journal(1), submit(1)));
}

TEST(ResumedRunMachine, FinishesAtOnceWhenNothingIsLeft) {
  StepRecord done = record(StepState::failed, true);
  done.log_complete = done.forget_asked = done.forgotten = true;
  StepRecord skipped;
  skipped.state = StepState::skipped;
  skipped.made_by_host = true;
  RunMachine machine({{"a", {}}, {"b", {0}}}, {}, {done, skipped});
  EXPECT_THAT(machine.start(), ElementsAre(finish()));
}

TEST(ResumedRunMachine, GoesOnCancelling) {
  RunMachine machine({{"a", {}}, {"b", {0}}}, {}, {record(StepState::running, true), {}}, true);
  EXPECT_THAT(machine.start(), ElementsAre(submit(0, true), journal(1), cancel(0)));
}

TEST(ResumedRunMachine, SkipsWhatNeedsAStepThatFailedBefore) {
  StepRecord failed = record(StepState::failed, true);
  RunMachine machine({{"a", {}}, {"b", {0}}}, {}, {failed, {}});
  EXPECT_THAT(machine.start(), ElementsAre(submit(0, true), journal(1)));
  EXPECT_EQ(machine.record(1).state, StepState::skipped);
}

TEST(ResumedRunMachine, CountsRunningStepsAgainstTheLimit) {
  RunMachine machine(independent(2), {1, false}, {record(StepState::running, true), {}});
  EXPECT_THAT(machine.start(), ElementsAre(submit(0, true)));
}

TEST(ResumedRunMachine, LeavesWhatItsOperatorDoesNotTakeAgainAsItEnded) {
  RunMachine machine(independent(1), {}, {record(StepState::succeeded, true)});
  machine.start();
  EXPECT_THAT(machine.refused(0, "Conflict", "another request", ""), ElementsAre(journal(0), finish()));
  EXPECT_EQ(machine.state(), RunState::succeeded);
}

}  // namespace
}  // namespace stepop::orchestrator
