// Logs of real containers, through a real kubelet and API server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "log_cluster.hpp"

namespace stepop::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// containerd 1.6 drops what is still in its pipes, up to 100 kB, when a container ends right after a burst: the bytes never
// reach the log file, and nobody can know of them. A moment of silence at the end, and it has written all.
std::string drained(const std::string& script) {
  return script + "; sleep 1";
}

// Lines `1` to `count`, then the end.
void expect_numbers(const std::vector<std::string>& lines, int count) {
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(count) + 1);
  for (int i = 0; i < count; ++i) ASSERT_EQ(lines[static_cast<std::size_t>(i)], std::to_string(i + 1));
  EXPECT_EQ(lines.back(), "<end>");
}

TEST_F(LogCluster, FollowsAChattyPodFromBeforeItsStartToItsEnd) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("chatty", pipe);
  run_pod("chatty", drained("seq 1 20000; sleep 1; seq 20001 40000"));
  run_until([&] { return pipe->ended(); });
  expect_numbers(pipe->lines(), 40'000);
}

TEST_F(LogCluster, FollowsLinesAsTheyAreWritten) {
  const auto pipe = std::make_shared<CollectingPipe>();
  run_pod("live", "echo early; sleep 600");
  follow("live", pipe);
  run_until([&] { return !pipe->lines().empty(); });
  EXPECT_THAT(pipe->lines(), ElementsAre("early"));
  EXPECT_TRUE(running("live"));
  delete_pod("live");
  run_until([&] { return pipe->ended(); });
}

TEST_F(LogCluster, CutsALineOfTenMegabytes) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("long", pipe);
  run_pod("long", drained("echo before; head -c 10000000 /dev/zero | tr '\\0' x; echo; echo after"));
  run_until([&] { return pipe->ended(); });
  ASSERT_EQ(pipe->lines().size(), 4u);
  EXPECT_EQ(pipe->lines()[0], "before");
  EXPECT_EQ(pipe->lines()[1].size(), 10'000'000u);
  EXPECT_EQ(pipe->lines()[1].find_first_not_of('x'), std::string::npos);
  EXPECT_EQ(pipe->lines()[2], "after");
  EXPECT_LE(pipe->longest_record(), 16u * 1024);
}

TEST_F(LogCluster, KeepsBinaryBytesAndALastLineWithoutANewline) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("binary", pipe);
  run_pod("binary", R"(printf 'a\000\377\376\r\t\033[0m\n\n \n2024-05-06T07:08:09Z not a time\nlast words')");
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), ElementsAre(std::string("a\0\xff\xfe\r\t\x1b[0m", 10), "", " ",
                                         "2024-05-06T07:08:09Z not a time", "last words", "<end>"));
}

TEST_F(LogCluster, ReadsThePastOfAContainerThatHasEnded) {
  run_pod("past", "seq 1 100");
  run_until([&] { return over("past"); });
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("past", pipe);
  run_until([&] { return pipe->ended(); });
  expect_numbers(pipe->lines(), 100);

  const auto tail = std::make_shared<CollectingPipe>();
  follow("past", tail, {true, std::nullopt, 2});
  run_until([&] { return tail->ended(); });
  EXPECT_THAT(tail->lines(), ElementsAre("99", "100", "<end>"));
}

TEST_F(LogCluster, ReadsWhatThereIsOnceWithoutFollow) {
  run_pod("once", "echo early; sleep 600");
  const auto started = std::make_shared<CollectingPipe>();
  follow("once", started);
  run_until([&] { return !started->lines().empty(); });
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("once", pipe, {false, std::nullopt, std::nullopt});
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), ElementsAre("early", "<end>"));
  EXPECT_TRUE(running("once"));
  delete_pod("once");
}

TEST_F(LogCluster, EndsAnEmptyLog) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("empty", pipe);
  run_pod("empty", "true");
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), ElementsAre("<end>"));
}

