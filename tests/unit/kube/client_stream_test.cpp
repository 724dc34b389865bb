#include <atomic>
#include <future>

#include "client_fixture.hpp"

namespace stepop::kube {
namespace {

struct Heard {
  std::vector<int> heads;
  std::string data;
  std::string error_body;
  std::optional<Outcome> end;
  StreamHandlers handlers() {
    return {[this](Response head) {
              heads.push_back(head.status);
              error_body = head.body;
            },
            [this](std::string_view bytes) { data += bytes; },
            [this](Outcome outcome) {
              EXPECT_FALSE(end) << "ended twice";
              end = std::move(outcome);
            }};
  }
};

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(ClientTest, StreamsABodyAsItComes) {
  std::promise<void> go;
  auto gone = go.get_future().share();
  ScriptedServer server({[gone](Peer& peer) {
    peer.request();
    peer.send(chunked_head + "3\r\none\r\n");
    gone.wait();
    peer.send("3\r\ntwo\r\n0\r\n\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  Heard heard;
  client->stream({Method::Get, "/s"}, heard.handlers());
  run_until([&] { return heard.data == "one"; });
  EXPECT_EQ(heard.heads, std::vector<int>{200});
  EXPECT_FALSE(heard.end);
  go.set_value();
  run_until([&] { return heard.end.has_value(); });
  EXPECT_EQ(heard.data, "onetwo");
  EXPECT_TRUE(std::holds_alternative<Response>(*heard.end));
}

TEST_F(ClientTest, EndsATruncatedStreamWithAnError) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send(chunked_head + "3\r\none\r\n");
    peer.close();
    peer.wait_for_end();
  }});
  connect(server.url());
  Heard heard;
  client->stream({Method::Get, "/s"}, heard.handlers());
  run_until([&] { return heard.end.has_value(); });
  EXPECT_EQ(heard.data, "one");
  EXPECT_EQ(error_of(*heard.end).kind, Kind::Reset);
}

TEST_F(ClientTest, GivesTheWholeBodyOfAnErrorWithTheHeadOfAStream) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 410 Gone\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntoo \r\n3\r\nold\r\n0\r\n\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  Heard heard;
  client->stream({Method::Get, "/s"}, heard.handlers());
  run_until([&] { return heard.end.has_value(); });
  EXPECT_EQ(heard.heads, std::vector<int>{410});
  EXPECT_EQ(heard.error_body, "too old");
  EXPECT_EQ(heard.data, "");
}

TEST_F(ClientTest, EndsAnIdleStreamAndNotAPausedOne) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send(chunked_head + "3\r\none\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  Heard paused;
  const StreamId id = client->stream({Method::Get, "/s"}, paused.handlers(), 50ms);
  Heard idle;
  run_until([&] { return paused.data == "one"; });
  client->pause(id);
  client->stream({Method::Get, "/s"}, idle.handlers(), 150ms);
  run_until([&] { return idle.end.has_value(); });
  EXPECT_EQ(error_of(*idle.end).kind, Kind::Timeout);
  EXPECT_THAT(error_of(*idle.end).message, HasSubstr("nothing came"));
  EXPECT_FALSE(paused.end);
  client->resume(id);
  run_until([&] { return paused.end.has_value(); });
}

TEST_F(ClientTest, TellsNothingWhilePausedAndAllOfItAfterwards) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send(chunked_head + "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  Heard heard;
  StreamHandlers handlers = heard.handlers();
  StreamId id{};
  handlers.on_data = [&](std::string_view bytes) {
    heard.data += bytes;
    client->pause(id);
  };
  id = client->stream({Method::Get, "/s"}, handlers);
  run_until([&] { return heard.data == "a"; });
  drain();
  EXPECT_EQ(heard.data, "a");
  client->resume(id);
  run_until([&] { return heard.data == "abc"; });
  drain();
  EXPECT_FALSE(heard.end);
  client->resume(id);
  run_until([&] { return heard.end.has_value(); });
}

TEST_F(ClientTest, StopsReadingFromTheNetworkWhilePaused) {
  constexpr std::size_t size = 64u << 20;  // more than all buffers between the two
  std::atomic<bool> all_sent = false;
  ScriptedServer server({[&](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
    peer.send(std::string(size, 'x'));
    all_sent = true;
    peer.wait_for_end();
  }});
  connect(server.url());
  std::size_t got = 0;
  bool ended = false;
  StreamId id{};
  StreamHandlers handlers;
  handlers.on_data = [&](std::string_view bytes) {
    if (got == 0) client->pause(id);
    got += bytes.size();
  };
  handlers.on_end = [&](Outcome) { ended = true; };
  id = client->stream({Method::Get, "/s"}, handlers);
  run_until([&] { return got > 0; });
  const std::size_t before = got;
  drain();
  EXPECT_EQ(got, before);
  EXPECT_FALSE(all_sent);
  client->resume(id);
  run_until([&] { return ended; });
  EXPECT_EQ(got, size);
}

TEST_F(ClientTest, CallsNoHandlerOfAClosedStream) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send(chunked_head + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  Heard heard;
  StreamHandlers handlers = heard.handlers();
  StreamId id{};
  handlers.on_data = [&](std::string_view bytes) {
    heard.data += bytes;
    client->close(id);
  };
  id = client->stream({Method::Get, "/s"}, handlers);
  run_until([&] { return !heard.data.empty(); });
  drain();
  EXPECT_EQ(heard.data, "a");
  EXPECT_FALSE(heard.end);
}

TEST_F(ClientTest, GivesEachStreamAConnectionBeyondThePool) {
  ScriptedServer server({[](Peer& peer) {
    while (const auto request = peer.request()) {
      if (request->find("GET /s") == 0) {
        peer.send(chunked_head + "1\r\na\r\n");
      } else {
        peer.answer("ok");
      }
    }
  }});
  options.max_connections = 1;
  connect(server.url());
  Heard first, second;
  client->stream({Method::Get, "/s"}, first.handlers());
  client->stream({Method::Get, "/s"}, second.handlers());
  run_until([&] { return first.data == "a" && second.data == "a"; });
  EXPECT_EQ(body_of(get("/call")), "ok");
}

}  // namespace
}  // namespace stepop::kube
