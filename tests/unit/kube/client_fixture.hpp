#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>

#include "kube/client.hpp"
#include "kube/tls.hpp"
#include "scripted_server.hpp"

namespace stepop::kube {

using namespace std::chrono_literals;
using test::Peer;
using test::ScriptedServer;
using ::testing::HasSubstr;
using Kind = TransportError::Kind;

// Nothing here waits so long unless it is broken.
constexpr auto patience = 10s;

class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override { initialise_tls(); }

  void run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + patience;
    io.restart();
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it never happened";
      io.run_one_for(100ms);
      if (io.stopped()) io.restart();
    }
  }

  /// Runs what is ready now.
  void drain() {
    io.restart();
    io.poll();
  }

  Client& connect(const std::string& url) {
    access.server = url;
    client.emplace(io, access, options);
    return *client;
  }

  Outcome call(Request request) {
    std::optional<Outcome> got;
    client->call(std::move(request), [&](Outcome outcome) { got = std::move(outcome); });
    run_until([&] { return got.has_value(); });
    return got ? std::move(*got) : Outcome{};
  }
  Outcome get(const std::string& target = "/x") { return call({Method::Get, target}); }

  static std::string body_of(const Outcome& outcome) {
    if (const auto* error = std::get_if<TransportError>(&outcome)) return "error: " + error->message;
    return std::get<Response>(outcome).body;
  }
  static TransportError error_of(const Outcome& outcome) {
    if (const auto* error = std::get_if<TransportError>(&outcome)) return *error;
    ADD_FAILURE() << "an answer " << std::get<Response>(outcome).status;
    return {};
  }

  boost::asio::io_context io{1};
  ClusterAccess access;
  ClientOptions options;
  std::optional<Client> client;
};

inline void answer_all(Peer& peer) {
  while (const auto request = peer.request()) peer.answer(request->substr(0, request->find("\r\n")));
}

}  // namespace stepop::kube