TEST_F(LogCluster, BringsEachLineOnceWhenConnectionsAreResetAgainAndAgain) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("reset", pipe);
  // Some 4 lines a millisecond, for some seconds.
  run_pod("reset",
          "i=0; while [ $i -lt 400 ]; do seq $((i * 50 + 1)) $((i * 50 + 50)); i=$((i + 1)); usleep 12000; done");
  while (!pipe->ended()) {
    run_for(150ms);
    if (!over("reset")) proxy_->cut();
    ASSERT_LT(proxy_->cuts(), 1000u);
  }
  EXPECT_GE(proxy_->cuts(), 10u);
  expect_numbers(pipe->lines(), 20'000);
}

TEST_F(LogCluster, BringsEachByteOnceWhenConnectionsBreakWithinALongLine) {
  run_pod("broken-line", drained("echo before; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after"));
  run_until([&] { return over("broken-line"); });
  const auto pipe = std::make_shared<CollectingPipe>();
  proxy_->cut_each_after(400'000);
  follow("broken-line", pipe);
  run_until([&] { return proxy_->cuts() >= 2; });
  proxy_->cut_each_after(2'000'000);
  run_until([&] { return proxy_->cuts() >= 4; });
  proxy_->cut_each_after(0);
  run_until([&] { return pipe->ended(); });
  ASSERT_EQ(pipe->lines().size(), 4u);
  EXPECT_EQ(pipe->lines()[1].size(), 3'000'000u);
  EXPECT_EQ(pipe->lines()[2], "after");
}

TEST_F(LogCluster, SurvivesAConnectionThatDiedWithoutAWord) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("stalled", pipe);
  run_pod("stalled", "echo one; sleep 4; echo two");
  run_until([&] { return !pipe->lines().empty(); });
  proxy_->stall();
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), ElementsAre("one", "two", "<end>"));
}

TEST_F(LogCluster, GoesOnAfterTheServerWasOutOfReach) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("away", pipe);
  run_pod("away", "echo one; sleep 3; echo two");
  run_until([&] { return !pipe->lines().empty(); });
  proxy_->refuse(true);
  proxy_->cut();
  run_until([&] { return over("away"); });
  run_for(500ms);
  EXPECT_THAT(pipe->lines(), ElementsAre("one"));
  proxy_->refuse(false);
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), ElementsAre("one", "two", "<end>"));
}

TEST_F(LogCluster, DoesNotReadAheadOfASlowReader) {
  const auto pipe = std::make_shared<CollectingPipe>(64 * 1024);
  // Less than the 10 MiB at which the kubelet rotates.
  run_pod("slow", drained("seq 1 200000"));
  run_until([&] { return over("slow"); });
  follow("slow", pipe);
  run_until([&] { return pipe->waiting_bytes() >= 64u * 1024; });
  run_for(1s);
  // What the client took off the network; what the kernel's buffers hold is not its doing.
  const auto received = log_client_->counters().bytes_received;
  run_for(1s);
  EXPECT_EQ(log_client_->counters().bytes_received, received) << "the network is read although the pipe is full";
  while (!pipe->ended()) {
    pipe->read();
    run_for(1ms);
  }
  expect_numbers(pipe->lines(), 200'000);
  // Full, and what one read from the network had brought.
  EXPECT_LE(pipe->most_waiting_bytes(), 1u << 20);
}

TEST_F(LogCluster, BringsTheLastWordsOfAPodThatIsDeleted) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("deleted", pipe);
  run_pod("deleted", "trap 'echo bye; exit 0' TERM; echo hello; while :; do usleep 10000; done");
  run_until([&] { return !pipe->lines().empty(); });
  delete_pod("deleted");
  run_until([&] { return pipe->ended(); });
  ASSERT_GE(pipe->lines().size(), 3u);
  EXPECT_EQ(pipe->lines()[0], "hello");
  EXPECT_EQ(pipe->lines()[1], "bye");
}

TEST_F(LogCluster, EndsWithoutALineForAPodThatIsDeletedBeforeItStarts) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("nowhere", pipe);
  run_pod("nowhere", "echo never");
  delete_pod("nowhere");
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), Not(Contains("never")));
}

