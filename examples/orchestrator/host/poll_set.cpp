#include "host/poll_set.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

namespace stepop::orchestrator {
namespace {

[[noreturn]] void fail(const char* call) {
  const int error = errno;
  throw std::runtime_error(std::string(call) + ": " + std::strerror(error));
}

}  // namespace

PollSet::PollSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) fail("epoll_create1");
}

void PollSet::add(int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

std::vector<std::uint64_t> PollSet::wait(std::optional<std::chrono::milliseconds> timeout) {
  int milliseconds = -1;
  if (timeout) {
    milliseconds = static_cast<int>(std::clamp<std::int64_t>(timeout->count(), 0, std::numeric_limits<int>::max()));
  }
  std::array<epoll_event, 32> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), milliseconds);
  if (count < 0 && errno != EINTR) fail("epoll_wait");
  std::vector<std::uint64_t> keys;
  for (int i = 0; i < count; ++i) keys.push_back(events[static_cast<std::size_t>(i)].data.u64);
  return keys;
}

Descriptor second_timer() {
  Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer) fail("timerfd_create");
  itimerspec every{};
  every.it_interval.tv_sec = 1;
  every.it_value.tv_sec = 1;
  if (::timerfd_settime(timer.get(), 0, &every, nullptr) != 0) fail("timerfd_settime");
  return timer;
}

void drain_timer(int fd) {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t count = ::read(fd, &expirations, sizeof expirations);
}

}  // namespace stepop::orchestrator
