#include "engine/loop.hpp"

#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>

#include <future>

namespace stepop::engine {

Loop::Loop() : work_(boost::asio::make_work_guard(io_)) {
  // The new thread inherits the mask, so no signal finds it between its start and its first line.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "stepop");
      io_.run();
      // Its thread-local state would otherwise be freed by a destructor that dlclose has unmapped.
      OPENSSL_thread_stop();
    });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Loop::~Loop() {
  stop();
}

void Loop::run_and_wait(const std::function<void()>& work) {
  if (!thread_.joinable()) return work();
  std::promise<void> done;
  post([&] {
    try {
      work();
      done.set_value();
    } catch (...) {
      done.set_exception(std::current_exception());
    }
  });
  done.get_future().get();
}

void Loop::stop() {
  if (!thread_.joinable()) return;
  work_.reset();
  io_.stop();
  thread_.join();
}

}  // namespace stepop::engine
