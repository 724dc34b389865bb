// A step's life: how it starts, ends, is cancelled, found again and forgotten.
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "place.hpp"

namespace stepop::test {
namespace {

using host::Error;
using host::EventKind;
using host::IfAbsent;
using host::Operator;
using host::State;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(STEPOP_OK, "");
}

std::vector<std::string> paths(const Error& error) {
  std::vector<std::string> out;
  for (const host::Finding& finding : error.findings()) out.push_back(finding.path);
  return out;
}

class LocalStep : public Place {};

TEST_F(LocalStep, SucceedsWithItsResult) {
  const Operator op = open();
  const json::object detail = end_of(op, shell("a", R"(echo '{"rows": 7}' > "$STEPOP_RESULT_PATH")"), State::succeeded);
  EXPECT_EQ(detail.at("result").at("rows"), 7);
  EXPECT_EQ(detail.at("exit_code"), 0);
  EXPECT_EQ(detail.at("user_code_ran"), "yes");
  EXPECT_EQ(detail.at("workload").at("kind"), "Process");
  EXPECT_LE(detail.at("started_at").as_string(), detail.at("finished_at").as_string());
}

TEST_F(LocalStep, SucceedsWithoutAResult) {
  EXPECT_FALSE(end_of(open(), shell("a", "true"), State::succeeded).contains("result"));
}

TEST_F(LocalStep, GoesThroughItsStatesInOrder) {
  const Operator op = open();
  op.submit(shell("a", "until [ -e '" + file("go") + "' ]; do sleep 0.01; done"));
  await(op, "a", State::accepted);
  await(op, "a", State::running);
  EXPECT_EQ(op.status("a")->front().parse_detail().at("user_code_ran"), "yes");
  std::ofstream(file("go")).put('\n');
  await(op, "a", State::succeeded);
}

TEST_F(LocalStep, IsToldWhoItIs) {
  json::object request = shell(
      "a/b c",
      R"(printf '["%s","%s","%s","%s","%s"]' "$STEPOP_STEP_RUN_ID" "$STEPOP_ATTEMPT" "$STEPOP_RESULT_MAX" "$COLOUR" "$1" > "$STEPOP_RESULT_PATH")");
  request["environment"] = {{"COLOUR", "green"}};
  request["args"] = {"zero", "one"};
  EXPECT_EQ(end_of(open(), request, State::succeeded).at("result"),
            (json::array{"a/b c", "0", "4096", "green", "one"}));
}

TEST_F(LocalStep, RunsInItsWorkingDirectory) {
  json::object request = shell("a", R"(printf '"%s"' "$PWD" > "$STEPOP_RESULT_PATH")");
  EXPECT_EQ(end_of(open(), request, State::succeeded).at("result"), "/");
  request["step_run_id"] = "b";
  request["settings"] = {{"working_directory", "/usr"}};
  EXPECT_EQ(end_of(open(), request, State::succeeded).at("result"), "/usr");
}

TEST_F(LocalStep, HasNothingOfTheHostsButItsLogAndNoInput) {
  const int kept = ::dup(STDERR_FILENO);  // a descriptor of the host that every exec inherits
  const Operator op = open();
  end_of(op, {{"step_run_id", "a"}, {"command", {"ls", "/proc/self/fd"}}}, State::succeeded);
  EXPECT_EQ(content(only_step() / "log"), "0\n1\n2\n3\n") << "3 is the directory that ls reads";
  end_of(op, shell("b", "! read line"), State::succeeded);
  ::close(kept);
}

TEST_F(LocalStep, TakesAnImageAndPassesItOver) {
  json::object request = shell("a", "true");
  request["image"] = "python:3.12";
  end_of(open(), request, State::succeeded);
}

TEST_F(LocalStep, FailsWithItsExitCodeAndTheTailOfItsLog) {
  const json::object detail =
      end_of(open(), shell("a", "seq 100; printf 'last \\377 words\\n' >&2; exit 3"), State::failed);
  EXPECT_EQ(detail.at("reason"), "NonZeroExit");
  EXPECT_EQ(detail.at("exit_code"), 3);
  EXPECT_THAT(std::string(detail.at("log_tail").as_string()), HasSubstr("100\nlast \xEF\xBF\xBD words\n"));
  EXPECT_EQ(detail.at("log_tail").as_string().find("50"), json::string::npos);
}

TEST_F(LocalStep, FailsWithTheSignalThatEndedIt) {
  const json::object detail = end_of(open(), shell("a", "kill -SEGV $$"), State::failed);
  EXPECT_EQ(detail.at("exit_code"), 128 + SIGSEGV);
  EXPECT_THAT(std::string(detail.at("message").as_string()), HasSubstr("signal 11"));
}

TEST_F(LocalStep, SaysThatItsCodeDidNotRunWhenThereIsNoSuchProgram) {
  const json::object detail = end_of(open(), {{"step_run_id", "a"}, {"command", {"no-such-program"}}}, State::failed);
  EXPECT_EQ(detail.at("reason"), "CannotRun");
  EXPECT_EQ(detail.at("user_code_ran"), "no");
  EXPECT_FALSE(detail.contains("exit_code"));
}

TEST_F(LocalStep, SaysThatItsCodeDidNotRunWithoutItsWorkingDirectory) {
  json::object request = shell("a", "true");
  request["settings"] = {{"working_directory", "/no/such/directory"}};
  const json::object detail = end_of(open(), request, State::failed);
  EXPECT_EQ(detail.at("reason"), "CannotRun");
  EXPECT_THAT(std::string(detail.at("message").as_string()), HasSubstr("working directory"));
  EXPECT_EQ(detail.at("user_code_ran"), "no");
}

TEST_F(LocalStep, FailsWhenItsResultIsNoJson) {
  const json::object detail = end_of(open(), shell("a", "echo '{' > $STEPOP_RESULT_PATH"), State::failed);
  EXPECT_EQ(detail.at("reason"), "InvalidResult");
  EXPECT_EQ(detail.at("exit_code"), 0);
}

TEST_F(LocalStep, FailsWhenItsResultHasANumberThatNoDoubleHolds) {
  const json::object detail = end_of(open(), shell("a", "echo '[9e308]' > $STEPOP_RESULT_PATH"), State::failed);
  EXPECT_EQ(detail.at("reason"), "InvalidResult");
}

TEST_F(LocalStep, FailsWhenItsResultIsTooLarge) {
  const std::string as_large_as_allowed = R"(printf '"%04094d"' 0 > $STEPOP_RESULT_PATH)";
  const std::string larger = R"(printf '"%04095d"' 0 > $STEPOP_RESULT_PATH)";
  const Operator op = open();
  end_of(op, shell("a", as_large_as_allowed), State::succeeded);
  EXPECT_EQ(end_of(op, shell("b", larger), State::failed).at("reason"), "InvalidResult");
}

TEST_F(LocalStep, TakesWhatItStartedAlongWhenItEnds) {
  const Operator op = open();
  const json::object detail = end_of(op, shell("a", "sleep 1000 & echo $! > $STEPOP_RESULT_PATH"), State::succeeded);
  const auto pid = static_cast<pid_t>(detail.at("result").as_int64());
  // Killed before the end was written, it may still be waiting for init to reap it.
  const std::string status = content("/proc/" + std::to_string(pid) + "/status");
  EXPECT_TRUE(status.empty() || status.find("State:\tZ") != status.npos || status.find("State:\tX") != status.npos)
      << status;
}

// ---- Mistakes

TEST_F(LocalStep, IsRefusedWithEveryMistakeOfItsRequest) {
  const Operator op = open();
  const Error error = error_of([&] {
    op.submit(json::object{{"step_run_id", "a"},
                           {"comand", {"x"}},
                           {"args", {1}},
                           {"environment", {{"A", 1}}},
                           {"settings", {{"clean_up", "never"}, {"cleanup", "sometimes"}}}});
  });
  EXPECT_EQ(error.code(), STEPOP_E_INVALID);
  EXPECT_THAT(paths(error),
              ElementsAre("comand", "args[0]", "environment.A", "settings.clean_up", "settings.cleanup", "command"));
  EXPECT_EQ(error.findings()[0].hint, "did you mean \"command\"?");
  EXPECT_FALSE(op.status("a"));
  EXPECT_FALSE(fs::exists(state_directory()));
}

TEST_F(LocalStep, IsRefusedWithVariablesThatThePluginSets) {
  const Operator op = open();
  json::object request = shell("a", "true");
  request["environment"] = {{"STEPOP_RESULT_PATH", "/x"}, {"A=B", "c"}};
  EXPECT_THAT(paths(error_of([&] { op.submit(request); })),
              ElementsAre("environment.STEPOP_RESULT_PATH", "environment.A=B"));
}

TEST_F(LocalStep, NeedsAnOwnerInItsConfig) {
  EXPECT_THAT(paths(error_of([&] { open({{"ownr", "x"}, {"cleanup", 1}}); })), ElementsAre("ownr", "cleanup", "owner"));
  EXPECT_THAT(paths(error_of([&] {
                open({{"owner", "-x"}, {"state_directory", "here"}});
              })),
              ElementsAre("owner", "state_directory"));
}

TEST_F(LocalStep, IsCheckedBeforeItRuns) {
  const Operator op = open();
  for (const host::Finding& finding : op.check(shell("a", "true"), 1s))
    EXPECT_EQ(finding.level, host::Finding::Level::ok) << finding.text();
  std::vector<std::string> wrong;
  json::object request{{"step_run_id", "a"}, {"command", {"no-such-program"}}};
  request["settings"] = {{"working_directory", "/none"}};
  for (const host::Finding& finding : op.check(request, 1s))
    if (finding.level == host::Finding::Level::error) wrong.push_back(finding.path);
  EXPECT_THAT(wrong, ElementsAre("command[0]", "settings.working_directory"));
  EXPECT_FALSE(fs::exists(state_directory())) << "a check creates nothing";
}

// ---- An installation that is not whole

class BrokenInstallation : public Place {
 protected:
  // The plugin alone in a directory; with `supervisor` beside it, when there is one.
  host::Plugin install(const std::string& supervisor) {
    fs::create_directory(directory_ / "plugins");
    fs::copy_file(LOCAL_PLUGIN, directory_ / "plugins" / "libstepop_local.so");
    if (!supervisor.empty()) {
      const std::string path = file("plugins/stepop-local-supervisor");
      std::ofstream(path) << supervisor;
      fs::permissions(path, fs::perms::owner_all);
    }
    return host::Plugin::load(directory_ / "plugins" / "libstepop_local.so");
  }
};

TEST_F(BrokenInstallation, IsNoticedAtOpen) {
  const Error error = error_of([&] { install("").open("local", config()); });
  EXPECT_EQ(error.code(), STEPOP_E_UNAVAILABLE);
  EXPECT_THAT(error.what(), HasSubstr("plugins/stepop-local-supervisor"));
}

TEST_F(BrokenInstallation, FailsAStepWhoseSupervisorDoesNotBegin) {
  const host::Plugin plugin = install("#!/bin/sh\nexit 1\n");
  const json::object request = shell("a", "true");
  for (int life = 0; life < 2; ++life) {
    const json::object detail = end_of(plugin.open("local", config()), request, State::failed);
    EXPECT_EQ(detail.at("reason"), "CannotRun");
    EXPECT_EQ(detail.at("user_code_ran"), "no");
    EXPECT_EQ(detail.at("retryable"), true);
  }
}

TEST_F(BrokenInstallation, FailsAStepWhoseSupervisorIsNoProgram) {
  const host::Plugin plugin = install("no program");
  EXPECT_EQ(end_of(plugin.open("local", config()), shell("a", "true"), State::failed).at("reason"), "CannotRun");
}

// ---- Cancel

TEST_F(LocalStep, IsCancelledBySigterm) {
  const Operator op = open();
  op.submit(shell("a", "trap 'echo stopping; exit 0' TERM; echo ready; while :; do sleep 0.01; done"));
  await_ready(op, "a");
  op.cancel("a", 20s);
  const json::object detail = wait_for(op, "a", State::cancelled);
  EXPECT_EQ(detail.at("user_code_ran"), "yes");
}

TEST_F(LocalStep, IsKilledWhenItsGraceIsOver) {
  const Operator op = open();
  op.submit(shell("a", "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  await_ready(op, "a");
  op.cancel("a", 50ms);
  EXPECT_EQ(wait_for(op, "a", State::cancelled).at("exit_code"), 128 + SIGKILL);
}

TEST_F(LocalStep, IsKilledAtOnceWhenASecondCancelHasNoPatience) {
  const Operator op = open();
  op.submit(shell("a", "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  await_ready(op, "a");
  op.cancel("a", 1h);
  EXPECT_FALSE(op.wait("a", 100ms));
  op.cancel("a", 0ms);
  wait_for(op, "a", State::cancelled);
}

TEST_F(LocalStep, IsCancelledAtWhateverMomentThatIsAskedFor) {
  const Operator op = open();
  for (int i = 0; i < 20; ++i) {
    const std::string id = std::to_string(i);
    op.submit(shell(id, "sleep 1000"));
    if (i % 4 != 0) await(op, id, i % 4 == 1 ? State::accepted : i % 4 == 2 ? State::pending : State::running);
    op.cancel(id, 1s);
    wait_for(op, id, State::cancelled);
  }
}

TEST_F(LocalStep, KeepsItsEndWhenItIsCancelledTooLate) {
  const Operator op = open();
  end_of(op, shell("a", "true"), State::succeeded);
  op.cancel("a", 0ms);
  EXPECT_EQ(op.status("a")->front().state(), State::succeeded);
}

// ---- The same step again

TEST_F(LocalStep, RunsOnceHoweverOftenItIsSubmitted) {
  const json::object request = shell("a", "echo x >> '" + file("runs") + "'");
  {
    const Operator op = open();
    op.submit(request);
    end_of(op, request, State::succeeded);
    end_of(op, request, State::succeeded);
  }
  end_of(open(), request, State::succeeded);
  EXPECT_EQ(lines(file("runs")), 1);
}

TEST_F(LocalStep, RunsOnceForTwoOperatorsThatSubmitItTogether) {
  const Operator one = open();
  const Operator two = open();
  for (int i = 0; i < 30; ++i) {
    const std::string id = std::to_string(i);
    const json::object request = shell(id, "echo x >> '" + file(id) + "'");
    one.submit(request);
    two.submit(request);
    wait_for(one, id, State::succeeded);
    wait_for(two, id, State::succeeded);
    EXPECT_EQ(lines(file(id)), 1);
  }
}

TEST_F(LocalStep, IsRefusedWithAnotherRequestWhileItIsKnown) {
  const Operator op = open();
  op.submit(shell("a", "true"));
  EXPECT_EQ(error_of([&] { op.submit(shell("a", "false")); }).code(), STEPOP_E_CONFLICT);
}

TEST_F(LocalStep, FailsWithAnotherRequestOfAnEarlierLifeAndLeavesThatAlone) {
  const json::object request = shell("a", "echo x >> '" + file("runs") + "'");
  end_of(open(), request, State::succeeded);
  const Operator op = open();
  const json::object detail = end_of(op, shell("a", "echo y >> '" + file("runs") + "'"), State::failed);
  EXPECT_EQ(detail.at("reason"), "Conflict");
  op.forget("a", {{"cleanup", "always"}});
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), false);
  EXPECT_EQ(lines(file("runs")), 1);
  end_of(open(), request, State::succeeded);
}

TEST_F(LocalStep, IsAnotherStepForAnotherOwner) {
  const json::object request = shell("a", "echo x >> '" + file("runs") + "'");
  end_of(open(), request, State::succeeded);
  json::object other = config();
  other["owner"] = "other";
  end_of(open(other), request, State::succeeded);
  EXPECT_EQ(lines(file("runs")), 2);
}

TEST_F(LocalStep, IsLostWhenItWasThereAndIsGone) {
  const Operator op = open();
  op.submit(shell("a", "echo x >> '" + file("runs") + "'"), IfAbsent::report_lost);
  const json::object detail = wait_for(op, "a", State::lost);
  EXPECT_EQ(detail.at("reason"), "WorkloadVanished");
  EXPECT_EQ(detail.at("user_code_ran"), "maybe");
  EXPECT_FALSE(fs::exists(file("runs")));
}

TEST_F(LocalStep, IsFoundWhenItIsThereAndReportLostIsAskedFor) {
  const json::object request = shell("a", "true");
  end_of(open(), request, State::succeeded);
  const Operator op = open();
  op.submit(request, IfAbsent::report_lost);
  wait_for(op, "a", State::succeeded);
}

TEST_F(LocalStep, StartsEvenWhenItIsShutDownRightAfterIt) {
  const json::object request = shell("a", "echo x >> '" + file("runs") + "'");
  {
    const Operator op = open();
    op.submit(request);
    op.shutdown(5s);
  }
  ASSERT_TRUE(fs::exists(only_step() / "step"));
  end_of(open(), request, State::succeeded);
  EXPECT_EQ(lines(file("runs")), 1);
}

TEST_F(LocalStep, RunsBesideManyOthers) {
  const Operator op = open();
  for (int i = 0; i < 100; ++i)
    op.submit(shell(std::to_string(i), "echo " + std::to_string(i) + " > $STEPOP_RESULT_PATH"));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(wait_for(op, std::to_string(i), State::succeeded).at("result"), i);
}

// ---- Forget

TEST_F(LocalStep, IsRemovedWhenItSucceededAndIsForgotten) {
  const Operator op = open();
  end_of(op, shell("a", "true"), State::succeeded);
  op.forget("a");
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), true);
  EXPECT_TRUE(fs::is_empty(state_directory()));
  EXPECT_FALSE(op.status("a"));
}

TEST_F(LocalStep, IsKeptWhenItFailedAndIsForgotten) {
  const Operator op = open();
  end_of(op, shell("a", "false"), State::failed);
  op.forget("a");
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), false);
  EXPECT_FALSE(fs::is_empty(state_directory()));
}

