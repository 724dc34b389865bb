// A client whose source of credentials is this test: it is away, late, refused, or gives what has ended already.
#include <boost/asio/post.hpp>
#include <future>
#include <memory>

#include "client_fixture.hpp"

namespace stepop::kube {
namespace {

/// What a source is told to do, and what it was asked.
struct Scripted {
  std::function<Fetched()> give;
  bool held = false;
  int asked = 0;
  std::function<void(Fetched)> done;

  void release() { done(give()); }
};

class ScriptedSource final : public CredentialSource {
 public:
  ScriptedSource(boost::asio::io_context& io, std::shared_ptr<Scripted> script) : io_(io), script_(std::move(script)) {}
  void fetch(std::function<void(Fetched)> done) override {
    ++script_->asked;
    script_->done = std::move(done);
    if (script_->held) return;
    boost::asio::post(io_, [script = script_] { script->release(); });
  }

 private:
  boost::asio::io_context& io_;
  std::shared_ptr<Scripted> script_;
};

class CredentialSourceTest : public ClientTest {
 protected:
  CredentialSourceTest() {
    // A test is no time at all.
    options.renewal = {50ms, 5ms, 20ms, 0ms};
    access.context_name = "the cluster of a test";
  }
  void TearDown() override { client.reset(); }

  void connect() { client.emplace(io, access, options, std::make_unique<ScriptedSource>(io, source)); }
  /// A token for this server that lives for an hour.
  static FreshAccess token(const std::string& url, const std::string& text, std::chrono::seconds life = 1h) {
    FreshAccess fresh;
    fresh.access.server = url;
    fresh.access.token = text;
    fresh.expires_at = std::chrono::system_clock::now() + life;
    return fresh;
  }
  static int status_of(const Outcome& outcome) {
    const auto* response = std::get_if<Response>(&outcome);
    return response ? response->status : -1;
  }
  static bool carries(const std::string& request, const std::string& token) {
    return request.find("Authorization: Bearer " + token + "\r\n") != std::string::npos;
  }
  static void refuse(Peer& peer) { peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"); }

  /// Takes the token that is `wanted` now, and no other.
  ScriptedServer::Script only_wanted() {
    return [this](Peer& peer) {
      while (const auto request = peer.request()) {
        if (carries(*request, wanted == 1 ? "one" : "two")) {
          peer.answer("welcome");
        } else {
          ++refusals;
          refuse(peer);
        }
      }
    };
  }

  std::shared_ptr<Scripted> source = std::make_shared<Scripted>();
  std::atomic<int> wanted{1};
  std::atomic<int> refusals{0};
};

TEST_F(CredentialSourceTest, SaysWhereTheClusterIsAndIsAskedOnlyWhenSomethingIs) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), "one"); };
  connect();
  drain();
  EXPECT_EQ(source->asked, 0);
  EXPECT_EQ(client->server(), "the cluster of a test");
  EXPECT_EQ(status_of(get()), 200);
  EXPECT_EQ(status_of(get()), 200);
  EXPECT_EQ(source->asked, 1);
  EXPECT_EQ(client->server(), server.url());
}

TEST_F(CredentialSourceTest, WhatIsAskedBeforeThereIsAnAnswerWaits) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), "one"); };
  source->held = true;
  connect();
  int answered = 0;
  std::string streamed;
  for (int i = 0; i < 2; ++i)
    client->call({Method::Get, "/x"}, [&](Outcome outcome) {
      EXPECT_EQ(status_of(outcome), 200);
      ++answered;
    });
  client->stream({Method::Get, "/x"}, {{}, [&](std::string_view data) { streamed += data; }, {}});
  drain();
  EXPECT_EQ(answered, 0);
  EXPECT_EQ(source->asked, 1);
  source->release();
  run_until([&] { return answered == 2 && streamed == "welcome"; });
  EXPECT_EQ(source->asked, 1);
}

TEST_F(CredentialSourceTest, ThatIsAwayDelaysRequestsAndIsAskedAgain) {
  ScriptedServer server({only_wanted()});
  source->give = [] { return Fetched("the token endpoint is away"); };
  connect();
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Credentials);
  EXPECT_FALSE(error.may_have_reached_server);
  EXPECT_EQ(error.message, "the token endpoint is away");
  run_until([&] { return source->asked >= 4; });
  source->give = [&] { return token(server.url(), "one"); };
  run_until([&] { return status_of(get()) == 200; });
}

