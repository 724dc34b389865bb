#include "run/run_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace stepop::orchestrator {
namespace {

[[noreturn]] void fail(const std::string& doing) {
  const int error = errno;
  throw std::runtime_error(doing + ": " + std::strerror(error));
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int Descriptor::release() {
  return std::exchange(fd_, -1);
}

std::optional<Descriptor> try_lock_run(const std::filesystem::path& run_directory) {
  std::error_code error;
  std::filesystem::create_directories(run_directory, error);
  const auto file = run_directory / "lock";
  Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) fail("cannot open " + file.string());
  // A record lock belongs to the process. A flock belongs to the open file, and a child that a plugin is about to exec
  // would hold it for a moment after our death: long enough for a resume at once to be refused.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(lock.get(), F_SETLK, &whole) == 0) return lock;
  if (errno == EACCES || errno == EAGAIN) return std::nullopt;
  fail("cannot lock " + file.string());
}

Descriptor listen_for_control(const std::filesystem::path& run_directory) {
  const auto file = run_directory / "control";
  if (::mkfifo(file.c_str(), 0600) != 0 && errno != EEXIST) fail("cannot make " + file.string());
  Descriptor control(::open(file.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!control) fail("cannot open " + file.string());
  return control;
}

void drain_control(int fd) {
  std::array<char, 256> bytes{};
  while (::read(fd, bytes.data(), bytes.size()) > 0) {
  }
}

Descriptor reach_driver(const std::filesystem::path& run_directory) {
  // ENXIO: nobody has it open for reading.
  return Descriptor(::open((run_directory / "control").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
}

void wake_driver(int fd) {
  // A full pipe wakes as well.
  [[maybe_unused]] const ssize_t written = ::write(fd, "!", 1);
}

bool wait_for_driver_to_end(int fd) {
  pollfd waiting{fd, 0, 0};
  for (;;) {
    if (::poll(&waiting, 1, -1) < 0) return false;
    if (waiting.revents & (POLLERR | POLLHUP)) return true;
  }
}

}  // namespace stepop::orchestrator
