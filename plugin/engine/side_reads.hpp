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

// Reads that only explain (the end of a log, a pod's events): answered in time or not at all, by one try and a
// deadline that counts from the asking, and never so many that they hold up a call that matters. THREADS: the loop's.
class SideReads {
 public:
  // An API server and a kubelet that are well answer within milliseconds; a person who waits for a failure does not
  // notice this.
  static constexpr std::chrono::milliseconds deadline{3'000};
  // Fewer than the client's connections: a kubelet that does not answer holds up no other call.
  static constexpr std::size_t most_under_way = 4;

  using Told = std::function<void(std::optional<std::string> body)>;

  SideReads(boost::asio::io_context& io, kube::Client& client) : io_(io), client_(client) {}

  // `told` is called once, never from within this call; with nothing when there was no answer in time, or not a 200.
  void ask(kube::Request request, Told told);
  // Tells nobody any more.
  void stop();

 private:
  struct Question {
    kube::Request request;
    Told told;
    boost::asio::steady_timer timer;
    std::optional<kube::CallId> call;
  };

  void send_more();
  void on_answer(std::uint64_t id, kube::Outcome outcome);
  void tell(std::uint64_t id, std::optional<std::string> body);

  boost::asio::io_context& io_;
  kube::Client& client_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Question>> questions_;
  std::deque<std::uint64_t> waiting_;  // some may have been told that it is too late
  std::size_t under_way_ = 0;
  std::uint64_t next_id_ = 1;
};

}  // namespace stepop::engine
