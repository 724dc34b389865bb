#include "kube/proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/config_error.hpp"
#include "kube/proxy_handshake.hpp"

namespace stepop::kube {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Next = ProxyHandshake::Next;

std::string problem_of(const std::string& url) {
  try {
    parse_proxy_url(url, "proxy-url");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(ProxyUrl, IsReadWithItsPartsDecoded) {
  const Proxy proxy = parse_proxy_url("http://me:p%40ss@proxy.example:3128", "p");
  EXPECT_EQ(proxy.kind, Proxy::Kind::Http);
  EXPECT_EQ(proxy.host, "proxy.example");
  EXPECT_EQ(proxy.port, "3128");
  EXPECT_EQ(proxy.username, "me");
  EXPECT_EQ(proxy.password, "p@ss");
  EXPECT_EQ(proxy.display, "http://proxy.example:3128");
  EXPECT_EQ(parse_proxy_url("socks5://[::1]", "p").port, "1080");
  EXPECT_EQ(parse_proxy_url("socks5://[::1]", "p").host, "::1");
}

TEST(ProxyUrl, IsRefusedWithoutItsPassword) {
  EXPECT_THAT(problem_of("ftp://proxy"), HasSubstr("proxy-url: found \"ftp://proxy\""));
  EXPECT_THAT(problem_of("https://proxy"), HasSubstr("not supported yet"));
  EXPECT_THAT(problem_of("ftp://me:secret@proxy"), Not(HasSubstr("secret")));
  EXPECT_THAT(problem_of("http://:80"), HasSubstr("names no host"));
}

TEST(ProxyFromTheEnvironment, IsOfTheServersScheme) {
  const std::vector<std::string> both{"HTTP_PROXY=http://a", "https_proxy=b:1"};
  EXPECT_EQ(proxy_from(both, "https://x"), "http://b:1");
  EXPECT_EQ(proxy_from(both, "http://x"), "http://a");
  EXPECT_EQ(proxy_from({}, "https://x"), "");
}

TEST(ProxyFromTheEnvironment, IsNeverForLoopback) {
  for (const char* server : {"https://localhost:1", "https://127.0.0.1", "https://[::1]:6443"}) {
    EXPECT_EQ(proxy_from({"HTTPS_PROXY=http://a"}, server), "") << server;
  }
}

TEST(ProxyFromTheEnvironment, IsNotForWhatNoProxyNames) {
  const auto proxied = [](const std::string& exceptions, const std::string& server) {
    return !proxy_from({"HTTPS_PROXY=http://a", "NO_PROXY=" + exceptions}, server).empty();
  };
  EXPECT_FALSE(proxied("*", "https://x"));
  EXPECT_FALSE(proxied("a, example.com", "https://example.com"));
  EXPECT_FALSE(proxied("example.com", "https://api.EXAMPLE.com"));
  EXPECT_TRUE(proxied(".example.com", "https://example.com"));
  EXPECT_FALSE(proxied(".example.com", "https://api.example.com"));
  EXPECT_FALSE(proxied("*.example.com", "https://api.example.com"));
  EXPECT_TRUE(proxied("example.com", "https://badexample.com"));
  EXPECT_FALSE(proxied("10.0.0.0/8", "https://10.1.2.3:6443"));
  EXPECT_TRUE(proxied("10.0.0.0/8", "https://11.1.2.3"));
  EXPECT_FALSE(proxied("fd00::/8", "https://[fd00::1]:6443"));
  EXPECT_FALSE(proxied("10.1.2.3:6443", "https://10.1.2.3:6443"));
  EXPECT_TRUE(proxied("10.1.2.3:6443", "https://10.1.2.3"));
}

ServerUrl server() {
  return parse_server_url("https://api.example:6443");
}

TEST(HttpTunnel, IsAskedForWithANameAndPassword) {
  ProxyHandshake handshake(parse_proxy_url("http://me:pass@p:3128", "p"), server());
  ASSERT_EQ(handshake.next(), Next::Send);
  EXPECT_EQ(handshake.take(),
            "CONNECT api.example:6443 HTTP/1.1\r\nHost: api.example:6443\r\n"
            "Proxy-Authorization: Basic bWU6cGFzcw==\r\n\r\n");
  handshake.feed("HTTP/1.1 200 Connection est");
  EXPECT_EQ(handshake.next(), Next::Read);
  handshake.feed("ablished\r\n\r\n");
  EXPECT_EQ(handshake.next(), Next::Done);
}

TEST(HttpTunnel, PutsAnIpv6AddressIntoBrackets) {
  ProxyHandshake handshake(parse_proxy_url("http://p", "p"), parse_server_url("https://[fd00::1]:6443"));
  EXPECT_THAT(handshake.take(), HasSubstr("CONNECT [fd00::1]:6443 HTTP/1.1"));
}

std::string http_failure(const std::string& url, const std::string& answer) {
  ProxyHandshake handshake(parse_proxy_url(url, "p"), server());
  handshake.take();
  handshake.feed(answer);
  return handshake.next() == Next::Failed ? handshake.failure() : "none";
}

TEST(HttpTunnel, ThatIsNotGivenSaysWhy) {
  EXPECT_EQ(http_failure("http://p", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
            "the proxy http://p:80 wants a name and a password (407)");
  EXPECT_EQ(http_failure("http://me:secret@p", "HTTP/1.1 407 No\r\n\r\n"),
            "the proxy http://p:80 refuses its name and password (407)");
  EXPECT_EQ(http_failure("http://p", "HTTP/1.1 403 Forbidden\r\n\r\n"),
            "the proxy http://p:80 refuses a tunnel to https://api.example:6443 (403)");
  EXPECT_EQ(http_failure("http://p", "SSH-2.0-OpenSSH"), "the proxy http://p:80 does not speak HTTP");
  EXPECT_EQ(http_failure("http://p", "HTTP/1.1 200 OK\r\n\r\nmore"),
            "the proxy http://p:80 sent something before the server could");
  EXPECT_THAT(http_failure("http://p", "HTTP/1.1 " + std::string(20000, 'x')), HasSubstr("has no end"));
}

TEST(SocksTunnel, IsAskedForByName) {
  ProxyHandshake handshake(parse_proxy_url("socks5://p", "p"), server());
  EXPECT_EQ(handshake.take(), std::string("\5\1\0", 3));
  handshake.feed(std::string("\5\0", 2));
  ASSERT_EQ(handshake.next(), Next::Send);
  EXPECT_EQ(handshake.take(), std::string("\5\1\0\3\13api.example\x19\x2b", 18));
  handshake.feed(std::string("\5\0\0\1\1\2", 6));
  EXPECT_EQ(handshake.next(), Next::Read);
  handshake.feed(std::string("\3\4\0\1", 4));
  EXPECT_EQ(handshake.next(), Next::Done);
}

TEST(SocksTunnel, LogsInWhenTheProxyWantsIt) {
  ProxyHandshake handshake(parse_proxy_url("socks5://me:pass@p", "p"), parse_server_url("https://1.2.3.4"));
  EXPECT_EQ(handshake.take(), std::string("\5\2\0\2", 4));
  handshake.feed("\5\2");
  EXPECT_EQ(handshake.take(), std::string("\1\2me\4pass", 9));
  handshake.feed(std::string("\1\0", 2));
  EXPECT_EQ(handshake.take(), std::string("\5\1\0\1\1\2\3\4\1\xbb", 10));
}

TEST(SocksTunnel, ThatIsNotGivenSaysWhy) {
  const auto failure = [](const std::string& url, std::vector<std::string> answers) {
    ProxyHandshake handshake(parse_proxy_url(url, "p"), server());
    for (const std::string& answer : answers) {
      if (handshake.next() == Next::Send) handshake.take();
      handshake.feed(answer);
    }
    return handshake.next() == Next::Failed ? handshake.failure() : "none";
  };
  EXPECT_EQ(failure("socks5://p", {"HTTP/1.1 400"}), "the proxy socks5://p:1080 does not speak SOCKS5");
  EXPECT_THAT(failure("socks5://p", {"\5\2"}), HasSubstr("another way of logging in"));
  EXPECT_THAT(failure("socks5://me:secret@p", {"\5\2", "\1\1"}), HasSubstr("refuses its name and password"));
  EXPECT_THAT(failure("socks5://p", {std::string("\5\0", 2), std::string("\5\5\0\1", 4)}),
              HasSubstr("did not connect to https://api.example:6443: the connection was refused"));
}

}  // namespace
}  // namespace stepop::kube
