#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <thread>
#include <utility>

namespace stepop::engine {

// The one thread of an operator, and its io_context. All state of an engine lives on it, without locks.
// The thread blocks every signal, so a host's handlers run on the host's threads, and is named `stepop`.
class Loop {
 public:
  Loop();
  // Stops and joins.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  boost::asio::io_context& io() { return io_; }

  // Runs `work` on the loop's thread, later. [thread-safe]
  template <class Work>
  void post(Work&& work) {
    boost::asio::post(io_, std::forward<Work>(work));
  }

  // Runs `work` on the loop's thread and waits for it. After stop(): runs it here. Not from the loop's thread.
  void run_and_wait(const std::function<void()>& work);

  // Nothing posted runs any more once it has returned. Idempotent. Not from the loop's thread.
  void stop();

 private:
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace stepop::engine
