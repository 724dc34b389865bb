#include "plugin/event_stream.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <atomic>
#include <set>
#include <thread>

#include "plugin/objects.hpp"

namespace stepop::plugin {
namespace {

using namespace std::chrono_literals;

// Released at the end of the scope.
struct Batch {
  explicit Batch(stepop_batch* batch) : batch(batch) {}
  Batch(const Batch&) = delete;
  ~Batch() { release(batch); }
  const stepop_event& operator[](std::size_t i) const { return batch->events[i]; }
  stepop_batch* batch;
};

bool readable(const EventStream& stream) {
  pollfd descriptor{stream.descriptor(), POLLIN, 0};
  return ::poll(&descriptor, 1, 0) == 1;
}

constexpr std::chrono::milliseconds without_end{-1};

TEST(EventStream, IsReadableExactlyWhileTheQueueIsNotEmpty) {
  EventStream stream;
  EXPECT_FALSE(readable(stream));
  stream.state({"a", State::accepted, 0, {}});
  stream.state({"b", State::accepted, 0, {}});
  EXPECT_TRUE(readable(stream));
  Batch first(stream.take(1, 0ms));
  EXPECT_TRUE(readable(stream));
  Batch second(stream.take(1, 0ms));
  EXPECT_FALSE(readable(stream));
  stream.warning("", "W", "text", "");
  EXPECT_TRUE(readable(stream));
}

TEST(EventStream, IsNoLongerReadableWhenTheOnlyEventIsTakenBack) {
  EventStream stream;
  stream.log_ready(1, "a");
  EXPECT_TRUE(readable(stream));
  stream.withdraw_log_ready(1);
  EXPECT_FALSE(readable(stream));
}

TEST(EventStream, IsReadableForGoodOnceItIsClosed) {
  EventStream stream;
  stream.close();
  EXPECT_TRUE(readable(stream));
  stream.state({"a", State::accepted, 0, {}});
  Batch batch(stream.take(10, 0ms));
  EXPECT_TRUE(readable(stream));
}

TEST(EventStream, GivesWhatItHeldWhenItWasClosed) {
  EventStream stream;
  stream.state({"a", State::succeeded, 0, {}});
  stream.close();
  Batch batch(stream.take(10, without_end));
  ASSERT_NE(batch.batch, nullptr);
  EXPECT_EQ(stream.take(10, without_end), nullptr);
}

TEST(EventStream, FillsEveryMemberOfAnEvent) {
  EventStream stream;
  stream.state({"step/1", State::failed, 2, {{"reason", "OutOfMemory"}}});
  Batch batch(stream.take(10, 0ms));
  ASSERT_EQ(batch.batch->count, 1U);
  EXPECT_EQ(batch.batch->event_stride, sizeof(stepop_event));
  const stepop_event& event = batch[0];
  EXPECT_EQ(event.struct_size, sizeof(stepop_event));
  EXPECT_EQ(event.kind, STEPOP_EVENT_STATE);
  EXPECT_EQ(event.state, STEPOP_STATE_FAILED);
  EXPECT_EQ(event.terminal, 1U);
  EXPECT_EQ(event.attempt, 2U);
  EXPECT_GE(event.sequence, 1U);
  EXPECT_GT(event.time_us, 1'600'000'000'000'000);
  EXPECT_STREQ(event.step_run_id, "step/1");
  EXPECT_EQ(event.step_run_id_size, 6U);
  EXPECT_STREQ(event.detail, R"({"reason":"OutOfMemory"})");
  EXPECT_EQ(event.detail_size, std::strlen(event.detail));
}

TEST(EventStream, WritesDetailsThatAreJsonWhateverBytesAPluginPutsIn) {
  EventStream stream;
  stream.state({"a", State::failed, 0, {{"log_tail", "caf\xff\xe9"}}});
  Batch batch(stream.take(10, 0ms));
  EXPECT_EQ(json::parse(batch[0].detail).at("log_tail"), "caf\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(stream.last("a"));
}

TEST(EventStream, KeepsBatchesReadableAfterItIsGone) {
  stepop_batch* taken = nullptr;
  {
    EventStream stream;
    stream.state({"a", State::failed, 0, {{"reason", "Evicted"}}});
    taken = stream.take(10, 0ms);
  }
  Batch batch(taken);
  EXPECT_STREQ(batch[0].detail, R"({"reason":"Evicted"})");
}

TEST(EventStream, CutsAnEndlessLogLineAtACharacter) {
  EventStream stream;
  std::string text;
  while (text.size() < 100'000) text += "\xC3\xA4";
  stream.plugin_log("info", "x" + text);
  Batch batch(stream.take(1, 0ms));
  const json::value detail = json::parse(batch[0].detail);
  EXPECT_LT(detail.at("message").as_string().size(), 10'000U);
  EXPECT_FALSE(detail.at("message").as_string().ends_with("\xEF\xBF\xBD"));
}

TEST(EventStream, RemembersTheNewestStateAfterItWasTaken) {
  EventStream stream;
  stream.state({"a", State::running, 1, {{"workload", "w"}}});
  Batch taken(stream.take(10, 0ms));
  Batch newest(stream.newest("a"));
  EXPECT_EQ(newest[0].state, STEPOP_STATE_RUNNING);
  EXPECT_EQ(newest[0].sequence, taken[0].sequence);
  EXPECT_EQ(stream.last("a")->attempt, 1U);
  EXPECT_EQ(stream.last("a")->detail.at("workload"), "w");
  EXPECT_EQ(stream.newest("b"), nullptr);
}

TEST(EventStream, AnswersAWaitForAStepThatHasEndedAtOnce) {
  EventStream stream;
  stream.state({"a", State::lost, 0, {}});
  stepop_batch* out = nullptr;
  EXPECT_EQ(stream.wait("a", without_end, &out), EventStream::Wait::ended);
  Batch batch(out);
  EXPECT_EQ(batch[0].state, STEPOP_STATE_LOST);
  const Batch queued(stream.take(10, 0ms));
  EXPECT_NE(queued.batch, nullptr) << "a wait takes nothing out of the queue";
}

TEST(EventStream, DoesNotWaitForAStepThatItDoesNotKnow) {
  EventStream stream;
  stepop_batch* out = nullptr;
  EXPECT_EQ(stream.wait("a", without_end, &out), EventStream::Wait::not_found);
}

TEST(EventStream, LetsAWaitGoWhenItsTimeHasPassed) {
  EventStream stream;
  stream.state({"a", State::running, 0, {}});
  stepop_batch* out = nullptr;
  EXPECT_EQ(stream.wait("a", 1ms, &out), EventStream::Wait::timeout);
  EXPECT_EQ(stream.wait("a", 0ms, &out), EventStream::Wait::timeout);
}

TEST(EventStream, WakesEveryWaiterOfAStepAtItsEnd) {
  EventStream stream;
  stream.state({"a", State::running, 0, {}});
  stream.state({"b", State::running, 0, {}});
  std::atomic<int> ended{0};
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i)
    waiters.emplace_back([&] {
      stepop_batch* out = nullptr;
      if (stream.wait("a", without_end, &out) == EventStream::Wait::ended) ++ended;
      Batch batch(out);
    });
  stream.state({"a", State::failed, 0, {}});
  for (std::thread& waiter : waiters) waiter.join();
  EXPECT_EQ(ended, 4);
}

TEST(EventStream, WakesWaitersWhenItIsClosed) {
  EventStream stream;
  stream.state({"a", State::running, 0, {}});
  std::atomic<int> waiting{0};
  EventStream::Wait answer{};
  stepop_batch* events = reinterpret_cast<stepop_batch*>(1);
  Batch drained(stream.take(10, 0ms));
  std::thread waiter([&] {
    stepop_batch* out = nullptr;
    ++waiting;
    answer = stream.wait("a", without_end, &out);
  });
  std::thread consumer([&] {
    ++waiting;
    events = stream.take(10, without_end);
  });
  while (waiting != 2) std::this_thread::yield();
  stream.close();
  waiter.join();
  consumer.join();
  EXPECT_EQ(answer, EventStream::Wait::closed);
  EXPECT_EQ(events, nullptr);
}

TEST(EventStream, TellsAWaiterThatTheStepWasForgotten) {
  EventStream stream;
  stream.state({"a", State::running, 0, {}});
  std::atomic<bool> waiting{false};
  EventStream::Wait answer{};
  std::thread waiter([&] {
    stepop_batch* out = nullptr;
    waiting = true;
    answer = stream.wait("a", without_end, &out);
  });
  while (!waiting) std::this_thread::yield();
  stream.forgotten("a", true);
  waiter.join();
  EXPECT_EQ(answer, EventStream::Wait::not_found);
}

TEST(EventStream, GivesEachEventToOneOfSeveralConsumers) {
  constexpr int steps = 2000;
  EventStream stream;
  std::mutex mutex;
  std::multiset<std::string> seen;
  std::set<std::uint64_t> sequences;
  std::vector<std::thread> consumers;
  for (int i = 0; i < 3; ++i)
    consumers.emplace_back([&] {
      while (stepop_batch* taken = stream.take(7, without_end)) {
        Batch batch(taken);
        const std::lock_guard lock(mutex);
        for (std::uint32_t k = 0; k < taken->count; ++k) {
          sequences.insert(batch[k].sequence);
          if (batch[k].terminal != 0) seen.insert(batch[k].step_run_id);
        }
      }
    });
  std::vector<std::thread> producers;
  for (int p = 0; p < 2; ++p)
    producers.emplace_back([&stream, p] {
      for (int i = p; i < steps; i += 2) {
        const std::string id = std::to_string(i);
        stream.state({id, State::accepted, 0, {}});
        stream.state({id, State::running, 0, {}});
        stream.state({id, State::succeeded, 0, {}});
      }
    });
  for (std::thread& producer : producers) producer.join();
  stream.close();
  for (std::thread& consumer : consumers) consumer.join();
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(steps));
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), static_cast<std::size_t>(steps));
}

}  // namespace
}  // namespace stepop::plugin