TEST_F(CredentialSourceTest, ThatIsAwayBeyondTheEndOfTheOldOnesMeansNoRequestAndNo401) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), "one", 0s); };  // lives for the shortest life
  connect();
  EXPECT_EQ(status_of(get()), 200);
  source->give = [] { return Fetched("the token endpoint is away"); };
  // Requests go on with the old ones, until they fail for want of any.
  Outcome last = Response{};
  run_until([&] {
    last = get();
    return !std::holds_alternative<Response>(last);
  });
  EXPECT_EQ(error_of(last).message, "the token endpoint is away");
  wanted = 2;  // one's life has ended
  for (int i = 0; i < 5; ++i) EXPECT_EQ(error_of(get()).kind, Kind::Credentials);
  source->give = [&] { return token(server.url(), "two"); };
  run_until([&] { return status_of(get()) == 200; });
  EXPECT_EQ(refusals, 0);
}

TEST_F(CredentialSourceTest, A401InTheMiddleRenewsOnceAndRepeats) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), "one"); };
  connect();
  EXPECT_EQ(status_of(get()), 200);
  wanted = 2;
  source->give = [&] { return token(server.url(), "two"); };
  EXPECT_EQ(status_of(call({Method::Post, "/x", "{}"})), 200);
  EXPECT_EQ(source->asked, 2);
  EXPECT_EQ(refusals, 1);
}

TEST_F(CredentialSourceTest, A401WhileTheSourceIsAwayIsToldAsThat) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), "one"); };
  connect();
  EXPECT_EQ(status_of(get()), 200);
  wanted = 2;
  source->give = [] { return Fetched("the token endpoint is away"); };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(error_of(get()).message, "the token endpoint is away");
  EXPECT_EQ(refusals, 1) << "what was refused is not sent again";
}

TEST_F(CredentialSourceTest, TwoRequestsThatMeet401AtOnceMakeOneRenewal) {
  std::atomic<int> there{0};
  ScriptedServer server({[&](Peer& peer) {
    while (const auto request = peer.request()) {
      if (carries(*request, "two")) {
        peer.answer("welcome");
        continue;
      }
      ++there;
      const auto end = std::chrono::steady_clock::now() + patience;
      while (there < 2 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
      refuse(peer);
    }
  }});
  source->give = [&] { return token(server.url(), source->asked == 1 ? "one" : "two"); };
  connect();
  int answered = 0;
  for (int i = 0; i < 2; ++i)
    client->call({Method::Get, "/x"}, [&](Outcome outcome) {
      EXPECT_EQ(status_of(outcome), 200);
      ++answered;
    });
  run_until([&] { return answered == 2; });
  EXPECT_EQ(source->asked, 2);
}

TEST_F(CredentialSourceTest, AStreamThatMeets401IsOpenedAgain) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), source->asked == 1 ? "one" : "two"); };
  connect();
  EXPECT_EQ(status_of(get()), 200);
  wanted = 2;
  int heads = 0;
  std::string body;
  client->stream({Method::Get, "/x"}, {[&](Response head) { EXPECT_EQ((++heads, head.status), 200); },
                                       [&](std::string_view data) { body += data; },
                                       {}});
  run_until([&] { return body == "welcome"; });
  EXPECT_EQ(heads, 1);
}

TEST_F(CredentialSourceTest, ThatGivesWhatHasEndedAlreadyIsUsedAndTheServerDecides) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token(server.url(), "one", -1h); };
  connect();
  EXPECT_EQ(status_of(get()), 200);
}

TEST_F(CredentialSourceTest, ThatGivesWhatHasEndedAlreadyAndIsRefusedDelaysUntilThereAreOthers) {
  ScriptedServer server({only_wanted()});
  wanted = 2;
  source->give = [&] { return token(server.url(), "one", -1h); };
  connect();
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Credentials);
  EXPECT_EQ(error.message, "the credentials that were given had expired already");
  run_until([&] { return source->asked >= 3; });
  source->give = [&] { return token(server.url(), "two"); };
  run_until([&] { return status_of(get()) == 200; });
}

