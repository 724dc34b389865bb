#include "kube/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "kube/config_error.hpp"
#include "kube/tls.hpp"
#include "scripted_server.hpp"

namespace stepop::kube {
namespace {

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

void answer_all(Peer& peer) {
  while (const auto request = peer.request()) peer.answer(request->substr(0, request->find("\r\n")));
}

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
  access.token = "unused";
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

// ---- TLS

class ClientTlsTest : public ClientTest {
 protected:
  static void SetUpTestSuite() { initialise_tls(); }

  test::KeyPair authority = test::make_authority("cluster authority");

  /// The answer, or the error, of one GET to a server with this certificate.
  Outcome get_from(const test::KeyPair& certificate, const std::string& host = "127.0.0.1") {
    ScriptedServer server({answer_all}, ScriptedServer::Tls{certificate});
    connect(server.url(host));
    Outcome outcome = get();
    client.reset();
    return outcome;
  }
};

TEST_F(ClientTlsTest, VerifiesAnAddressByIpSan) {
  access.ca_pem = authority.certificate_pem;
  const auto good = test::make_certificate(authority, "api", "DNS:api.example.com,IP:127.0.0.1");
  EXPECT_EQ(body_of(get_from(good)), "GET /x HTTP/1.1");
}

TEST_F(ClientTlsTest, VerifiesANameAndSaysWhatTheCertificateIsFor) {
  access.ca_pem = authority.certificate_pem;
  EXPECT_EQ(body_of(get_from(test::make_certificate(authority, "x", "DNS:localhost"), "localhost")), "GET /x HTTP/1.1");
  const TransportError error = error_of(
      get_from(test::make_certificate(authority, "localhost", "DNS:other.example.com,IP:10.1.2.3"), "localhost"));
  EXPECT_EQ(error.kind, Kind::Tls);
  EXPECT_FALSE(error.may_have_reached_server);
  EXPECT_THAT(error.message, HasSubstr("certificate is for other.example.com, 10.1.2.3, not for localhost"));
}

TEST_F(ClientTlsTest, RefusesAnAddressThatStandsOnlyAsAName) {
  access.ca_pem = authority.certificate_pem;
  const TransportError error = error_of(get_from(test::make_certificate(authority, "127.0.0.1", "DNS:127.0.0.1")));
  EXPECT_THAT(error.message, HasSubstr("not for 127.0.0.1"));
}

TEST_F(ClientTlsTest, VerifiesTheNameThatTheKubeconfigGives) {
  access.ca_pem = authority.certificate_pem;
  access.tls_server_name = "api.example.com";
  EXPECT_EQ(body_of(get_from(test::make_certificate(authority, "x", "DNS:api.example.com"))), "GET /x HTTP/1.1");
}

TEST_F(ClientTlsTest, SaysThatTheAuthorityIsUnknown) {
  access.ca_pem = authority.certificate_pem;
  const auto other = test::make_authority("some other authority");
  const TransportError error = error_of(get_from(test::make_certificate(other, "x", "IP:127.0.0.1")));
  EXPECT_EQ(error.kind, Kind::Tls);
  EXPECT_THAT(error.message, HasSubstr("signed by an unknown authority (CN=some other authority)"));
}

TEST_F(ClientTlsTest, SaysWhenTheCertificateExpired) {
  access.ca_pem = authority.certificate_pem;
  const TransportError error = error_of(get_from(test::make_certificate(authority, "x", "IP:127.0.0.1", -7200, -3600)));
  EXPECT_THAT(error.message, HasSubstr("the server's certificate expired on "));
  const TransportError early = error_of(get_from(test::make_certificate(authority, "x", "IP:127.0.0.1", 3600, 7200)));
  EXPECT_THAT(early.message, HasSubstr("is not valid before "));
}

TEST_F(ClientTlsTest, AcceptsAnythingOnlyWhenToldTo) {
  access.insecure_skip_tls_verify = true;
  EXPECT_EQ(body_of(get_from(test::make_certificate(test::make_authority("a"), "x", ""))), "GET /x HTTP/1.1");
}

TEST_F(ClientTlsTest, TrustsTheServersOwnCertificateWhenThatIsTheCaFile) {
  const auto self = test::make_certificate(authority, "x", "IP:127.0.0.1");
  access.ca_pem = self.certificate_pem;
  EXPECT_EQ(body_of(get_from(self)), "GET /x HTTP/1.1");
}

TEST_F(ClientTlsTest, ShowsItsClientCertificate) {
  const auto server_pair = test::make_certificate(authority, "x", "IP:127.0.0.1");
  const auto user = test::make_certificate(authority, "user", "");
  ScriptedServer server({answer_all}, ScriptedServer::Tls{server_pair, authority.certificate_pem});
  access.ca_pem = authority.certificate_pem;
  access.client_certificate_pem = user.certificate_pem;
  access.client_key_pem = user.key_pem;
  connect(server.url());
  EXPECT_EQ(body_of(get()), "GET /x HTTP/1.1");

  access.client_certificate_pem.clear();
  access.client_key_pem.clear();
  connect(server.url());
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Tls);
  EXPECT_THAT(error.message, HasSubstr("refused our client certificate"));
}

TEST_F(ClientTlsTest, KeepsAConnectionThoughSessionTicketsArrive) {
  const auto pair = test::make_certificate(authority, "x", "IP:127.0.0.1");
  ScriptedServer server({answer_all}, ScriptedServer::Tls{pair});
  access.ca_pem = authority.certificate_pem;
  connect(server.url());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(body_of(get()), "GET /x HTTP/1.1");
  EXPECT_EQ(client->counters().connections_opened, 1u);
}

TEST_F(ClientTlsTest, SendsABodyOfManyRecords) {
  const auto pair = test::make_certificate(authority, "x", "IP:127.0.0.1");
  ScriptedServer server({[](Peer& peer) { peer.answer(std::to_string(peer.request()->size())); }},
                        ScriptedServer::Tls{pair});
  access.ca_pem = authority.certificate_pem;
  connect(server.url());
  const Outcome outcome = call({Method::Post, "/x", std::string(5'000'000, 'x')});
  EXPECT_EQ(body_of(outcome).size(), 7u);
  EXPECT_GT(body_of(outcome), "5000000");
}

TEST_F(ClientTlsTest, CancelsInTheMidstOfALargeRequest) {
  const auto pair = test::make_certificate(authority, "x", "IP:127.0.0.1");
  ScriptedServer server({[](Peer& peer) { peer.wait_for_end(); }}, ScriptedServer::Tls{pair});
  access.ca_pem = authority.certificate_pem;
  connect(server.url());
  for (int i = 0; i < 20; ++i) {
    const auto requests = client->counters().requests;
    const CallId id = client->call({Method::Post, "/x", std::string(5'000'000, 'x')}, [](Outcome) { FAIL(); });
    run_until([&] { return client->counters().requests > requests; });
    for (int j = 0; j < i; ++j) io.poll_one();
    client->cancel(id);
    drain();
  }
}

TEST_F(ClientTlsTest, SaysThatTheServerDoesNotSpeakTls) {
  ScriptedServer server({[](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    peer.wait_for_end();
  }});
  access.insecure_skip_tls_verify = true;
  connect("https://127.0.0.1:" + server.port());
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Tls);
  EXPECT_THAT(error.message, HasSubstr("does not speak TLS"));
}