TEST_F(LocalStep, IsKeptOrRemovedAsItsCleanupSays) {
  const Operator op = open();
  json::object kept = shell("kept", "true");
  kept["settings"] = {{"cleanup", "never"}};
  end_of(op, kept, State::succeeded);
  op.forget("kept");
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), false);
  op.forget("kept", {{"cleanup", "always"}});
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), true);
  json::object removed = shell("removed", "false");
  removed["settings"] = {{"cleanup", "always"}};
  end_of(op, removed, State::failed);
  op.forget("removed");
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), true);
}

TEST_F(LocalStep, IsForgottenByALifeThatNeverSubmittedIt) {
  end_of(open(), shell("a", "true"), State::succeeded);
  const Operator op = open();
  op.forget("a");
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), true);
  op.forget("a");
  EXPECT_EQ(await(op, EventKind::forgotten).at("deleted"), true) << "idempotent";
}

TEST_F(LocalStep, IsNotRemovedWhileItRunsElsewhere) {
  const Operator one = open();
  one.submit(shell("a", "sleep 1000"));
  await(one, "a", State::running);
  const Operator two = open();
  two.forget("a", {{"cleanup", "always"}});
  EXPECT_EQ(await(two, EventKind::warning).at("code"), "StillRunning");
  EXPECT_EQ(await(two, EventKind::forgotten).at("deleted"), false);
  one.cancel("a", 0ms);
  wait_for(one, "a", State::cancelled);
}