TEST_F(LogCluster, TellsWhatARotationTook) {
  const auto pipe = std::make_shared<CollectingPipe>();
  follow("rotated", pipe);
  // Enough for the kubelet's 10 MiB twice over, in more than two of its rounds of 10 s.
  run_pod(
      "rotated",
      "echo first; i=0; while [ $i -lt 40 ]; do head -c 1000000 /dev/zero | tr '\\0' x | fold -w 1000; echo; sleep 1; "
      "i=$((i + 1)); done; echo last");
  run_until([&] { return !pipe->lines().empty(); });
  proxy_->refuse(true);
  proxy_->cut();
  run_until([&] { return over("rotated"); });
  proxy_->refuse(false);
  run_until([&] { return pipe->ended(); });
  ASSERT_EQ(pipe->gaps().size(), 1u);
  EXPECT_EQ(pipe->lines()[0], "first");
  EXPECT_THAT(pipe->gaps()[0].data, HasSubstr("\"from\":\"20"));
  EXPECT_THAT(pipe->gaps()[0].data, HasSubstr("\"to\":\"20"));
  EXPECT_EQ(pipe->lines()[pipe->lines().size() - 2], "last");
}

TEST_F(LogCluster, TakesAPodOfTheSameNameWithAnotherUidForAnotherPod) {
  const auto pipe = std::make_shared<CollectingPipe>();
  run_pod("twin", "echo one; sleep 600");
  auto& follower = follow("twin", pipe);
  run_until([&] { return !pipe->lines().empty(); });
  kube::Pod other;
  other.metadata.name = "twin";
  other.metadata.uid = "another";
  follower.on_pod(other);
  run_until([&] { return pipe->ended(); });
  EXPECT_THAT(pipe->lines(), ElementsAre("one", "<gap>", "<end>"));
  EXPECT_TRUE(running("twin"));
  delete_pod("twin");
}

TEST_F(LogCluster, StopsWhenTheHostClosesItsEnd) {
  const auto pipe = std::make_shared<CollectingPipe>();
  run_pod("closed", "while :; do echo tick; usleep 100000; done");
  auto& follower = follow("closed", pipe);
  run_until([&] { return !pipe->lines().empty(); });
  pipe->close();
  run_until([&] { return follower.finished(); });
  const auto lines = pipe->lines().size();
  run_for(500ms);
  EXPECT_EQ(pipe->lines().size(), lines);
  delete_pod("closed");
}

// Full after every tenth record; its host is another thread, which makes room, and closes whenever it likes.
class PipeOfAnotherThread : public plugin::LogPipe {
 public:
  bool push(plugin::LogRecord) override {
    const std::lock_guard lock(mutex_);
    if (++records_ % 10 == 0) full_ = true;
    changed_.notify_one();
    return !full_;
  }
  bool closed() const override { return closed_; }
  void on_room(std::function<void()> call) override { on_room_ = std::move(call); }

  void read_until(unsigned records) {
    std::unique_lock lock(mutex_);
    while (records_ < records && !stopped_) {
      changed_.wait(lock, [&] { return full_ || stopped_; });
      full_ = false;
      lock.unlock();
      on_room_();
      lock.lock();
    }
    closed_ = true;
    lock.unlock();
    on_room_();
  }
  void stop_reading() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> on_room_;
  bool full_ = false;
  bool stopped_ = false;
  unsigned records_ = 0;
  std::atomic<bool> closed_{false};
};

TEST_F(LogCluster, IsHeardByAHostThatReadsOnAThreadOfItsOwn) {
  const auto pipe = std::make_shared<PipeOfAnotherThread>();
  run_pod("thread", "while :; do seq 1 100; usleep 100000; done");
  auto& follower = follow("thread", pipe);
  std::thread host([&] { pipe->read_until(1000); });
  run_until([&] { return follower.finished(); });
  stop_following();
  pipe->stop_reading();
  host.join();
  delete_pod("thread");
}

TEST_F(LogCluster, LeavesNothingBehindWhenItIsDestroyed) {
  const auto pipe = std::make_shared<CollectingPipe>();
  run_pod("left", "while :; do echo tick; usleep 100000; done");
  follow("left", pipe);
  run_until([&] { return !pipe->lines().empty(); });
  stop_following();
  const auto lines = pipe->lines().size();
  run_for(500ms);
  EXPECT_EQ(pipe->lines().size(), lines);
  // A host's thread may still have the pipe.
  pipe->close();
  run_for(10ms);
  delete_pod("left");
}

}  // namespace
}  // namespace stepop::testing
