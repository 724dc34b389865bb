#include "host/signals.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <stdexcept>

namespace stepop::orchestrator {
namespace {

// The handler has no other way to reach the object.
std::atomic<int> pipe_of_handler{-1};

void on_signal(int number) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(number);
  [[maybe_unused]] const ssize_t written = ::write(pipe_of_handler.load(), &byte, 1);
  errno = error;
}

void on_broken_pipe(int) {}

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(number, &action, nullptr);
}

}  // namespace

Signals::Signals(std::vector<int> numbers) : numbers_(std::move(numbers)) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe for signals");
  read_end_ = Descriptor(ends[0]);
  write_end_ = Descriptor(ends[1]);
  pipe_of_handler = write_end_.get();
  for (const int number : numbers_) handle(number, on_signal);
}

Signals::~Signals() {
  for (const int number : numbers_) handle(number, SIG_DFL);
  pipe_of_handler = -1;
}

std::vector<int> Signals::take() {
  std::vector<int> numbers;
  std::array<unsigned char, 64> bytes{};
  for (;;) {
    const ssize_t count = ::read(read_end_.get(), bytes.data(), bytes.size());
    if (count <= 0) return numbers;
    for (ssize_t i = 0; i < count; ++i) numbers.push_back(bytes[static_cast<std::size_t>(i)]);
  }
}

void survive_broken_pipes() {
  handle(SIGPIPE, on_broken_pipe);
}

}  // namespace stepop::orchestrator
