// Credentials that change while a client lives: plugins, files, what a server says of them.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "client_fixture.hpp"
#include "kube/config_error.hpp"

namespace stepop::kube {
namespace {

using ::testing::Not;
namespace fs = std::filesystem;

/// Answers 200 with the Authorization that came, or 401 when it is not `wanted`.
ScriptedServer::Script only(std::string wanted) {
  return [wanted = "Authorization: " + std::move(wanted) + "\r\n"](Peer& peer) {
    while (const auto request = peer.request()) {
      if (request->find(wanted) != std::string::npos) {
        peer.answer("welcome");
      } else {
        peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
      }
    }
  };
}

class CredentialsTest : public ClientTest {
 protected:
  void SetUp() override {
    ClientTest::SetUp();
    fs::remove_all(folder);
    fs::create_directories(folder);
  }
  void TearDown() override {
    client.reset();
    fs::remove_all(folder);
  }

  void write(const std::string& name, const std::string& text) { std::ofstream(folder / name) << text; }

  /// A plugin that is this script.
  void plugin(const std::string& script) {
    write("login", "#!/bin/sh\necho run >> " + (folder / "runs").string() + "\n" + script);
    fs::permissions(folder / "login", fs::perms::owner_all);
    access.exec.emplace();
    access.exec->command = (folder / "login").string();
    access.exec->environment = {"PATH=/usr/bin:/bin"};
    access.exec->api_version = exec_v1;
  }
  static std::string prints(const std::string& status) {
    return "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":" +
           status + "}'\n";
  }
  int runs() const {
    std::ifstream file(folder / "runs");
    int count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }
  int status_of(const Outcome& outcome) {
    const auto* response = std::get_if<Response>(&outcome);
    return response ? response->status : -1;
  }

