#include "kube/client.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>
#include <string_view>

#include "kube/client_impl.hpp"
#include "kube/config_error.hpp"
#include "kube/request_text.hpp"
#include "kube/tls_context.hpp"

namespace stepop::kube {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;
using std::chrono::milliseconds;

// A key as Kubernetes wants it in the name of a header: what no such name may hold is percent-encoded.
std::string header_key(const std::string& key) {
  static constexpr std::string_view others = "!#$&'*+-.^_`|~";
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || others.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

// "User impersonation" of Kubernetes' page on authentication.
std::string impersonation_lines(const ClusterAccess::Impersonation& whom) {
  std::string out;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!std::all_of(value.begin(), value.end(), [](unsigned char c) { return c >= ' ' && c != 0x7f; })) {
      throw ConfigError("user.as", "a line break or control character", "names that fit in a header");
    }
    out += name + ": " + value + "\r\n";
  };
  if (whom.user.empty()) return out;
  add("Impersonate-User", whom.user);
  if (!whom.uid.empty()) add("Impersonate-Uid", whom.uid);
  for (const std::string& group : whom.groups) add("Impersonate-Group", group);
  for (const auto& [key, values] : whom.extra) {
    for (const std::string& value : values) add("Impersonate-Extra-" + header_key(key), value);
  }
  return out;
}

}  // namespace

std::shared_ptr<const Peer> make_peer(const ClusterAccess& access, milliseconds connect_timeout) {
  auto peer = std::make_shared<Peer>();
  peer->url = parse_server_url(access.server);
  peer->connect_timeout = connect_timeout;
  if (!access.proxy_url.empty()) peer->proxy = parse_proxy_url(access.proxy_url, "cluster.proxy-url");
  if (peer->url.tls) {
    peer->tls = make_tls_context(access);
    if (access.tls_server_name.empty()) {
      peer->tls_name = peer->url.host;
      peer->tls_name_is_ip = peer->url.host_is_ip;
    } else {
      boost::system::error_code not_an_ip;
      asio::ip::make_address(access.tls_server_name, not_an_ip);
      peer->tls_name = access.tls_server_name;
      peer->tls_name_is_ip = !not_an_ip;
    }
  }
  return peer;
}

Client::Impl::Impl(asio::io_context& io, const ClusterAccess& access, ClientOptions options,
                   std::unique_ptr<CredentialSource> source)
    : io_(io),
      options_(std::move(options)),
      access_(access),
      authorization_(access),
      renewal_(options_.renewal),
      source_(source || !access.exec ? std::move(source) : make_exec_source(io, *access.exec)),
      random_(std::random_device{}()),
      renewal_timer_(io),
      keep_alive_timer_(io) {
  if (access.server.empty() && source_ && !access.exec) {
    // Nothing is connected to before the source has said where to.
    auto unknown = std::make_shared<Peer>();
    unknown->url.display = access.context_name;
    peer_ = std::move(unknown);
  } else {
    use_peer(access_);
  }
  options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
}

void Client::Impl::use_peer(const ClusterAccess& access) {
  std::string lines = impersonation_lines(access.impersonate);
  auto peer = make_peer(access, options_.connect_timeout);
  ServerUrl url = peer->url;
  if (peer->proxy && peer->proxy->kind == Proxy::Kind::Http && !url.tls) {
    // Such a proxy is sent whole requests, with the server's URL in the first line.
    url.prefix = url.display + url.prefix;
    if (const Proxy& proxy = *peer->proxy; !proxy.username.empty() || !proxy.password.empty()) {
      lines += "Proxy-Authorization: " + basic_authorization(proxy.username, proxy.password) + "\r\n";
    }
  }
  peer_ = std::move(peer);
  request_url_ = std::move(url);
  own_lines_ = std::move(lines);
  ++peer_generation_;
  close_idle();
}

std::variant<std::string, TransportError> Client::Impl::text_of(const Request& request) {
  if (std::string problem = problem_with(request); !problem.empty()) {
    return TransportError{Kind::Protocol, false, request_line(request) + ": " + problem};
  }
  auto credentials = authorization_.header(Clock::now());
  if (!credentials) {
    return TransportError{Kind::Credentials, false, authorization_.problem()};
  }
  if (credentials->empty() && !obtained_.token.empty()) *credentials = "Bearer " + obtained_.token;
  return http_text(request, request_url_, *credentials, options_.user_agent, own_lines_);
}

void Client::Impl::abort_all() {
  for (auto& [id, call] : calls_) {
    const bool sent = call->connection != nullptr;
    if (sent) drop_connection(call->connection);
    call->connection = nullptr;
    if (call->waiting) --waiting_;
    call->waiting = false;
    call->timer.cancel();
    finish_call_later(id, {Kind::Cancelled, sent, request_line(call->request) + ": cancelled"});
  }
  for (auto& [id, stream] : streams_) {
    stream->connection->close();
    stream->timer.cancel();
    end_stream_later(id, {Kind::Cancelled, stream->sent, request_line(stream->request) + ": cancelled"});
  }
}

void Client::Impl::stop() {
  stopped_ = true;
  for (const auto& connection : pool_) connection->close();
  for (const auto& [id, stream] : streams_) {
    stream->closed = true;
    stream->connection->close();
  }
  keep_alive_timer_.cancel();
  renewal_timer_.cancel();
  source_.reset();
  calls_.clear();
  streams_.clear();
  pool_.clear();
  idle_.clear();
}

// ---- the public face

Client::Client(asio::io_context& io, ClusterAccess access, ClientOptions options,
               std::unique_ptr<CredentialSource> source)
    : impl_(std::make_shared<Impl>(io, access, std::move(options), std::move(source))) {}

Client::~Client() {
  impl_->stop();
}

CallId Client::call(Request request, std::function<void(Outcome)> handler) {
  return CallId{impl_->call(std::move(request), std::move(handler))};
}
void Client::cancel(CallId id) {
  impl_->cancel(static_cast<std::uint64_t>(id));
}

StreamId Client::stream(Request request, StreamHandlers handlers, milliseconds idle_timeout) {
  return StreamId{impl_->stream(std::move(request), std::move(handlers), idle_timeout)};
}
void Client::pause(StreamId id) {
  impl_->pause(static_cast<std::uint64_t>(id));
}
void Client::resume(StreamId id) {
  impl_->resume(static_cast<std::uint64_t>(id));
}
void Client::close(StreamId id) {
  impl_->close_stream(static_cast<std::uint64_t>(id));
}
void Client::abort_all() {
  impl_->abort_all();
}

const ClientCounters& Client::counters() const noexcept {
  return impl_->counters();
}
const std::string& Client::server() const noexcept {
  return impl_->server();
}

}  // namespace stepop::kube
