// A step's log, as a host reads it.
#include <fstream>

#include "place.hpp"

namespace stepop::test {
namespace {

using host::EventKind;
using host::LogKind;
using host::LogRead;
using host::LogStream;
using host::Operator;
using host::State;
using testing::ElementsAre;

class LocalLog : public Place {
 protected:
  // Reads until the log's end, or until `max` lines are there.
  static std::vector<std::string> read(const Operator& op, const LogStream& logs, std::size_t max = SIZE_MAX) {
    std::vector<std::string> lines;
    bool begun = false;
    while (lines.size() < max || begun) {
      const LogRead read = logs.read(64);
      if (read.status == LogRead::Status::ended) break;
      if (read.status == LogRead::Status::would_block) {
        if (!op.next_events(16, long_enough)) {
          ADD_FAILURE() << "no event, and the log has not ended";
          break;
        }
        continue;
      }
      for (const host::LogRecord record : read.batch) {
        if (record.kind() != LogKind::data) continue;
        if (begun)
          lines.back() += record.data();
        else
          lines.emplace_back(record.data());
        begun = record.partial();
      }
    }
    return lines;
  }
};

TEST_F(LocalLog, HasWhatTheStepWrote) {
  const Operator op = open();
  op.submit(shell("a", "echo one; echo two >&2; echo; printf three"));
  EXPECT_THAT(read(op, op.open_logs("a")), ElementsAre("one", "two", "", "three"));
}

TEST_F(LocalLog, ComesWhileTheStepRuns) {
  const Operator op = open();
  op.submit(shell("a", "echo one; until [ -e '" + file("go") + "' ]; do sleep 0.01; done; echo two"));
  const LogStream logs = op.open_logs("a");
  EXPECT_THAT(read(op, logs, 1), ElementsAre("one"));
  EXPECT_EQ(op.status("a")->front().terminal(), false);
  std::ofstream(file("go")).put('\n');
  EXPECT_THAT(read(op, logs), ElementsAre("two"));
}

TEST_F(LocalLog, ComesToEveryReaderWhole) {
  const Operator op = open();
  op.submit(shell("a", "echo one; echo two"));
  const LogStream early = op.open_logs("a");
  op.wait("a", long_enough);
  const LogStream late = op.open_logs("a");
  EXPECT_THAT(read(op, late), ElementsAre("one", "two"));
  EXPECT_THAT(read(op, early), ElementsAre("one", "two"));
}

TEST_F(LocalLog, BeginsAtItsTailWhenThatIsAskedFor) {
  const Operator op = open();
  end_of(op, shell("a", "seq 30000; printf end"), State::succeeded);
  EXPECT_THAT(read(op, op.open_logs("a", {.tail_lines = 3})), ElementsAre("29999", "30000", "end"));
  EXPECT_THAT(read(op, op.open_logs("a", {.tail_lines = 0})), ElementsAre());
  EXPECT_EQ(read(op, op.open_logs("a", {.tail_lines = 20000})).size(), 20000U);
  EXPECT_EQ(read(op, op.open_logs("a", {.tail_lines = 99999})).size(), 30001U);
}

TEST_F(LocalLog, EndsWithWhatIsThereWhenItIsNotFollowed) {
  const Operator op = open();
  op.submit(shell("a", "echo one; sleep 1000"));
  const LogStream followed = op.open_logs("a");
  ASSERT_THAT(read(op, followed, 1), ElementsAre("one"));
  EXPECT_THAT(read(op, op.open_logs("a", {.follow = false})), ElementsAre("one"));
  op.cancel("a", 0ms);
  EXPECT_THAT(read(op, followed), ElementsAre());
}

TEST_F(LocalLog, IsWholeHoweverLongItIs) {
  const Operator op = open();
  op.submit(shell("a", "seq 1000000"));
  const LogStream logs = op.open_logs("a");
  op.wait("a", long_enough);  // far more than a stream holds; nobody reads meanwhile
  const std::vector<std::string> lines = read(op, logs);
  ASSERT_EQ(lines.size(), 1'000'000U);
  for (std::size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(lines[i], std::to_string(i + 1));
}

TEST_F(LocalLog, HasLinesOfAnyLengthAndAnyBytes) {
  const Operator op = open();
  op.submit(shell("a", R"(head -c 200000 /dev/zero | tr '\0' x; echo; printf 'a\000\377b\n')"));
  const std::vector<std::string> lines = read(op, op.open_logs("a"));
  EXPECT_THAT(lines, ElementsAre(std::string(200'000, 'x'), std::string("a\0\xff"
                                                                        "b",
                                                                        4)));
}

TEST_F(LocalLog, IsStillReadableByOneWhoBeganBeforeItWasRemoved) {
  const Operator op = open();
  end_of(op, shell("a", "seq 1000000"), State::succeeded);
  const LogStream logs = op.open_logs("a");
  await(op, EventKind::log_ready);
  op.forget("a");
  await(op, EventKind::forgotten);
  EXPECT_EQ(read(op, logs).size(), 1'000'000U);
}

TEST_F(LocalLog, MayBeClosedBeforeItsEnd) {
  const Operator op = open();
  op.submit(shell("a", "yes"));
  {
    const LogStream logs = op.open_logs("a");
    read(op, logs, 10);
  }
  op.cancel("a", 0ms);
  wait_for(op, "a", State::cancelled);
}

TEST_F(LocalLog, KeepsNoTimes) {
  const Operator op = open();
  op.submit(shell("a", "true"));
  try {
    op.open_logs("a", {.since = host::Time(1s)});
    FAIL();
  } catch (const host::Error& error) {
    EXPECT_EQ(error.code(), STEPOP_E_UNSUPPORTED);
  }
}

}  // namespace
}  // namespace stepop::test