  fs::path folder = fs::temp_directory_path() / ("stepop-credentials-" + std::to_string(::getpid()));
};

TEST_F(CredentialsTest, OfAPluginServeEveryRequestOfTheirLife) {
  plugin(prints(R"({"token":"abc","expirationTimestamp":"2999-01-01T00:00:00Z"})"));
  ScriptedServer server({only("Bearer abc")});
  connect(server.url());
  EXPECT_EQ(status_of(get()), 200);
  EXPECT_EQ(status_of(get()), 200);
  EXPECT_EQ(runs(), 1);
}

TEST_F(CredentialsTest, OfAPluginServeStreamsToo) {
  plugin(prints(R"({"token":"abc"})"));
  ScriptedServer server({only("Bearer abc")});
  connect(server.url());
  std::string body;
  bool ended = false;
  client->stream({Method::Get, "/x"},
                 {{}, [&](std::string_view data) { body += data; }, [&](Outcome) { ended = true; }});
  run_until([&] { return ended; });
  EXPECT_EQ(body, "welcome");
}

TEST_F(CredentialsTest, AreGivenToThePluginsOwnEnvironment) {
  plugin("case \"$KUBERNETES_EXEC_INFO\" in *'\"interactive\":false'*) " + prints(R"({"token":"told"})") + ";; esac\n");
  ScriptedServer server({only("Bearer told")});
  connect(server.url());
  EXPECT_EQ(status_of(get()), 200);
}

TEST_F(CredentialsTest, OfAPluginThatFailsAreAnErrorWithItsOwnWords) {
  plugin("echo 'session expired: log in with x login' >&2\nexit 3\n");
  ScriptedServer server({answer_all});
  connect(server.url());
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Credentials);
  EXPECT_FALSE(error.may_have_reached_server);
  EXPECT_THAT(error.message, HasSubstr("login ended with exit code 3; it says: session expired: log in with x login"));
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CredentialsTest, OfAPluginThatIsNotThereSayHowToGetIt) {
  access.exec.emplace();
  access.exec->command = "no-such-login";
  access.exec->install_hint = "apt install no-such-login";
  ScriptedServer server({answer_all});
  connect(server.url());
  EXPECT_EQ(error_of(get()).message,
            "the credential plugin no-such-login is not installed (not in PATH): apt install no-such-login");
}

TEST_F(CredentialsTest, OfAPluginThatHangsAreAnErrorInTime) {
  plugin("exec sleep 600\n");
  access.exec->timeout = 200ms;
  ScriptedServer server({answer_all});
  connect(server.url());
  EXPECT_THAT(error_of(get()).message, HasSubstr("had not ended after 200 ms, and was killed"));
}

TEST_F(CredentialsTest, OfAPluginWhoseChildHoldsThePipesAreAnErrorInTimeAndTheChildIsKilled) {
  plugin("sleep 600 &\necho $! > " + (folder / "child").string() + "\n");
  access.exec->timeout = 200ms;
  ScriptedServer server({answer_all});
  connect(server.url());
  EXPECT_THAT(error_of(get()).message, HasSubstr("had not ended after 200 ms, and was killed"));
  std::string child;
  std::ifstream(folder / "child") >> child;
  ASSERT_FALSE(child.empty());
  run_until([&] {
    // Gone, or a zombie that whoever took it over has not buried yet.
    std::string number, name, state = "gone";
    std::ifstream("/proc/" + child + "/stat") >> number >> name >> state;
    return state == "gone" || state == "Z";
  });
}

TEST_F(CredentialsTest, OfAPluginThatPrintsWithoutEndAreAnError) {
  plugin("exec yes 0123456789\n");
  ScriptedServer server({answer_all});
  connect(server.url());
  EXPECT_THAT(error_of(get()).message, HasSubstr("printed more than 1 MiB"));
}

TEST_F(CredentialsTest, ThatAreFreshAndRefusedAreNotRenewedForEver) {
  plugin(prints(R"({"token":"wrong"})"));
  ScriptedServer server({only("Bearer right")});
  connect(server.url());
  EXPECT_EQ(status_of(get()), 401);
  EXPECT_EQ(runs(), 1);
}

TEST_F(CredentialsTest, OfATokenFileAreReadAgainAndTheRequestRepeatedWhenRefused) {
  write("token", "old");
  access.token_file = (folder / "token").string();
  std::atomic<bool> rotated{false};
  ScriptedServer server({[&](Peer& peer) {
    while (const auto request = peer.request()) {
      if (request->find(rotated ? "Bearer new" : "Bearer old") != std::string::npos) {
        peer.answer("welcome");
      } else {
        peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      }
    }
  }});
  connect(server.url());
  EXPECT_EQ(status_of(get()), 200);
  write("token", "new");
  rotated = true;
  EXPECT_EQ(status_of(call({Method::Post, "/x", "{}"})), 200) << "a 401 means that nothing was done";
  write("token", "wrong");
  rotated = false;
  EXPECT_EQ(status_of(get()), 401) << "once, not for ever";
}

TEST_F(CredentialsTest, OfAClientCertificateRotateOnDisk) {
  const auto authority = test::make_authority("a");
  const auto first = test::make_certificate(authority, "first", "");
  const auto second = test::make_certificate(authority, "second", "");
  write("crt", first.certificate_pem);
  write("key", first.key_pem);
  access.ca_pem = authority.certificate_pem;
  access.client_certificate_file = (folder / "crt").string();
  access.client_certificate_pem = first.certificate_pem;
  access.client_key_file = (folder / "key").string();
  access.client_key_pem = first.key_pem;
  std::atomic<int> refused{0};
  ScriptedServer server(
      {[&](Peer& peer) {
         (void)peer.request();
         peer.answer("one");
         // What comes next on a connection of the old certificate is refused.
         while (peer.request()) {
           ++refused;
           peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
         }
       },
       answer_all},
      ScriptedServer::Tls{test::make_certificate(authority, "x", "IP:127.0.0.1"), authority.certificate_pem});
  connect(server.url());
  EXPECT_EQ(body_of(get()), "one");
  write("crt", second.certificate_pem);
  write("key", second.key_pem);
  EXPECT_EQ(body_of(get()), "GET /x HTTP/1.1");
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(CredentialsTest, SayWhomToActAs) {
  access.token = "t";
  access.impersonate.user = "jane";
  access.impersonate.uid = "u";
  access.impersonate.groups = {"a", "b"};
  access.impersonate.extra = {{"example.org/scopes", {"x"}}};
  ScriptedServer server({[](Peer& peer) {
    while (const auto request = peer.request()) peer.answer(*request);
  }});
  connect(server.url());
  EXPECT_THAT(
      body_of(get()),
      HasSubstr("Authorization: Bearer t\r\nImpersonate-User: jane\r\nImpersonate-Uid: u\r\n"
                "Impersonate-Group: a\r\nImpersonate-Group: b\r\nImpersonate-Extra-example.org%2Fscopes: x\r\n"));
}

TEST_F(CredentialsTest, SayNobodyWithALineBreakInHisName) {
  access.impersonate.user = "jane\r\nX: y";
  access.server = "http://127.0.0.1:1";
  EXPECT_THROW(Client(io, access), ConfigError);
}

TEST_F(CredentialsTest, GoToAnHttpProxyAndNotThroughIt) {
  ScriptedServer proxy({[](Peer& peer) {
    while (const auto request = peer.request()) peer.answer(*request);
  }});
  access.proxy_url = "http://me:pass@127.0.0.1:" + proxy.port();
  connect("http://api.invalid:8080/prefix");
  const std::string seen = body_of(get());
  EXPECT_THAT(seen, HasSubstr("GET http://api.invalid:8080/prefix/x HTTP/1.1\r\nHost: api.invalid:8080\r\n"));
  EXPECT_THAT(seen, HasSubstr("Proxy-Authorization: Basic bWU6cGFzcw==\r\n"));
}

TEST_F(CredentialsTest, AreNotShownToAProxyThatGivesATunnel) {
  access.token = "secret";
  ScriptedServer proxy({[](Peer& peer) {
    const auto request = peer.request();
    EXPECT_THAT(request.value_or(""), Not(HasSubstr("secret")));
    peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  }});
  access.proxy_url = "http://127.0.0.1:" + proxy.port();
  connect("https://api.invalid:6443");
  const TransportError error = error_of(get());
  EXPECT_EQ(error.kind, Kind::Connect);
  EXPECT_THAT(error.message, HasSubstr("wants a name and a password (407)"));
}

}  // namespace
}  // namespace stepop::kube
