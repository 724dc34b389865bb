#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "client_fixture.hpp"

namespace stepop::kube {
namespace {

TEST_F(ClientTest, SendsARequestAndGivesTheWholeAnswer) {
  std::promise<std::string> seen;
  ScriptedServer server({[&](Peer& peer) {
    seen.set_value(*peer.request());
    peer.answer("hello",
                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 5\r\n"
                "Warning: 299 - \"use \\\"v2\\\"\"\r\nAudit-Id: abc\r\n");
  }});
  access.token = "secret";
  connect(server.url() + "/prefix/");
  const Outcome outcome = call({Method::Post, "/api/v1/x?a=b", "{}"});
  ASSERT_TRUE(std::holds_alternative<Response>(outcome)) << body_of(outcome);
  const auto& response = std::get<Response>(outcome);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.retry_after, 5s);
  EXPECT_EQ(response.date, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(response.warnings, std::vector<std::string>{"use \"v2\""});
  EXPECT_EQ(response.audit_id, "abc");
  const std::string request = seen.get_future().get();
  EXPECT_THAT(request,
              ::testing::StartsWith("POST /prefix/api/v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:" + server.port() + "\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Bearer secret\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"));
  EXPECT_THAT(request, ::testing::EndsWith("\r\n\r\n{}"));
  EXPECT_THAT(request, Not(HasSubstr("gzip")));
}

TEST_F(ClientTest, KeepsAConnectionForTheNextCall) {
  ScriptedServer server({answer_all});
  connect(server.url());
  EXPECT_EQ(body_of(get("/1")), "GET /1 HTTP/1.1");
  EXPECT_EQ(body_of(get("/2")), "GET /2 HTTP/1.1");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(client->counters().requests, 2u);
  EXPECT_EQ(client->counters().connections_opened, 1u);
}

TEST_F(ClientTest, OpensAFewConnectionsAndQueuesTheRest) {
  ScriptedServer server({answer_all});
  options.max_connections = 3;
  connect(server.url());
  int answers = 0;
  for (int i = 0; i < 20; ++i) client->call({Method::Get, "/x"}, [&](Outcome) { ++answers; });
  EXPECT_EQ(answers, 0) << "never from within call()";
  run_until([&] { return answers == 20; });
  EXPECT_EQ(client->counters().connections_opened, 3u);
}

TEST_F(ClientTest, UnwrapsChunksAndSkipsInterimAnswers) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\n\r\n");
    answer_all(peer);
  }});
  connect(server.url());
  EXPECT_EQ(body_of(get()), "hello, world");
  EXPECT_EQ(body_of(get("/2")), "GET /2 HTTP/1.1");
}

TEST_F(ClientTest, TakesATruncatedChunkForAnErrorEvenAfterAnOrderlyEnd) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwo");
    peer.close();
    peer.wait_for_end();
  }});
  connect(server.url());
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Reset);
  EXPECT_TRUE(error.may_have_reached_server);
  EXPECT_THAT(error.message, HasSubstr("GET /x: "));
}

TEST_F(ClientTest, TakesAShortBodyForAnError) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
    peer.close();
    peer.wait_for_end();
  }});
  connect(server.url());
  EXPECT_EQ(error_of(get()).kind, Kind::Reset);
}

TEST_F(ClientTest, ReadsABodyWithoutLengthUntilTheEnd) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.0 200 OK\r\n\r\nall of it");
    peer.close();
    peer.wait_for_end();
  }});
  connect(server.url());
  EXPECT_EQ(body_of(get()), "all of it");
}

