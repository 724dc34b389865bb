#include <gmock/gmock.h>

#include <thread>

#include "plugin/bounded_log_pipe.hpp"
#include "plugin/objects.hpp"

namespace stepop::plugin {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Read = BoundedLogPipe::Read;

LogRecord line(std::string text) {
  LogRecord record;
  record.data = std::move(text);
  return record;
}

LogRecord end() {
  LogRecord record;
  record.kind = LogRecord::Kind::end;
  return record;
}

class LogPipe : public testing::Test {
 protected:
  std::vector<std::string> read(std::uint32_t max = 100) {
    std::vector<std::string> lines;
    stepop_log_batch* batch = nullptr;
    last_ = pipe_->read(max, &batch);
    for (std::uint32_t i = 0; batch != nullptr && i < batch->count; ++i) {
      const stepop_log_record& record = batch->records[i];
      lines.emplace_back(record.kind == STEPOP_LOG_END ? "<end>" : std::string(record.data, record.size));
    }
    release(batch);
    return lines;
  }
  // How many LOG_READY events wait.
  std::uint32_t events() {
    stepop_batch* batch = events_->take(100, 0ms);
    const std::uint32_t count = batch == nullptr ? 0 : batch->count;
    release(batch);
    return count;
  }

  std::shared_ptr<EventStream> events_ = std::make_shared<EventStream>();
  std::shared_ptr<BoundedLogPipe> pipe_ = std::make_shared<BoundedLogPipe>(events_, 9, "a");
  Read last_ = Read::would_block;
};

TEST_F(LogPipe, HandsOnRecordsInTheirOrder) {
  pipe_->push(line("one"));
  pipe_->push(line(std::string("t\0o", 3)));
  pipe_->push(line(""));
  EXPECT_THAT(read(2), ElementsAre("one", std::string("t\0o", 3)));
  EXPECT_THAT(read(), ElementsAre(""));
  EXPECT_THAT(read(), ElementsAre());
  EXPECT_EQ(last_, Read::would_block);
}

TEST_F(LogPipe, KeepsWhatIsKnownOfARecord) {
  LogRecord record = line("x");
  record.kind = LogRecord::Kind::gap;
  record.partial = true;
  record.attempt = 2;
  record.index = 3;
  record.time_us = 4;
  pipe_->push(record);
  stepop_log_batch* batch = nullptr;
  ASSERT_EQ(pipe_->read(1, &batch), Read::records);
  EXPECT_EQ(batch->records[0].struct_size, sizeof(stepop_log_record));
  EXPECT_EQ(batch->records[0].kind, STEPOP_LOG_GAP);
  EXPECT_EQ(batch->records[0].flags, STEPOP_LOG_FLAG_PARTIAL);
  EXPECT_EQ(batch->records[0].attempt, 2U);
  EXPECT_EQ(batch->records[0].index, 3U);
  EXPECT_EQ(batch->records[0].time_us, 4);
  release(batch);
}

TEST_F(LogPipe, AnnouncesOnceThatThereIsSomethingToRead) {
  pipe_->push(line("one"));
  pipe_->push(line("two"));
  EXPECT_EQ(events(), 1U);
}

TEST_F(LogPipe, AnnouncesAgainWhatAReadLeftBehind) {
  pipe_->push(line("one"));
  pipe_->push(line("two"));
  events();
  read(1);
  EXPECT_EQ(events(), 1U);
}

TEST_F(LogPipe, LeavesNoEventWhenAllIsRead) {
  pipe_->push(line("one"));
  read();
  EXPECT_EQ(events(), 0U);
}

TEST_F(LogPipe, IsOverWhenTheEndWasRead) {
  pipe_->push(line("one"));
  pipe_->push(end());
  EXPECT_FALSE(pipe_->push(line("late")));
  EXPECT_THAT(read(), ElementsAre("one", "<end>"));
  EXPECT_THAT(read(), ElementsAre());
  EXPECT_EQ(last_, Read::ended);
}

TEST_F(LogPipe, SaysEnoughAtItsBoundAndCallsOnceThereIsRoom) {
  int room = 0;
  pipe_->on_room([&] { ++room; });
  const std::string kilobyte(1024, 'x');
  int pushed = 0;
  while (pipe_->push(line(kilobyte))) ++pushed;
  EXPECT_GT(pushed, 512);
  EXPECT_LE(pushed, 1024);
  EXPECT_FALSE(pipe_->push(line("one more is taken all the same")));
  read(10);
  EXPECT_EQ(room, 0) << "it is still more than half full";
  read(2000);
  EXPECT_EQ(room, 1);
  read(2000);
  EXPECT_EQ(room, 1);
  EXPECT_TRUE(pipe_->push(line("x")));
}

TEST_F(LogPipe, TellsThePluginThatTheHostHasClosed) {
  int room = 0;
  pipe_->on_room([&] { ++room; });
  pipe_->push(line("one"));
  pipe_->close();
  pipe_->close();
  EXPECT_EQ(room, 1);
  EXPECT_TRUE(pipe_->closed());
  EXPECT_FALSE(pipe_->push(line("two")));
  EXPECT_EQ(events(), 0U);
}

TEST_F(LogPipe, MayBeUsedAgainFromTheCallThatSaysThereIsRoom) {
  pipe_->on_room([&] { pipe_->push(line("more")); });
  while (pipe_->push(line(std::string(100'000, 'x')))) {
  }
  read(100);
  EXPECT_THAT(read(), ElementsAre("more"));
}

TEST_F(LogPipe, LosesNoLineBetweenTwoThreads) {
  constexpr int lines = 20'000;
  std::thread writer([&] {
    for (int i = 0; i < lines; ++i) pipe_->push(line(std::to_string(i)));
    pipe_->push(end());
  });
  int next = 0;
  bool in_order = true;
  while (last_ != Read::ended) {
    if (last_ == Read::would_block) release(events_->take(1, std::chrono::milliseconds(-1)));
    for (const std::string& text : read(64))
      if (text != "<end>") in_order = in_order && text == std::to_string(next++);
  }
  writer.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(next, lines);
}

}  // namespace
}  // namespace stepop::plugin
