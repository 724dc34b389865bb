#include "screen/run_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "input/utf8.hpp"
#include "screen/times.hpp"

namespace stepop::orchestrator {
namespace {

using testing::ElementsAre;

const Style kPlain{};
constexpr Microseconds kSecond = 1'000'000;

StepView step(std::string name, StepState state, const char* detail = "{}") {
  StepView view;
  view.name = std::move(name);
  view.step_operator = "cluster";
  view.record.state = state;
  view.record.detail = boost::json::parse(detail).as_object();
  if (state != StepState::waiting && state != StepState::skipped) view.submitted_at = 10 * kSecond;
  if (has_ended(state) && state != StepState::skipped) view.ended_at = 13 * kSecond;
  return view;
}

RunView run(std::vector<StepView> steps, RunState state = RunState::running) {
  RunView view;
  view.id = "0123";
  view.name = "demo-1";
  view.state = state;
  view.steps = std::move(steps);
  view.created_at = 10 * kSecond;
  if (state != RunState::running) view.ended_at = 15 * kSecond;
  return view;
}

TEST(LiveLines, ShowWhereWhatAndWhy) {
  const RunView view = run({step("a", StepState::running, R"({"workload":{"kind":"Pod","node":"n1"}})"),
                            step("b", StepState::pending, R"({"reason":"Unschedulable","message":"no cpu"})"),
                            step("c", StepState::waiting)});
  EXPECT_THAT(
      live_lines(view, 15 * kSecond, {80, 24}, kPlain),
      ElementsAre("STEP  WHERE          STATE    ELAPSED  WHY", "a     cluster on n1  running  5.0s",
                  "b     cluster        pending  5.0s     Unschedulable: no cpu", "c     cluster        waiting"));
}

TEST(LiveLines, NeverFillTheTerminalsWidth) {
  const RunView view =
      run({step("a", StepState::pending, R"({"message":"a message that is longer than the screen"})")});
  for (const std::string& line : live_lines(view, 15 * kSecond, {50, 24}, kPlain))
    EXPECT_LT(display_width(line), 50u) << line;
}

TEST(LiveLines, ShowWhatGoesOnFirstWhenThereAreTooMany) {
  std::vector<StepView> steps;
  for (int i = 0; i < 30; ++i) steps.push_back(step("done" + std::to_string(i), StepState::succeeded));
  steps.push_back(step("busy", StepState::running));
  const auto lines = live_lines(run(std::move(steps)), 15 * kSecond, {80, 8}, kPlain);
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_THAT(lines[1], testing::StartsWith("busy"));
  EXPECT_EQ(lines.back(), "... and 27 more: 1 running, 30 succeeded");
}

TEST(LiveLines, HaveNoColoursUnlessAskedFor) {
  for (const std::string& line : live_lines(run({step("a", StepState::failed)}), 0, {}, kPlain))
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  Style colours;
  colours.colours = true;
  const auto lines = live_lines(run({step("a", StepState::failed)}), 0, {}, colours);
  EXPECT_NE(lines[1].find("\x1b[31mfailed\x1b[0m"), std::string::npos);
}

TEST(FinalLines, ShowResultsAndTheRunsEnd) {
  const RunView view = run({step("a", StepState::succeeded, R"({"result":{"rows":3}})"),
                            step("b", StepState::failed, R"({"reason":"NonZeroExit","exit_code":3})")},
                           RunState::failed);
  EXPECT_THAT(final_lines(view, 0, kPlain),
              ElementsAre("STEP  WHERE    STATE      TOOK  RESULT", "a     cluster  succeeded  3.0s  {\"rows\":3}",
                          "b     cluster  failed     3.0s  NonZeroExit (exit code 3)", "run demo-1 failed in 5.0s"));
}

TEST(FinalLines, KeepTheCauseAtTheEndOfALongReason) {
  const std::string wrapped =
      "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
      "create failed: unable to start container process: exec: pyhton: not found";
  const auto lines = final_lines(
      run({step("a", StepState::failed, (R"({"reason":"CannotRun","message":")" + wrapped + "\"}").c_str())}), 0,
      kPlain);
  EXPECT_THAT(lines[1], testing::AllOf(testing::HasSubstr("CannotRun: failed to create"), testing::HasSubstr("…"),
                                       testing::EndsWith("exec: pyhton: not found")));
}

TEST(WithoutMiddle, IsAsWideAsItMayBe) {
  EXPECT_EQ(without_middle("0123456789", 10), "0123456789");
  EXPECT_EQ(without_middle("0123456789", 7), "01…6789");
  EXPECT_EQ(without_middle("äöüäöüäöüä", 7), "äö…äöüä");
  EXPECT_EQ(display_width(without_middle("äöüäöüäöüä", 7)), 7u);
}

TEST(ChangeLine, SaysWhatWhereAndWhy) {
  const std::string line = change_line(step("a", StepState::pending, R"({"reason":"ImagePull","message":"slow"})"), 0);
  EXPECT_EQ(line.substr(9), "a: pending (cluster): ImagePull: slow");
}

TEST(ChangeLine, NamesThePod) {
  const std::string line =
      change_line(step("a", StepState::running, R"({"workload":{"kind":"Pod","name":"a-x-0","node":"n1"}})"), 0);
  EXPECT_EQ(line.substr(9), "a: running (pod a-x-0 on n1)");
}

TEST(ChangeLine, ShowsNoControlCharactersOfOthers) {
  const std::string line = change_line(step("a", StepState::failed, R"({"message":"x\u001b[2Jy\nz"})"), 0);
  EXPECT_EQ(line.substr(9), "a: failed (cluster): x\uFFFD[2Jy\uFFFDz");
}

TEST(FailureLines, TellWhatHappenedWhatToDoAndTheLogsEnd) {
  const RunView view =
      run({step("a", StepState::failed,
                R"({"reason":"OutOfMemory","exit_code":137,"message":"limit 64Mi","hint":"raise it"})"),
           step("b", StepState::succeeded), step("c", StepState::skipped)},
          RunState::failed);
  const auto lines = failure_lines(view, kPlain, [](const std::string&) { return "x\ny\n"; });
  EXPECT_THAT(lines, ElementsAre("", "step a failed: OutOfMemory (exit code 137): limit 64Mi", "  hint: raise it",
                                 "  the end of its log (all of it: stepop logs demo-1 a):", "    x", "    y"));
}

TEST(FailureLines, TakeThePluginsTailWhenThereIsNoCopy) {
  const RunView view = run({step("a", StepState::failed, R"({"reason":"X","log_tail":"1\n2\n"})")}, RunState::failed);
  const auto lines = failure_lines(view, kPlain, [](const std::string&) { return ""; });
  EXPECT_EQ(lines.back(), "    2");
}

TEST(JsonDocument, HasWhatTheIssueAsksOfAStep) {
  const RunView view =
      run({step("a", StepState::succeeded,
                R"({"exit_code":0,"result":[1],"started_at":"s","finished_at":"f","user_code_ran":"yes",
                "workload":{"kind":"Pod","name":"a-pod","node":"n1"}})")},
          RunState::succeeded);
  EXPECT_EQ(boost::json::value(json_document(view)), boost::json::parse(R"({
    "run":"demo-1","run_id":"0123","state":"succeeded",
    "created_at":"1970-01-01T00:00:10.000000Z","ended_at":"1970-01-01T00:00:15.000000Z",
    "steps":[{"name":"a","step_operator":"cluster","state":"succeeded","attempt":0,
      "reason":null,"message":null,"hint":null,"exit_code":0,"result":[1],
      "started_at":"s","finished_at":"f","user_code_ran":"yes",
      "workload":{"kind":"Pod","name":"a-pod","node":"n1"},"pod":"a-pod","node":"n1"}]})"));
}

TEST(Duration, IsShort) {
  EXPECT_EQ(duration(400'000), "0.4s");
  EXPECT_EQ(duration(59 * kSecond), "59s");
  EXPECT_EQ(duration(125 * kSecond), "2m05s");
  EXPECT_EQ(duration(7'620 * kSecond), "2h07m");
  EXPECT_EQ(duration(90'000 * kSecond), "1d01h");
}

}  // namespace
}  // namespace stepop::orchestrator
