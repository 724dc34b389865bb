#include "kube/proxy.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cctype>
#include <string_view>

#include "kube/base64.hpp"
#include "kube/config_error.hpp"
#include "kube/server_url.hpp"

namespace stepop::kube {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

std::string_view variable(const std::vector<std::string>& environment, std::string_view name) {
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view wanted : {name, std::string_view(small)}) {
    for (const std::string& line : environment) {
      const std::string_view text = line;
      if (text.starts_with(wanted) && text.size() > wanted.size() + 1 && text[wanted.size()] == '=') {
        return text.substr(wanted.size() + 1);
      }
    }
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool in_network(const std::string& network, const ip::address& address) {
  error_code error;
  if (address.is_v4()) {
    const auto v4 = ip::make_network_v4(network, error);
    if (error) return false;
    return ip::network_v4(address.to_v4(), v4.prefix_length()).canonical() == v4.canonical();
  }
  const auto v6 = ip::make_network_v6(network, error);
  if (error) return false;
  return ip::network_v6(address.to_v6(), v6.prefix_length()).canonical() == v6.canonical();
}

/// One element of NO_PROXY.
bool excepts(std::string element, const ServerUrl& server) {
  if (element == "*") return true;
  error_code not_an_ip;
  const ip::address address = ip::make_address(server.host, not_an_ip);
  if (element.find('/') != std::string::npos) return !not_an_ip && in_network(element, address);
  std::string port;
  if (element.front() == '[') {
    const std::size_t end = element.find(']');
    if (end == std::string::npos) return false;
    if (end + 1 < element.size() && element[end + 1] == ':') port = element.substr(end + 2);
    element = element.substr(1, end - 1);
  } else if (std::count(element.begin(), element.end(), ':') == 1) {
    port = element.substr(element.find(':') + 1);
    element.resize(element.find(':'));
  }
  if (!port.empty() && port != server.port) return false;
  error_code no_ip;
  const ip::address excepted = ip::make_address(element, no_ip);
  if (!no_ip) return !not_an_ip && excepted == address;
  if (element.empty() || !not_an_ip) return false;
  if (element.starts_with("*.")) element.erase(0, 1);
  const std::string host = lower(server.host);
  if (element.front() == '.') return host.size() > element.size() && host.ends_with(element);
  return host == element || host.ends_with('.' + element);
}

}  // namespace

std::string basic_authorization(const std::string& username, const std::string& password) {
  return "Basic " + base64(username + ':' + password);
}

Proxy parse_proxy_url(const std::string& url, const std::string& path) {
  const bool may_hold_secret = url.find('@') != std::string::npos;
  const auto refuse = [&](const std::string& why) {
    throw ConfigError(path, may_hold_secret ? "a URL with '@'" : '"' + url + '"',
                      "a URL such as http://proxy:3128 or socks5://proxy:1080", why);
  };
  const auto parsed = boost::urls::parse_uri(url);
  if (parsed.has_error()) refuse("it is not a URL");
  const boost::urls::url_view view = *parsed;
  Proxy proxy;
  const std::string scheme = lower(view.scheme());
  if (scheme == "http") {
    proxy.kind = Proxy::Kind::Http;
  } else if (scheme == "socks5" || scheme == "socks5h") {
    proxy.kind = Proxy::Kind::Socks5;
  } else {
    refuse(scheme == "https" ? "a proxy that is itself reached over TLS is not supported yet"
                             : "only http and socks5 are supported");
  }
  proxy.host = view.host_address();
  if (proxy.host.empty()) refuse("it names no host");
  const bool port_given = view.has_port() && !view.port().empty();
  if (port_given && view.port_number() == 0) refuse("its port is not one");
  proxy.port = port_given ? std::string(view.port()) : proxy.kind == Proxy::Kind::Http ? "80" : "1080";
  proxy.username = view.user();
  proxy.password = view.password();
  constexpr std::size_t longest = 255;  // RFC 1929: one byte holds the length
  if (proxy.username.size() > longest || proxy.password.size() > longest) refuse("its name or password is too long");
  const std::string host(view.encoded_host().data(), view.encoded_host().size());
  proxy.display = (proxy.kind == Proxy::Kind::Http ? "http://" : "socks5://") + host + ':' + proxy.port;
  return proxy;
}

std::string proxy_from(const std::vector<std::string>& environment, const std::string& server) {
  const ServerUrl url = parse_server_url(server);
  std::string_view written = variable(environment, url.tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (written.empty()) return {};
  error_code not_an_ip;
  const ip::address address = ip::make_address(url.host, not_an_ip);
  if (lower(url.host) == "localhost" || (!not_an_ip && address.is_loopback())) return {};
  std::string_view exceptions = variable(environment, "NO_PROXY");
  while (!exceptions.empty()) {
    const std::size_t end = std::min(exceptions.find(','), exceptions.size());
    std::string element = lower(exceptions.substr(0, end));
    std::erase_if(element, [](unsigned char c) { return std::isspace(c) != 0; });
    if (!element.empty() && excepts(std::move(element), url)) return {};
    exceptions.remove_prefix(std::min(end + 1, exceptions.size()));
  }
  std::string proxy(written);
  if (proxy.find("://") == std::string::npos) proxy = "http://" + proxy;
  parse_proxy_url(proxy, url.tls ? "HTTPS_PROXY" : "HTTP_PROXY");
  return proxy;
}

}  // namespace stepop::kube
