#include "connectors/blocking_source.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <optional>
#include <thread>

#include "connectors/cluster_source.hpp"

namespace stepop::connectors {
namespace {

using namespace std::chrono_literals;
using kube::Fetched;
using kube::FreshAccess;
using Stopped = std::function<bool()>;

FreshAccess access_with(const std::string& token) {
  FreshAccess fresh;
  fresh.access.token = token;
  return fresh;
}

class BlockingSourceTest : public ::testing::Test {
 protected:
  void open(BlockingSource::Flow flow) {
    source = std::make_unique<BlockingSource>(io, std::move(flow), [this](const plugin::Error& error) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      troubles.emplace_back(error.what());
    });
  }
  Fetched fetch() {
    std::optional<Fetched> got;
    source->fetch([&](Fetched fetched) {
      EXPECT_EQ(std::this_thread::get_id(), here);
      got = std::move(fetched);
    });
    EXPECT_FALSE(got) << "never from within fetch";
    io.restart();
    while (!got) io.run_one_for(10s);
    return std::move(*got);
  }

  const std::thread::id here = std::this_thread::get_id();
  boost::asio::io_context io{1};
  // Keeps io running while the thread works.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::vector<std::string> troubles;
  std::unique_ptr<kube::CredentialSource> source;
};

TEST_F(BlockingSourceTest, BringsWhatItsFlowGivesFromAnotherThreadToThisOne) {
  std::thread::id there = here;
  int flows = 0;
  open([&](const Stopped&) {
    there = std::this_thread::get_id();
    return access_with("token " + std::to_string(++flows));
  });
  EXPECT_EQ(std::get<FreshAccess>(fetch()).access.token, "token 1");
  EXPECT_EQ(std::get<FreshAccess>(fetch()).access.token, "token 2");
  EXPECT_NE(there, here);
  EXPECT_TRUE(troubles.empty());
}

TEST_F(BlockingSourceTest, SaysWhyThereIsNothingAndWhatToDo) {
  open([](const Stopped&) -> FreshAccess {
    throw plugin::Error(STEPOP_E_FORBIDDEN, "the role is refused", "ask for sts:AssumeRole");
  });
  EXPECT_EQ(std::get<std::string>(fetch()), "the role is refused (ask for sts:AssumeRole)");
}

TEST_F(BlockingSourceTest, TellsOfTheFirstOfARowOfFailures) {
  bool away = true;
  open([&](const Stopped&) -> FreshAccess {
    if (away) throw plugin::Error(STEPOP_E_UNAVAILABLE, "away");
    return access_with("t");
  });
  fetch();
  fetch();
  EXPECT_EQ(troubles, std::vector<std::string>{"away"});
  away = false;
  fetch();
  away = true;
  fetch();
  EXPECT_EQ(troubles.size(), 2u);
}

TEST_F(BlockingSourceTest, TakesADefectForAFailure) {
  open([](const Stopped&) -> FreshAccess { throw std::runtime_error("a defect"); });
  EXPECT_EQ(std::get<std::string>(fetch()), "a defect");
}

TEST_F(BlockingSourceTest, BlocksEverySignalOnItsThread) {
  bool blocked = false;
  open([&](const Stopped&) {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, nullptr, &set);
    blocked = sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGCHLD) == 1;
    return access_with("t");
  });
  fetch();
  EXPECT_TRUE(blocked);
}

TEST_F(BlockingSourceTest, ThatIsGoneStopsItsFlowAndTellsNobodyOfALateAnswer) {
  std::promise<void> begun;
  bool ended = false;
  open([&](const Stopped& stopped) {
    begun.set_value();
    while (!stopped()) std::this_thread::yield();
    ended = true;
    return access_with("late");
  });
  source->fetch([](Fetched) { ADD_FAILURE() << "nobody is there"; });
  begun.get_future().wait();
  source.reset();
  EXPECT_TRUE(ended) << "its thread has ended with it";
  io.restart();
  io.poll();
}

TEST_F(BlockingSourceTest, ThatWasNeverAskedHasNoThreadToWaitFor) {
  open([](const Stopped&) { return access_with("t"); });
  source.reset();
}

// Nanoseconds since 1970, which our clock counts, end in 2262.
TEST_F(BlockingSourceTest, OfAConnectorTellsAnEndThatOurClockCannotHoldAsOneFarAway) {
  const std::string year_2603 = "e30.eyJleHAiOjIwMDAwMDAwMDAwfQ.c2ln";  // {"exp":20000000000}
  const boost::json::object values{{"server", "https://10.0.0.1:6443"}, {"cluster_name", "blue"}, {"token", year_2603}};
  source = make_cluster_source(
      io, read_configuration({{"type", "kubernetes"}, {"auth_method", "token"}, {"configuration", values}}), {}, {});
  const Fetched fetched = fetch();
  const auto* fresh = std::get_if<FreshAccess>(&fetched);
  ASSERT_TRUE(fresh && fresh->expires_at);
  EXPECT_GT(*fresh->expires_at, std::chrono::system_clock::now() + std::chrono::hours{24 * 365 * 100});
}

}  // namespace
}  // namespace stepop::connectors
