// Nothing of a plugin stays in a process that has unloaded it.
#include <malloc.h>

#include <cstdlib>

#include "place.hpp"

namespace stepop::test {
namespace {

using host::Operator;
using host::State;

// What a process has.
struct Holdings {
  std::ptrdiff_t threads;
  std::ptrdiff_t descriptors;
  std::size_t bytes;
};

std::ptrdiff_t entries(const char* directory) {
  return std::distance(fs::directory_iterator(directory), fs::directory_iterator());
}

Holdings holdings() {
  const std::ptrdiff_t threads = entries("/proc/self/task");
  const std::ptrdiff_t descriptors = entries("/proc/self/fd");
  const struct mallinfo2 memory = ::mallinfo2();
  return {threads, descriptors, memory.uordblks + memory.hblkhd};
}

class Unload : public Place {
 protected:
  static bool mapped() {
    return content("/proc/self/maps").find(fs::canonical(LOCAL_PLUGIN).string()) != std::string::npos;
  }
  void cycle(int number) {
    const Operator op = open();
    EXPECT_TRUE(mapped());
    const std::string id = std::to_string(number);
    op.submit(shell(id, "echo hello; echo 1 > $STEPOP_RESULT_PATH"));
    const host::LogStream logs = op.open_logs(id);
    EXPECT_EQ(wait_for(op, id, State::succeeded).at("result"), 1);
    while (logs.read().status != host::LogRead::Status::ended) op.next_events(16, 10ms);
    op.forget(id);
    await(op, host::EventKind::forgotten);
  }
};

// Bytes are counted exactly only without malloc's cache of free chunks, which a process must be started without.
constexpr const char* exact_malloc = "glibc.malloc.tcache_count=0";

TEST_F(Unload, LeavesNoMappingThreadDescriptorOrByteAfterTwoHundredTimes) {
  if (const char* tunables = std::getenv("GLIBC_TUNABLES");
      tunables == nullptr || tunables != std::string(exact_malloc)) {
    const auto* self = testing::UnitTest::GetInstance()->current_test_info();
    Process exact({"env", std::string("GLIBC_TUNABLES=") + exact_malloc, fs::read_symlink("/proc/self/exe").string(),
                   std::string("--gtest_filter=") + self->test_suite_name() + "." + self->name()});
    std::string output;
    for (std::string line; !(line = exact.read_line()).empty();) output += line + "\n";
    EXPECT_EQ(exact.wait(), 0) << output;
    return;
  }
  constexpr int warm_up = 5;  // what the C library and the loader keep for themselves, once
  constexpr int cycles = 200;
  Holdings before{};
  for (int i = 0; i < cycles; ++i) {
    if (i == warm_up) before = holdings();
    cycle(i);
    ASSERT_FALSE(mapped()) << "after " << i + 1 << " times";
  }
  const Holdings after = holdings();
  EXPECT_EQ(after.threads, before.threads);
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_EQ(after.bytes, before.bytes) << "after " << cycles - warm_up << " times";
}

TEST_F(Unload, WaitsForNoStep) {
  {
    const Operator op = open();
    op.submit(shell("a", "sleep 1000"));
    await(op, "a", State::running);
  }
  EXPECT_FALSE(mapped());
  const Operator op = open();
  op.submit(shell("a", "sleep 1000"));
  await(op, "a", State::running);
  op.cancel("a", 0ms);
  wait_for(op, "a", State::cancelled);
}

}  // namespace
}  // namespace stepop::test
