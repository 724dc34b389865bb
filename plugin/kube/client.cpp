#include "kube/client.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "kube/client_impl.hpp"
#include "kube/request_text.hpp"
#include "kube/tls_context.hpp"

namespace stepop::kube {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;
using std::chrono::milliseconds;

std::shared_ptr<const Peer> make_peer(const ClusterAccess& access, const ClientOptions& options) {
  auto peer = std::make_shared<Peer>();
  peer->url = parse_server_url(access.server);
  peer->connect_timeout = options.connect_timeout;
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

}  // namespace

Client::Impl::Impl(asio::io_context& io, const ClusterAccess& access, ClientOptions options)
    : io_(io),
      options_(std::move(options)),
      peer_(make_peer(access, options_)),
      authorization_(access),
      keep_alive_timer_(io) {
  options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
}

std::variant<std::string, TransportError> Client::Impl::text_of(const Request& request) {
  if (std::string problem = problem_with(request); !problem.empty()) {
    return TransportError{Kind::Protocol, false, request_line(request) + ": " + problem};
  }
  const auto credentials = authorization_.header(Clock::now());
  if (!credentials) {
    return TransportError{Kind::Credentials, false, authorization_.problem()};
  }
  return http_text(request, peer_->url, *credentials, options_.user_agent);
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
  calls_.clear();
  streams_.clear();
  pool_.clear();
  idle_.clear();
}

// ---- the public face

Client::Client(asio::io_context& io, ClusterAccess access, ClientOptions options)
    : impl_(std::make_shared<Impl>(io, access, std::move(options))) {}

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
