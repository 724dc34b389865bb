// What a proxy answers, cut anywhere: the handshake comes to the same end as from one piece, and an end it is.
#include "input.hpp"
#include "kube/proxy_handshake.hpp"
#include "require.hpp"

namespace {

using namespace stepop;
using fuzz::require;
using Next = kube::ProxyHandshake::Next;

constexpr const char* password = "a-password-of-the-proxy";

struct End {
  Next next;
  std::string failure;
  bool operator==(const End&) const = default;
};

template <class Pieces>
End hold(const kube::Proxy& proxy, const kube::ServerUrl& server, const Pieces& pieces) {
  kube::ProxyHandshake handshake(proxy, server);
  for (const std::string_view piece : pieces) {
    while (handshake.next() == Next::Send) require(!handshake.take().empty(), "there is something to send");
    if (handshake.next() != Next::Read) break;
    handshake.feed(piece);
  }
  return {handshake.next(), handshake.failure()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool socks = input.text().starts_with('\x05');
  kube::Proxy proxy;
  proxy.kind = socks ? kube::Proxy::Kind::Socks5 : kube::Proxy::Kind::Http;
  proxy.display = "http://proxy:3128";
  if (input.decide()) {
    proxy.username = "me";
    proxy.password = password;
  }
  constexpr const char* servers[] = {"https://kubernetes.example:6443", "https://192.0.2.1",
                                     "https://[2001:db8::1]:6443"};
  const kube::ServerUrl server = kube::parse_server_url(servers[input.below(std::size(servers))]);
  const End end = hold(proxy, server, input.pieces(input.text()));

  require((end.next == Next::Failed) == !end.failure.empty(), "a failure, and nothing else, has a reason");
  require(end.failure.size() < 300 && end.failure.find_first_of("\r\n") == std::string::npos, "a reason is one line");
  require(end.failure.find(password) == std::string::npos, "a reason holds no password");
  require(end.next != Next::Done || socks || input.text().starts_with("HTTP/1."), "a tunnel is one of HTTP/1");
  // A byte at a time, what comes after the end is not looked at, and what is more than one answer is two.
  std::vector<std::string_view> bytes;
  const std::string_view text = input.text();
  for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
  const End slow = hold(proxy, server, bytes);
  if (end.next == Next::Done) require(slow == end, "the pieces do not matter");
  return 0;
}