TEST_F(ClientTlsTest, GivesUpOnAHandshakeThatNeverEnds) {
  ScriptedServer server({[](Peer& peer) { peer.wait_for_end(); }});
  access.insecure_skip_tls_verify = true;
  options.connect_timeout = 50ms;
  connect("https://127.0.0.1:" + server.port());
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Timeout);
  EXPECT_FALSE(error.may_have_reached_server);
  EXPECT_THAT(error.message, HasSubstr("TLS handshake"));
}

TEST_F(ClientTlsTest, TakesABodyWithoutLengthThatEndsWithoutCloseNotifyForTruncated) {
  const auto pair = test::make_certificate(authority, "x", "IP:127.0.0.1");
  ScriptedServer server({[](Peer& peer) {
                          peer.request();
                          peer.send("HTTP/1.0 200 OK\r\n\r\nperhaps more");
                        }},
                        ScriptedServer::Tls{pair});
  access.ca_pem = authority.certificate_pem;
  connect(server.url());
  EXPECT_EQ(error_of(get()).kind, Kind::Reset);
}

TEST_F(ClientTlsTest, RefusesCredentialsThatCannotWork) {
  const auto user = test::make_certificate(authority, "user", "");
  access.ca_pem = authority.certificate_pem;
  access.client_certificate_pem = user.certificate_pem;
  access.client_key_pem = test::make_certificate(authority, "other", "").key_pem;
  EXPECT_THROW(connect("https://127.0.0.1:1"), ConfigError);
  access.client_key_pem = "nonsense";
  EXPECT_THROW(connect("https://127.0.0.1:1"), ConfigError);
  access.client_key_pem.clear();
  EXPECT_THROW(connect("https://127.0.0.1:1"), ConfigError);
  access = {};
  access.ca_pem = "nonsense";
  EXPECT_THROW(connect("https://127.0.0.1:1"), ConfigError);
  access.ca_pem = authority.certificate_pem;
  access.insecure_skip_tls_verify = true;
  EXPECT_THROW(connect("https://127.0.0.1:1"), ConfigError);
  access = {};
  for (const char* url : {"", "127.0.0.1:6443", "ftp://x", "https://", "https://user:pw@x", "https://x?a=b"}) {
    EXPECT_THROW(connect(url), ConfigError) << url;
  }
}

// ---- streams

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
