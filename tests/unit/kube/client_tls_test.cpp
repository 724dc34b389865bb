#include <atomic>
#include <future>

#include "client_fixture.hpp"
#include "kube/config_error.hpp"

namespace stepop::kube {
namespace {

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

}  // namespace
}  // namespace stepop::kube
