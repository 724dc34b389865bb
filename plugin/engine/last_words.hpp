#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "kube/client.hpp"

namespace stepop::engine {

// Fetches the end of a container's log, in time or not at all: one try, and a deadline that counts from the asking.
// A terminal event waits for it, so it never waits longer. THREADS: the loop's.
class LastWords {
 public:
  // A kubelet that is well answers within milliseconds; a person who waits for a failure does not notice this.
  static constexpr std::chrono::milliseconds deadline{3'000};
  // Fewer than the client's connections: a kubelet that does not answer holds up no other call.
  static constexpr std::size_t most_under_way = 4;

  using Told = std::function<void(std::string tail)>;

  LastWords(boost::asio::io_context& io, kube::Client& client) : io_(io), client_(client) {}

  // `told` is called once, never from within this call; with an empty text when there is nothing to quote, or not in time.
  void ask(const std::string& namespace_, const std::string& pod, const std::string& container, Told told);
  // Tells nobody any more.
  void stop();

 private:
  struct Question {
    std::string target;
    Told told;
    boost::asio::steady_timer timer;
    std::optional<kube::CallId> call;
  };

  void send_more();
  void on_answer(std::uint64_t id, const kube::Outcome& outcome);
  void tell(std::uint64_t id, std::string tail);

  boost::asio::io_context& io_;
  kube::Client& client_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Question>> questions_;
  std::deque<std::uint64_t> waiting_;  // some may have been told that it is too late
  std::size_t under_way_ = 0;
  std::uint64_t next_id_ = 1;
};

}  // namespace stepop::engine