TEST_F(ClientTest, DoesNotReuseAConnectionThatTheServerCloses) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.answer("a", "Connection: close\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  EXPECT_EQ(body_of(get()), "a");
  EXPECT_EQ(body_of(get()), "a");
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(ClientTest, NoticesBeforeSendingThatAnIdleConnectionWasClosed) {
  std::promise<void> closed;
  ScriptedServer server({[&](Peer& peer) {
                           peer.request();
                           peer.answer("a");
                           peer.close();
                           closed.set_value();
                           peer.wait_for_end();
                         },
                         answer_all});
  connect(server.url());
  EXPECT_EQ(body_of(get()), "a");
  closed.get_future().wait();
  EXPECT_EQ(body_of(call({Method::Post, "/p", "{}"})), "POST /p HTTP/1.1");
  EXPECT_EQ(client->counters().retries, 0u);
}

// The server closes the kept-alive connection only when the second request is on its way.
ScriptedServer::Script reset_second_request() {
  return [](Peer& peer) {
    peer.request();
    peer.answer("first");
    peer.request();
    peer.reset();
  };
}

TEST_F(ClientTest, SendsAGetOnceMoreWhenAKeptConnectionWasClosedUnderIt) {
  ScriptedServer server({reset_second_request(), answer_all});
  connect(server.url());
  get();
  EXPECT_EQ(body_of(get("/2")), "GET /2 HTTP/1.1");
  EXPECT_EQ(client->counters().retries, 1u);
  EXPECT_EQ(client->counters().connections_opened, 2u);
}

TEST_F(ClientTest, SendsAGetOnceMoreAndNotTwice) {
  ScriptedServer server({reset_second_request(), [](Peer& peer) {
                           peer.request();
                           peer.reset();
                         }});
  connect(server.url());
  get();
  EXPECT_EQ(error_of(get("/2")).kind, Kind::Reset);
  EXPECT_EQ(client->counters().retries, 1u);
}

TEST_F(ClientTest, NeverSendsAPostTwiceAndSaysThatItMayHaveArrived) {
  for (const Method method : {Method::Post, Method::Delete, Method::Put, Method::Patch}) {
    ScriptedServer server({reset_second_request(), answer_all});
    connect(server.url());
    get();
    const TransportError error = error_of(call({method, "/p", "{}"}));
    EXPECT_EQ(error.kind, Kind::Reset);
    EXPECT_TRUE(error.may_have_reached_server);
    EXPECT_EQ(client->counters().requests, 2u);
  }
}

TEST_F(ClientTest, DoesNotRetryOnAFreshConnection) {
  ScriptedServer server({[](Peer& peer) {
                           peer.request();
                           peer.reset();
                         },
                         answer_all});
  connect(server.url());
  EXPECT_EQ(error_of(get()).kind, Kind::Reset);
}

TEST_F(ClientTest, SaysThatARequestCannotHaveArrivedWhenNoConnectionWasMade) {
  std::string url;
  { url = ScriptedServer({answer_all}).url(); }
  connect(url);
  const TransportError error = error_of(call({Method::Post, "/p", "{}"}));
  EXPECT_EQ(error.kind, Kind::Connect);
  EXPECT_FALSE(error.may_have_reached_server);
  EXPECT_THAT(error.message, HasSubstr("Connection refused"));
}

TEST_F(ClientTest, SaysThatAHalfWrittenRequestCannotHaveArrived) {
  ScriptedServer server({[](Peer& peer) { peer.reset(); }});
  connect(server.url());
  // More than the socket buffers of both sides hold, and the server reads none of it.
  const TransportError error = error_of(call({Method::Post, "/p", std::string(64u << 20, 'x')}));
  EXPECT_FALSE(error.may_have_reached_server);
}

TEST_F(ClientTest, TimesOutWhenTheHeadDoesNotComeInTime) {
  ScriptedServer server({[](Peer& peer) {
                           peer.request();
                           peer.wait_for_end();
                         },
                         answer_all});
  connect(server.url());
  Request request{Method::Get, "/slow?secret=1"};
  request.timeout = 50ms;
  const TransportError error = error_of(call(request));
  EXPECT_EQ(error.kind, Kind::Timeout);
  EXPECT_TRUE(error.may_have_reached_server);
  EXPECT_THAT(error.message, HasSubstr("GET /slow: no whole answer"));
  EXPECT_THAT(error.message, HasSubstr("within 50 ms"));
  EXPECT_EQ(body_of(get("/2")), "GET /2 HTTP/1.1") << "the client goes on";
}

TEST_F(ClientTest, TimesOutWhenTheBodyTrickles) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.wait_for_end();
  }});
  connect(server.url());
  Request request{Method::Get, "/x"};
  request.timeout = 50ms;
  EXPECT_EQ(error_of(call(request)).kind, Kind::Timeout);
}

TEST_F(ClientTest, TimesOutInTheQueueSayingThatItWasNeverSent) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.wait_for_end();
  }});
  options.max_connections = 1;
  connect(server.url());
  client->call({Method::Get, "/blocks"}, [](Outcome) {});
  Request request{Method::Post, "/x", "{}"};
  request.timeout = 50ms;
  const TransportError error = error_of(call(request));
  EXPECT_EQ(error.kind, Kind::Timeout);
  EXPECT_FALSE(error.may_have_reached_server);
}

