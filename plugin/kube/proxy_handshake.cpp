#include "kube/proxy_handshake.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <utility>

namespace stepop::kube {
namespace {

constexpr std::size_t longest_head = 16u << 10;

// RFC 1928, 1929.
constexpr char version = 5;
constexpr char login_version = 1;
constexpr char no_login = 0;
constexpr char by_login = 2;
constexpr char connect = 1;
constexpr char ipv4 = 1;
constexpr char name = 3;
constexpr char ipv6 = 4;

const char* socks_problem(unsigned char code) {
  static constexpr const char* texts[] = {"succeeded",
                                          "a failure of the proxy's own",
                                          "its rules do not allow it",
                                          "the network is unreachable",
                                          "the host is unreachable",
                                          "the connection was refused",
                                          "the time to live expired",
                                          "it does not know the command",
                                          "it does not know the kind of address"};
  return code < std::size(texts) ? texts[code] : "an unknown reason";
}

std::string authority(const ServerUrl& server) {
  const bool is_v6 = server.host.find(':') != std::string::npos;
  return (is_v6 ? '[' + server.host + ']' : server.host) + ':' + server.port;
}

}  // namespace

ProxyHandshake::ProxyHandshake(const Proxy& proxy, const ServerUrl& server) : proxy_(proxy), server_(server) {
  const bool login = !proxy.username.empty() || !proxy.password.empty();
  if (proxy.kind == Proxy::Kind::Http) {
    const std::string where = authority(server);
    outgoing_ = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
    if (login) outgoing_ += "Proxy-Authorization: " + basic_authorization(proxy.username, proxy.password) + "\r\n";
    outgoing_ += "\r\n";
    return;
  }
  outgoing_ = login ? std::string{version, 2, no_login, by_login} : std::string{version, 1, no_login};
}

std::string ProxyHandshake::take() {
  next_ = Next::Read;
  return std::exchange(outgoing_, {});
}

void ProxyHandshake::feed(std::string_view bytes) {
  incoming_.append(bytes);
  if (proxy_.kind == Proxy::Kind::Http) {
    feed_http();
  } else {
    feed_socks();
  }
}

void ProxyHandshake::send(std::string bytes) {
  outgoing_ = std::move(bytes);
  next_ = Next::Send;
}

void ProxyHandshake::fail(const std::string& why) {
  failure_ = "the proxy " + proxy_.display + ' ' + why;
  next_ = Next::Failed;
}

void ProxyHandshake::feed_http() {
  constexpr std::string_view begin = "HTTP/1.";
  const std::size_t common = std::min(begin.size(), incoming_.size());
  if (incoming_.compare(0, common, begin, 0, common) != 0) return fail("does not speak HTTP");
  const std::size_t end = incoming_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (incoming_.size() > longest_head) fail("answers with a head that has no end");
    return;
  }
  const std::string line = incoming_.substr(0, incoming_.find("\r\n"));
  const std::string status = line.size() >= 12 ? line.substr(9, 3) : "";
  if (status.size() != 3 ||
      !std::all_of(status.begin(), status.end(), [](unsigned char c) { return std::isdigit(c); })) {
    return fail("does not speak HTTP");
  }
  if (status == "407") {
    const bool login = !proxy_.username.empty() || !proxy_.password.empty();
    return fail(login ? "refuses its name and password (407)" : "wants a name and a password (407)");
  }
  if (status[0] != '2') return fail("refuses a tunnel to " + server_.display + " (" + status + ')');
  if (end + 4 != incoming_.size()) return fail("sent something before the server could");
  next_ = Next::Done;
}

void ProxyHandshake::feed_socks() {
  if (incoming_.empty()) return;
  if (socks_ == Socks::Method) {
    if (incoming_[0] != version) return fail("does not speak SOCKS5");
    if (incoming_.size() < 2) return;
    const char method = incoming_[1];
    incoming_.erase(0, 2);
    if (method == no_login) return ask_for_server();
    if (method != by_login || (proxy_.username.empty() && proxy_.password.empty())) {
      return fail("wants another way of logging in than the URL allows");
    }
    socks_ = Socks::Login;
    std::string login{login_version, static_cast<char>(proxy_.username.size())};
    login += proxy_.username;
    login += static_cast<char>(proxy_.password.size());
    return send(login + proxy_.password);
  }
  if (socks_ == Socks::Login) {
    if (incoming_.size() < 2) return;
    if (incoming_[1] != 0) return fail("refuses its name and password");
    incoming_.erase(0, 2);
    return ask_for_server();
  }
  // version, answer, reserved, then the address it connects from: its kind, itself, a port
  if (incoming_[0] != version) return fail("does not speak SOCKS5");
  if (incoming_.size() < 2) return;
  if (incoming_[1] != 0) {
    return fail("did not connect to " + server_.display + ": " +
                socks_problem(static_cast<unsigned char>(incoming_[1])));
  }
  if (incoming_.size() < 5) return;
  std::size_t length = 0;
  switch (incoming_[3]) {
    case ipv4:
      length = 4;
      break;
    case ipv6:
      length = 16;
      break;
    case name:
      length = 1 + static_cast<unsigned char>(incoming_[4]);
      break;
    default:
      return fail("does not speak SOCKS5");
  }
  const std::size_t whole = 4 + length + 2;
  if (incoming_.size() < whole) return;
  if (incoming_.size() > whole) return fail("sent something before the server could");
  next_ = Next::Done;
}

void ProxyHandshake::ask_for_server() {
  socks_ = Socks::Answer;
  std::string text{version, connect, 0};
  boost::system::error_code not_an_ip;
  const auto address = boost::asio::ip::make_address(server_.host, not_an_ip);
  if (not_an_ip) {
    if (server_.host.size() > 255) return fail("cannot be given so long a name");
    text += name;
    text += static_cast<char>(server_.host.size());
    text += server_.host;
  } else if (address.is_v4()) {
    text += ipv4;
    for (const unsigned char byte : address.to_v4().to_bytes()) text += static_cast<char>(byte);
  } else {
    text += ipv6;
    for (const unsigned char byte : address.to_v6().to_bytes()) text += static_cast<char>(byte);
  }
  const int port = std::stoi(server_.port);
  text += static_cast<char>(port >> 8 & 0xff);
  text += static_cast<char>(port & 0xff);
  send(std::move(text));
}

}  // namespace stepop::kube