TEST_F(CredentialSourceTest, StreamsAndConnectionsOutliveTheRenewalOfAToken) {
  std::promise<void> renewed;
  ScriptedServer server({[&](Peer& peer) {
                           (void)peer.request();
                           peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbef");
                           renewed.get_future().wait();
                           peer.send("ore");
                         },
                         answer_all});
  // Each lives for a moment.
  source->give = [&] { return token(server.url(), "number-" + std::to_string(source->asked), 0s); };
  connect();
  std::string body;
  bool ended = false;
  client->stream(
      {Method::Get, "/x"},
      {{}, [&](std::string_view data) { body += data; }, [&](Outcome outcome) { ended = status_of(outcome) == 200; }});
  run_until([&] { return body == "bef"; });
  EXPECT_EQ(status_of(get()), 200);
  const int before = source->asked;
  run_until([&] { return source->asked >= before + 3; });
  EXPECT_EQ(status_of(get()), 200);
  renewed.set_value();
  run_until([&] { return ended; });
  EXPECT_EQ(body, "before");
  EXPECT_EQ(server.connections(), 2) << "one for the stream, one for the calls";
}

TEST_F(CredentialSourceTest, ANewClientCertificateMeansNewConnections) {
  const auto authority = test::make_authority("a");
  const auto first = test::make_certificate(authority, "first", "");
  const auto second = test::make_certificate(authority, "second", "");
  ScriptedServer server(
      {[](Peer& peer) {
         (void)peer.request();
         peer.answer("of the first");
         // Its certificate has ended since.
         if (peer.request()) refuse(peer);
       },
       answer_all},
      ScriptedServer::Tls{test::make_certificate(authority, "x", "IP:127.0.0.1"), authority.certificate_pem});
  source->give = [&] {
    FreshAccess fresh;
    fresh.access.server = server.url();
    fresh.access.ca_pem = authority.certificate_pem;
    fresh.access.client_certificate_pem = source->asked == 1 ? first.certificate_pem : second.certificate_pem;
    fresh.access.client_key_pem = source->asked == 1 ? first.key_pem : second.key_pem;
    return fresh;
  };
  connect();
  EXPECT_EQ(body_of(get()), "of the first");
  EXPECT_EQ(body_of(get()), "GET /x HTTP/1.1");
  EXPECT_EQ(source->asked, 2);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(CredentialSourceTest, MayMoveTheClusterElsewhere) {
  ScriptedServer here({only_wanted()});
  ScriptedServer there({[](Peer& peer) {
    while (peer.request()) peer.answer("there");
  }});
  source->give = [&] { return token(source->asked == 1 ? here.url() : there.url(), "one"); };
  connect();
  EXPECT_EQ(body_of(get()), "welcome");
  wanted = 2;
  EXPECT_EQ(body_of(get()), "there");
}

TEST_F(CredentialSourceTest, ThatGivesWhatCannotBeUsedIsAskedAgain) {
  ScriptedServer server({only_wanted()});
  source->give = [&] { return token("nonsense", "one"); };
  connect();
  EXPECT_THAT(error_of(get()).message, HasSubstr("the credentials cannot be used: "));
  source->give = [&] { return token(server.url(), "a line\nbreak"); };
  run_until([&] { return source->asked >= 3; });
  const std::string said = error_of(get()).message;
  EXPECT_THAT(said, HasSubstr("user.token"));
  EXPECT_THAT(said, ::testing::Not(HasSubstr("\nbreak")));
  source->give = [&] { return token(server.url(), "one"); };
  run_until([&] { return status_of(get()) == 200; });
}

TEST_F(CredentialSourceTest, WhoseClockIsAnotherIsReckonedWithByIt) {
  ScriptedServer server({only_wanted()});
  source->give = [&] {
    FreshAccess fresh = token(server.url(), "one", -1h);  // by ours; an hour is left by theirs
    fresh.their_time = std::chrono::system_clock::now() - 2h;
    return fresh;
  };
  connect();
  EXPECT_EQ(status_of(get()), 200);
  wanted = 2;
  source->give = [&] { return token(server.url(), "two"); };
  EXPECT_EQ(status_of(get()), 200) << "what lives and is refused is renewed at once";
  EXPECT_EQ(source->asked, 2);
}

TEST_F(CredentialSourceTest, ThatAnswersAClientWhichIsGoneTellsNobody) {
  source->give = [] { return token("http://127.0.0.1:1", "one"); };
  source->held = true;
  connect();
  client->call({Method::Get, "/x"}, [](Outcome) { ADD_FAILURE() << "nobody waits any more"; });
  drain();
  ASSERT_EQ(source->asked, 1);
  client.reset();
  source->release();
  drain();
}

}  // namespace
}  // namespace stepop::kube