TEST_F(ClientTest, BoundsTheBody) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.answer(std::string(1000, 'x'));
    peer.wait_for_end();
  }});
  connect(server.url());
  Request request{Method::Get, "/x"};
  request.max_response_bytes = 999;
  EXPECT_EQ(error_of(call(request)).kind, Kind::TooLarge);
  request.max_response_bytes = 1000;
  EXPECT_EQ(body_of(call(request)).size(), 1000u);
}

TEST_F(ClientTest, RefusesNonsenseForAnAnswer) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("SSH-2.0-OpenSSH_9.2\r\n");
    peer.wait_for_end();
  }});
  connect(server.url());
  EXPECT_EQ(error_of(get()).kind, Kind::Protocol);
}

TEST_F(ClientTest, RefusesAnEndlessHead) {
  ScriptedServer server({[](Peer& peer) {
    peer.request();
    peer.send("HTTP/1.1 200 OK\r\nX: " + std::string(100000, 'x'));
    peer.wait_for_end();
  }});
  connect(server.url());
  EXPECT_EQ(error_of(get()).kind, Kind::Protocol);
}

TEST_F(ClientTest, RefusesATargetThatWouldBreakTheRequest) {
  ScriptedServer server({answer_all});
  connect(server.url());
  for (const char* target : {"", "x", "/a b", "/a\r\nX: y"}) {
    const TransportError error = error_of(get(target));
    EXPECT_EQ(error.kind, Kind::Protocol) << target;
    EXPECT_FALSE(error.may_have_reached_server);
  }
  EXPECT_EQ(client->counters().requests, 0u);
}

TEST_F(ClientTest, NeverCallsTheHandlerOfACancelledCall) {
  ScriptedServer server({answer_all});
  connect(server.url());
  bool called = false;
  const CallId waiting = client->call({Method::Get, "/1"}, [&](Outcome) { called = true; });
  client->cancel(waiting);
  EXPECT_EQ(body_of(get("/2")), "GET /2 HTTP/1.1");
  const CallId sent = client->call({Method::Get, "/3"}, [&](Outcome) { called = true; });
  client->cancel(sent);
  client->cancel(sent);
  EXPECT_EQ(body_of(get("/4")), "GET /4 HTTP/1.1");
  EXPECT_FALSE(called);
}

TEST_F(ClientTest, MayBeDestroyedByAHandler) {
  ScriptedServer server({answer_all});
  connect(server.url());
  bool other = false;
  bool done = false;
  client->call({Method::Get, "/1"}, [&](Outcome) {
    client.reset();
    done = true;
  });
  client->call({Method::Get, "/2"}, [&](Outcome) {
    if (done) other = true;
  });
  run_until([&] { return done; });
  drain();
  EXPECT_FALSE(other);
}

TEST_F(ClientTest, AbortsEverythingWithCancelled) {
  ScriptedServer server({[](Peer& peer) { peer.wait_for_end(); }});
  options.max_connections = 1;
  connect(server.url());
  int cancelled = 0;
  const auto count = [&](Outcome outcome) { cancelled += error_of(outcome).kind == Kind::Cancelled; };
  client->call({Method::Get, "/1"}, count);
  client->call({Method::Get, "/2"}, count);
  client->stream({Method::Get, "/3"}, {nullptr, nullptr, count});
  run_until([&] { return client->counters().requests == 2; });
  client->abort_all();
  EXPECT_EQ(cancelled, 0);
  run_until([&] { return cancelled == 3; });
}

TEST_F(ClientTest, ReadsTheTokenFileAgainAfterARefusal) {
  const auto path = std::filesystem::temp_directory_path() / ("stepop-token-" + std::to_string(::getpid()));
  std::ofstream(path) << "old\n";
  ScriptedServer server({[](Peer& peer) {
    while (const auto request = peer.request()) {
      if (request->find("Bearer new\r\n") != std::string::npos) {
        peer.answer("in");
      } else {
        peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      }
    }
  }});
  access.token_file = path;
  connect(server.url());
  EXPECT_EQ(std::get<Response>(get()).status, 401);
  std::ofstream(path) << "new\n";
  EXPECT_EQ(body_of(get()), "in");
  std::filesystem::remove(path);
  connect(server.url());
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Credentials);
  EXPECT_THAT(error.message, HasSubstr(path.string()));
}

}  // namespace
}  // namespace stepop::kube
