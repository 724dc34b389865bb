#include "run/state_directory.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "input/finding.hpp"
#include "run/run_lock.hpp"
#include "temporary_directory.hpp"

namespace stepop::orchestrator {
namespace {

unsigned mode_of(const std::filesystem::path& file) {
  struct stat status {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_mode & 0777u;
}

TEST(StateDirectory, IsMadeForItsUserAlone) {
  const TemporaryDirectory temporary;
  const auto directory = StateDirectory::open((temporary.path() / "a" / "b").string());
  EXPECT_EQ(mode_of(directory.path()), 0700u);
}

TEST(StateDirectory, MakesItsOwnerOnce) {
  const TemporaryDirectory temporary;
  const std::string owner = StateDirectory::open(temporary.path().string()).owner();
  EXPECT_EQ(owner.size(), 32u);
  EXPECT_EQ(StateDirectory::open(temporary.path().string()).owner(), owner);
  EXPECT_EQ(mode_of(temporary.path() / "owner"), 0600u);
}

TEST(StateDirectory, HasAnOwnerOfItsOwn) {
  const TemporaryDirectory one;
  const TemporaryDirectory other;
  EXPECT_NE(StateDirectory::open(one.path().string()).owner(), StateDirectory::open(other.path().string()).owner());
}

TEST(StateDirectory, RefusesAnOwnerThatIsCutShort) {
  const TemporaryDirectory temporary;
  std::ofstream(temporary.path() / "owner") << "abc\n";
  EXPECT_THROW(StateDirectory::open(temporary.path().string()).owner(), std::runtime_error);
}

TEST(StateDirectory, RefusesAFile) {
  const TemporaryDirectory temporary;
  std::ofstream(temporary.path() / "file") << "x";
  EXPECT_THROW(StateDirectory::open((temporary.path() / "file").string()), BadInput);
}

// In another process: the lock is a process's.
bool another_process_gets_the_lock(const std::filesystem::path& directory) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(try_lock_run(directory) ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(RunLock, IsHeldByOneProcessAtATime) {
  const TemporaryDirectory temporary;
  auto lock = try_lock_run(temporary.path());
  ASSERT_TRUE(lock);
  EXPECT_FALSE(another_process_gets_the_lock(temporary.path()));
  lock.reset();
  EXPECT_TRUE(another_process_gets_the_lock(temporary.path()));
}

TEST(RunLock, IsNotKeptByAChildOfItsProcess) {
  const TemporaryDirectory temporary;
  int hold[2];
  ASSERT_EQ(::pipe(hold), 0);
  // A process that takes the lock, and dies while a child of its own lives on.
  const pid_t holder = ::fork();
  if (holder == 0) {
    const auto lock = try_lock_run(temporary.path());
    if (::fork() == 0) {
      char byte = 0;
      ::close(hold[1]);
      [[maybe_unused]] const ssize_t end = ::read(hold[0], &byte, 1);
      ::_exit(0);
    }
    ::_exit(lock ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(holder, &status, 0), holder);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(try_lock_run(temporary.path()));
  ::close(hold[0]);
  ::close(hold[1]);
}

TEST(RunControl, CannotReachARunThatNobodyDrives) {
  const TemporaryDirectory temporary;
  EXPECT_FALSE(reach_driver(temporary.path()));
  { const Descriptor driver = listen_for_control(temporary.path()); }
  EXPECT_FALSE(reach_driver(temporary.path()));
}

TEST(RunControl, SeesTheEndOfTheDriver) {
  const TemporaryDirectory temporary;
  std::optional<Descriptor> driver = listen_for_control(temporary.path());
  const Descriptor other = reach_driver(temporary.path());
  ASSERT_TRUE(other);
  driver.reset();
  EXPECT_TRUE(wait_for_driver_to_end(other.get()));
}

}  // namespace
}  // namespace stepop::orchestrator
