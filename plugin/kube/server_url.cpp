#include "kube/server_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "kube/config_error.hpp"

namespace stepop::kube {

namespace {

[[noreturn]] void refuse(const std::string& url, const std::string& why) {
  // A URL can hold a password: then it is not repeated.
  const bool may_hold_secret = url.find('@') != std::string::npos;
  throw ConfigError("cluster.server", may_hold_secret ? "a URL with '@'" : '"' + url + '"',
                    "a URL such as https://host:6443", why);
}

}  // namespace

ServerUrl parse_server_url(const std::string& url) {
  auto parsed = boost::urls::parse_uri(url);
  if (parsed.has_error()) refuse(url, "it is not a URL");
  const boost::urls::url_view view = *parsed;

  ServerUrl out;
  const auto scheme = view.scheme_id();
  if (scheme == boost::urls::scheme::https) {
    out.tls = true;
  } else if (scheme == boost::urls::scheme::http) {
    out.tls = false;
  } else {
    refuse(url, "only https and http are supported");
  }
  if (view.has_userinfo()) refuse(url, "give credentials in the user, not in the URL");
  if (view.has_query() || view.has_fragment()) refuse(url, "it has a query or a fragment");

  const std::string encoded_host(view.encoded_host().data(), view.encoded_host().size());
  out.host = view.host_address();
  if (out.host.empty()) refuse(url, "it names no host");
  out.host_is_ip = view.host_type() == boost::urls::host_type::ipv4 || view.host_type() == boost::urls::host_type::ipv6;
  const bool port_given = view.has_port() && !view.port().empty();
  out.port = port_given ? std::string(view.port()) : out.tls ? "443" : "80";
  if (port_given && view.port_number() == 0) refuse(url, "its port is not one");
  out.prefix = std::string(view.encoded_path().data(), view.encoded_path().size());
  while (!out.prefix.empty() && out.prefix.back() == '/') out.prefix.pop_back();
  out.host_header = port_given ? encoded_host + ':' + out.port : encoded_host;
  out.display = (out.tls ? "https://" : "http://") + encoded_host + ':' + out.port;
  return out;
}

}  // namespace stepop::kube
