// Hosts that die, and hosts that come after them. The host that dies is the C example.
#include <signal.h>

#include <random>
#include <thread>

#include <fstream>

#include "place.hpp"

namespace stepop::test {
namespace {

using host::Operator;
using host::State;

class HostDeath : public Place {
 protected:
  // Its directory stays after `forget`, so that a step which the dead host had acknowledged is not run anew.
  json::object lasting(const std::string& id, const std::string& script) {
    json::object request = shell(id, script);
    request["settings"] = {{"cleanup", "never"}};
    return request;
  }
  Process start(const json::object& request) {
    return Process({C_HOST, LOCAL_PLUGIN, "local", json::serialize(config()), json::serialize(request)});
  }
  static void await_line(Process& process, const std::string& beginning) {
    for (std::string line; !(line = process.read_line()).empty();)
      if (line.starts_with(beginning)) return;
    ADD_FAILURE() << "the host ended";
  }
};

TEST_F(HostDeath, LeavesTheStepRunningAndTheNextHostFollowsIt) {
  const json::object request = lasting("a", "echo x >> '" + file("runs") + "'; until [ -e '" + file("go") +
                                                "' ]; do sleep 0.01; done; echo done; echo 42 > $STEPOP_RESULT_PATH");
  Process dead = start(request);
  await_line(dead, "running");
  dead.kill(SIGKILL);
  EXPECT_EQ(dead.wait(), 128 + SIGKILL);

  const Operator op = open();
  op.submit(request, host::IfAbsent::report_lost);
  await(op, "a", State::running);
  std::ofstream(file("go")).put('\n');
  EXPECT_EQ(wait_for(op, "a", State::succeeded).at("result"), 42);
  EXPECT_EQ(lines(file("runs")), 1);
}

TEST_F(HostDeath, DoesNotHideAnEndThatNobodySaw) {
  const json::object request = lasting("a", "sleep 0.1; exit 5");
  Process dead = start(request);
  await_line(dead, "running");
  dead.kill(SIGKILL);
  dead.wait();
  EXPECT_EQ(end_of(open(), request, State::failed).at("exit_code"), 5);
}

TEST_F(HostDeath, AtAnyMomentLeavesAStepThatRanOnce) {
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> moment(0, 30'000);
  for (int i = 0; i < 40; ++i) {
    const std::string id = std::to_string(i);
    const json::object request =
        lasting(id, "echo x >> '" + file(id) + "'; sleep 0.01; echo " + id + " > $STEPOP_RESULT_PATH");
    Process dead = start(request);
    const int us = moment(random);
    std::this_thread::sleep_for(std::chrono::microseconds(us));
    dead.kill(SIGKILL);
    dead.wait();
    const Operator op = open();
    EXPECT_EQ(end_of(op, request, State::succeeded).at("result"), i);
    EXPECT_EQ(lines(file(id)), 1) << "killed after " << us << " us";
  }
}

TEST_F(HostDeath, DoesNotStopACancelThatWasBegun) {
  const json::object request = lasting("a", "trap '' TERM; echo ready; while :; do sleep 0.01; done");
  Process dead = start(request);
  await_line(dead, "log: ready");
  {
    const Operator op = open();
    op.submit(request);
    await(op, "a", State::running);
    op.cancel("a", 200ms);
    op.shutdown(5s);
  }
  dead.kill(SIGKILL);
  dead.wait();
  EXPECT_EQ(end_of(open(), request, State::cancelled).at("exit_code"), 128 + SIGKILL);
}

TEST_F(HostDeath, BySignalOfTheTerminalDoesNotReachTheStep) {
  const json::object request = lasting("a", "sleep 0.2; echo 1 > $STEPOP_RESULT_PATH");
  Process dead = start(request);
  await_line(dead, "running");
  dead.kill(SIGINT);
  EXPECT_EQ(dead.wait(), 128 + SIGINT);
  end_of(open(), request, State::succeeded);
}

TEST_F(HostDeath, TogetherWithTheSupervisorIsALostStep) {
  const json::object request = lasting("a", "sleep 2");
  const Operator op = open();
  op.submit(request);
  await(op, "a", State::running);
  const auto pid = static_cast<pid_t>(std::stol(content(only_step() / "begun").substr(4)));
  ::kill(pid, SIGKILL);
  const json::object detail = wait_for(op, "a", State::lost);
  EXPECT_EQ(detail.at("reason"), "SupervisorLost");
  EXPECT_EQ(detail.at("user_code_ran"), "yes");
  end_of(open(), request, State::lost);
}

TEST_F(HostDeath, BeforeTheStepBeganLetsTheNextHostBeginIt) {
  // What a host leaves that dies after it journalled the step and before it started the supervisor.
  const json::object request = lasting("a", "echo x >> '" + file("runs") + "'");
  end_of(open(), request, State::succeeded);
  const fs::path step = only_step();
  for (const char* name : {"begun", "started", "end", "log"}) fs::remove(step / name);
  fs::remove(file("runs"));

  const Operator observer = open();
  observer.attach({}, Operator::Own::observe);
  // The old supervisor may hold the lock for a moment more, and then the step is just pending.
  for (json::object detail; !detail.contains("reason");) detail = await(observer, host::EventKind::state);
  EXPECT_EQ(observer.status("a")->front().parse_detail().at("reason"), "StartInterrupted");

  const Operator op = open();
  op.submit(request, host::IfAbsent::report_lost);
  wait_for(op, "a", State::succeeded);
  EXPECT_EQ(lines(file("runs")), 1);
  wait_for(observer, "a", State::succeeded);
}

}  // namespace
}  // namespace stepop::test