TEST_F(LocalStep, MayRunAgainOnceItIsForgotten) {
  const Operator op = open();
  const json::object request = shell("a", "echo x >> '" + file("runs") + "'");
  end_of(op, request, State::succeeded);
  op.forget("a");
  await(op, EventKind::forgotten);
  end_of(op, request, State::succeeded);
  EXPECT_EQ(lines(file("runs")), 2);
}

// ---- Attach

TEST_F(LocalStep, IsFoundByItsLabels) {
  {
    const Operator op = open();
    for (const char* id : {"a", "b", "c"}) {
      json::object request = shell(id, "true");
      request["pipeline"] = std::string(id) == "c" ? "other" : "train";
      end_of(op, request, State::succeeded);
    }
  }
  const Operator op = open();
  const std::uint64_t ticket = op.attach({{"labels", {{"pipeline", "train"}}}}, Operator::Own::observe);
  std::set<std::string> seen;
  for (;;) {
    const auto batch = op.next_events(1, long_enough);
    ASSERT_TRUE(batch);
    const host::Event event = batch->front();
    if (event.kind() == EventKind::state) seen.emplace(event.step_run_id());
    if (event.kind() != EventKind::attached) continue;
    EXPECT_EQ(event.ticket(), ticket);
    break;
  }
  EXPECT_THAT(seen, ElementsAre("a", "b"));
  EXPECT_FALSE(op.status("c"));
}

TEST_F(LocalStep, IsFollowedAndCancelledByOneWhoAttached) {
  const Operator one = open();
  one.submit(shell("a", "sleep 1000"));
  await(one, "a", State::running);
  const Operator two = open();
  two.attach({{"step_run_ids", {"a"}}}, Operator::Own::take_over);
  await(two, EventKind::attached);
  EXPECT_EQ(two.status("a")->front().state(), State::running);
  two.cancel("a");
  wait_for(two, "a", State::cancelled);
  wait_for(one, "a", State::cancelled);
}

TEST_F(LocalStep, HasNoNamespaces) {
  const Operator op = open();
  EXPECT_EQ(error_of([&] { op.attach({{"namespaces", {"x"}}}, Operator::Own::observe); }).code(), STEPOP_E_UNSUPPORTED);
  EXPECT_EQ(error_of([&] { op.forget("a", {{"namespace", "x"}}); }).code(), STEPOP_E_UNSUPPORTED);
}

}  // namespace
}  // namespace stepop::test
