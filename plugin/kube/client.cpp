#include "kube/client.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <unordered_map>
#include <vector>

#include "kube/authorization.hpp"
#include "kube/config_error.hpp"
#include "kube/connection.hpp"
#include "kube/server_url.hpp"
#include "kube/tls_context.hpp"
#include "kube/transport.hpp"

namespace stepop::kube {

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;
using std::chrono::milliseconds;

// A connection that was opened but has not carried a request is used only for so long: the API
// server drops those that send nothing.
constexpr std::chrono::seconds fresh_for{5};

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

bool fits_in_a_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c != 0x7f; });
}

/// Why the request cannot be put into HTTP; empty when it can.
std::string problem_with(const Request& request) {
  const std::string& target = request.target;
  if (target.empty() || target.front() != '/') return "the target does not begin with '/'";
  if (!std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return "the target is not percent-encoded";
  }
  if (!fits_in_a_line(request.content_type)) return "the content type is not one";
  return {};
}

std::string time_text(milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + " s" : std::to_string(time.count()) + " ms";
}

/// `GET /api/v1/namespaces/dev/pods`, without the query, for messages.
std::string request_line(const Request& request) {
  return std::string(method_name(request.method)) + ' ' + request.target.substr(0, request.target.find('?'));
}

}  // namespace

class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
 public:
  Impl(asio::io_context& io, const ClusterAccess& access, ClientOptions options)
      : io_(io),
        options_(std::move(options)),
        peer_(make_peer(access, options_)),
        authorization_(access),
        keep_alive_timer_(io) {
    options_.max_connections = std::max<std::size_t>(options_.max_connections, 1);
  }

  std::uint64_t call(Request request, std::function<void(Outcome)> handler);
  void cancel(std::uint64_t id);
  std::uint64_t stream(Request request, StreamHandlers handlers, milliseconds idle_timeout);
  void pause(std::uint64_t id);
  void resume(std::uint64_t id);
  void close_stream(std::uint64_t id);
  void abort_all();
  void stop();

  const ClientCounters& counters() const { return counters_; }
  const std::string& server() const { return peer_->url.display; }

 private:
  using ConnectionPtr = std::shared_ptr<Connection>;

  struct Call {
    Call(asio::io_context& io, Request r, std::function<void(Outcome)> h)
        : request(std::move(r)), handler(std::move(h)), timer(io) {}
    Request request;
    std::function<void(Outcome)> handler;
    asio::steady_timer timer;
    ConnectionPtr connection;  // null while it waits for one
    std::string body;
    bool waiting = false;
    bool retried = false;
  };

  struct Stream {
    Stream(asio::io_context& io, Request r, StreamHandlers h, milliseconds idle)
        : request(std::move(r)), handlers(std::move(h)), idle_timeout(idle), timer(io) {}
    Request request;
    StreamHandlers handlers;
    milliseconds idle_timeout;
    asio::steady_timer timer;
    ConnectionPtr connection;
    bool sent = false;
    bool got_head = false;
    bool is_error = false;  // not 2xx: the body is collected into `head`
    bool paused = false;
    bool closed = false;
    Clock::time_point last_data{};
    Response head;
    // What arrived while it was paused.
    std::optional<Response> held_head;
    std::string held_data;
    std::optional<Outcome> held_end;
  };
  using StreamPtr = std::shared_ptr<Stream>;

  struct Idle {
    ConnectionPtr connection;
    Clock::time_point since;
  };

  milliseconds timeout_of(const Request& request) const {
    return request.timeout.count() > 0 ? request.timeout : options_.call_timeout;
  }
  std::size_t limit_of(const Request& request) const {
    return request.max_response_bytes != 0 ? request.max_response_bytes : options_.max_response_bytes;
  }
  /// The request as HTTP, or why it cannot be sent.
  std::variant<std::string, TransportError> text_of(const Request& request);

  // Calls
  void dispatch();
  void open_pool_connection();
  ConnectionPtr take_idle();
  void release(ConnectionPtr connection, bool reusable);
  void send(std::uint64_t id, Call& call, ConnectionPtr connection);
  void on_call_done(std::uint64_t id, Connection::Result result);
  void on_call_timeout(std::uint64_t id);
  void finish_call(std::uint64_t id, Outcome outcome);
  void finish_call_later(std::uint64_t id, TransportError error);
  void drop_connection(const ConnectionPtr& connection);
  void close_idle();
  void arm_keep_alive();

  // Streams
  StreamPtr find_stream(std::uint64_t id) const;
  void send_stream(std::uint64_t id, const StreamPtr& stream);
  void arm_stream_timer(std::uint64_t id, const StreamPtr& stream, Clock::time_point time);
  void on_stream_timer(std::uint64_t id, const StreamPtr& stream);
  void on_stream_head(std::uint64_t id, const StreamPtr& stream, const Response& head);
  void on_stream_body(const StreamPtr& stream, std::string_view bytes);
  void on_stream_done(std::uint64_t id, const StreamPtr& stream, Connection::Result result);
  void tell_head(const StreamPtr& stream, Response head);
  void tell_data(const StreamPtr& stream, std::string_view bytes);
  void end_stream(std::uint64_t id, const StreamPtr& stream, Outcome outcome);
  void end_stream_later(std::uint64_t id, TransportError error);
  void tell_held(std::uint64_t id);

  asio::io_context& io_;
  ClientOptions options_;
  std::shared_ptr<const Peer> peer_;
  Authorization authorization_;
  ClientCounters counters_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;

  std::unordered_map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::deque<std::uint64_t> queue_;  // ids of waiting calls, and of some that are gone
  std::size_t waiting_ = 0;          // calls that wait for a connection
  std::vector<ConnectionPtr> pool_;  // all pool connections: connecting, busy, idle
  std::size_t connecting_ = 0;
  std::vector<Idle> idle_;  // the most recently used at the back
  asio::steady_timer keep_alive_timer_;
  bool keep_alive_armed_ = false;

  std::unordered_map<std::uint64_t, StreamPtr> streams_;
};

// ---- requests

std::variant<std::string, TransportError> Client::Impl::text_of(const Request& request) {
  if (std::string problem = problem_with(request); !problem.empty()) {
    return TransportError{Kind::Protocol, false, request_line(request) + ": " + problem};
  }
  const auto credentials = authorization_.header(Clock::now());
  if (!credentials) {
    return TransportError{Kind::Credentials, false, authorization_.problem()};
  }
  std::string text;
  text.reserve(512 + request.target.size() + credentials->size() + request.body.size());
  text.append(method_name(request.method)).append(" ").append(peer_->url.prefix);
  text.append(request.target).append(" HTTP/1.1\r\nHost: ").append(peer_->url.host_header);
  text.append("\r\nUser-Agent: ").append(options_.user_agent);
  // Logs are text/plain, everything else is JSON.
  text.append("\r\nAccept: application/json, */*\r\n");
  if (!credentials->empty()) text.append("Authorization: ").append(*credentials).append("\r\n");
  const bool may_have_body = request.method != Method::Get;
  if (!request.body.empty()) text.append("Content-Type: ").append(request.content_type).append("\r\n");
  if (may_have_body || !request.body.empty()) {
    text.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  text.append("\r\n").append(request.body);
  return text;
}

// ---- calls

std::uint64_t Client::Impl::call(Request request, std::function<void(Outcome)> handler) {
  const std::uint64_t id = next_id_++;
  auto owned = std::make_unique<Call>(io_, std::move(request), std::move(handler));
  Call& call = *owned;
  calls_.emplace(id, std::move(owned));
  call.timer.expires_after(timeout_of(call.request));
  call.timer.async_wait([weak = weak_from_this(), id](const boost::system::error_code& error) {
    if (error) return;
    if (auto self = weak.lock(); self && !self->stopped_) self->on_call_timeout(id);
  });
  call.waiting = true;
  ++waiting_;
  queue_.push_back(id);
  dispatch();
  return id;
}

void Client::Impl::dispatch() {
  while (waiting_ > 0 && !queue_.empty()) {
    const auto found = calls_.find(queue_.front());
    if (found == calls_.end() || !found->second->waiting) {
      queue_.pop_front();
      continue;
    }
    ConnectionPtr connection = take_idle();
    if (!connection) break;
    queue_.pop_front();
    send(found->first, *found->second, std::move(connection));
  }
  if (waiting_ == 0) queue_.clear();
  while (connecting_ < waiting_ && pool_.size() < options_.max_connections) {
    open_pool_connection();
  }
}

void Client::Impl::open_pool_connection() {
  auto connection = std::make_shared<Connection>(make_transport(io_, peer_), counters_);
  pool_.push_back(connection);
  ++connecting_;
  connection->open([weak = weak_from_this(), connection](const std::optional<Transport::Failure>& failure) {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    --self->connecting_;
    if (!failure) {
      ++self->counters_.connections_opened;
      self->release(connection, true);
      return;
    }
    ++self->counters_.connections_failed;
    self->drop_connection(connection);
    // The oldest waiting call hears of it; the others try again, or hear of the next failure.
    while (!self->queue_.empty()) {
      const std::uint64_t id = self->queue_.front();
      self->queue_.pop_front();
      const auto found = self->calls_.find(id);
      if (found == self->calls_.end() || !found->second->waiting) continue;
      self->finish_call(id, TransportError{failure->kind, false, failure->message});
      break;
    }
    if (!self->stopped_) self->dispatch();
  });
}

Client::Impl::ConnectionPtr Client::Impl::take_idle() {
  while (!idle_.empty()) {
    Idle idle = std::move(idle_.back());
    idle_.pop_back();
    // On a fresh TLS 1.3 connection session tickets may be waiting to be read: there, "readable"
    // says nothing yet, and youth must do.
    const bool usable = idle.connection->used() ? !idle.connection->stale() : Clock::now() - idle.since < fresh_for;
    if (usable) return idle.connection;
    drop_connection(idle.connection);
  }
  return nullptr;
}

void Client::Impl::release(ConnectionPtr connection, bool reusable) {
  if (reusable) {
    idle_.push_back({std::move(connection), Clock::now()});
    arm_keep_alive();
  } else {
    drop_connection(connection);
  }
  dispatch();
}

void Client::Impl::send(std::uint64_t id, Call& call, ConnectionPtr connection) {
  call.waiting = false;
  --waiting_;
  auto text = text_of(call.request);
  if (auto* error = std::get_if<TransportError>(&text)) {
    idle_.push_back({std::move(connection), Clock::now()});
    arm_keep_alive();
    finish_call_later(id, std::move(*error));
    return;
  }
  call.connection = connection;
  call.body.clear();
  ResponseReader::Handlers handlers;
  handlers.body = [&call](std::string_view bytes) { call.body.append(bytes); };
  connection->exchange(std::move(std::get<std::string>(text)), options_.max_head_bytes, limit_of(call.request),
                       std::move(handlers), [weak = weak_from_this(), id](Connection::Result result) {
                         const auto self = weak.lock();
                         if (self && !self->stopped_) self->on_call_done(id, std::move(result));
                       });
}

void Client::Impl::on_call_done(std::uint64_t id, Connection::Result result) {
  Call& call = *calls_.at(id);
  const ConnectionPtr connection = std::move(call.connection);
  call.connection = nullptr;

  if (!result.error) {
    Response response = connection->head();
    response.body = std::move(call.body);
    if (response.status == 401) authorization_.refused();
    if (result.reusable) {
      idle_.push_back({connection, Clock::now()});
      arm_keep_alive();
    } else {
      drop_connection(connection);
    }
    finish_call(id, std::move(response));
    if (!stopped_) dispatch();
    return;
  }

  drop_connection(connection);
  const bool closed_while_idle = connection->used_before() && !result.answer_began && result.error->kind == Kind::Reset;
  if (closed_while_idle) {
    // The server is restarting, or drops idle connections: the others are as good as closed.
    close_idle();
    if (call.request.method == Method::Get && !call.retried) {
      call.retried = true;
      call.waiting = true;
      ++waiting_;
      ++counters_.retries;
      queue_.push_front(id);
      dispatch();
      return;
    }
  }
  result.error->message = request_line(call.request) + ": " + result.error->message;
  finish_call(id, std::move(*result.error));
  if (!stopped_) dispatch();
}

void Client::Impl::on_call_timeout(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  Call& call = *found->second;
  TransportError error{Kind::Timeout, call.connection != nullptr, request_line(call.request)};
  error.message += call.connection ? ": no whole answer from " : ": no connection to ";
  error.message += peer_->url.display + " within " + time_text(timeout_of(call.request));
  if (call.connection) drop_connection(call.connection);
  finish_call(id, std::move(error));
  if (!stopped_) dispatch();
}

void Client::Impl::finish_call(std::uint64_t id, Outcome outcome) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const auto call = std::move(found->second);
  calls_.erase(found);
  if (call->waiting) --waiting_;
  call->timer.cancel();
  if (call->handler) call->handler(std::move(outcome));
}

void Client::Impl::finish_call_later(std::uint64_t id, TransportError error) {
  asio::post(io_, [weak = weak_from_this(), id, error = std::move(error)]() mutable {
    if (auto self = weak.lock(); self && !self->stopped_) {
      self->finish_call(id, std::move(error));
    }
  });
}

void Client::Impl::cancel(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const auto call = std::move(found->second);
  calls_.erase(found);
  if (call->waiting) --waiting_;
  if (call->connection) {
    drop_connection(call->connection);
    dispatch();
  }
}

void Client::Impl::drop_connection(const ConnectionPtr& connection) {
  connection->close();
  std::erase(pool_, connection);
}

void Client::Impl::close_idle() {
  for (const Idle& idle : idle_) drop_connection(idle.connection);
  idle_.clear();
}

void Client::Impl::arm_keep_alive() {
  if (keep_alive_armed_ || idle_.empty()) return;
  keep_alive_armed_ = true;
  keep_alive_timer_.expires_at(idle_.front().since + options_.keep_alive);
  keep_alive_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->stopped_) return;
    self->keep_alive_armed_ = false;
    const auto oldest_kept = Clock::now() - self->options_.keep_alive;
    std::erase_if(self->idle_, [&](const Idle& idle) {
      if (idle.since > oldest_kept) return false;
      self->drop_connection(idle.connection);
      return true;
    });
    self->arm_keep_alive();
  });
}

// ---- streams

std::uint64_t Client::Impl::stream(Request request, StreamHandlers handlers, milliseconds idle_timeout) {
  const std::uint64_t id = next_id_++;
  auto stream = std::make_shared<Stream>(io_, std::move(request), std::move(handlers), idle_timeout);
  streams_.emplace(id, stream);
  arm_stream_timer(id, stream, Clock::now() + timeout_of(stream->request));
  stream->connection = std::make_shared<Connection>(make_transport(io_, peer_), counters_);
  stream->connection->open([weak = weak_from_this(), id, stream](const std::optional<Transport::Failure>& failure) {
    const auto self = weak.lock();
    if (!self || self->stopped_ || stream->closed) return;
    if (failure) {
      ++self->counters_.connections_failed;
      self->end_stream(id, stream, TransportError{failure->kind, false, failure->message});
      return;
    }
    ++self->counters_.connections_opened;
    self->send_stream(id, stream);
  });
  return id;
}

void Client::Impl::send_stream(std::uint64_t id, const StreamPtr& stream) {
  auto text = text_of(stream->request);
  if (auto* error = std::get_if<TransportError>(&text)) {
    end_stream(id, stream, std::move(*error));
    return;
  }
  stream->sent = true;
  ResponseReader::Handlers handlers;
  const auto weak = weak_from_this();
  const std::weak_ptr<Stream> weak_stream = stream;  // the connection must not own its owner
  handlers.head = [weak, weak_stream, id](const Response& head) {
    const auto self = weak.lock();
    const auto stream = weak_stream.lock();
    if (self && stream && !self->stopped_ && !stream->closed) {
      self->on_stream_head(id, stream, head);
    }
  };
  handlers.body = [weak, weak_stream](std::string_view bytes) {
    const auto self = weak.lock();
    const auto stream = weak_stream.lock();
    if (self && stream && !self->stopped_ && !stream->closed) {
      self->on_stream_body(stream, bytes);
    }
  };
  stream->connection->exchange(std::move(std::get<std::string>(text)), options_.max_head_bytes, 0, std::move(handlers),
                               [weak, weak_stream, id](Connection::Result result) {
                                 const auto self = weak.lock();
                                 const auto stream = weak_stream.lock();
                                 if (self && stream && !self->stopped_ && !stream->closed) {
                                   self->on_stream_done(id, stream, std::move(result));
                                 }
                               });
  if (stream->paused) stream->connection->pause();
}

void Client::Impl::arm_stream_timer(std::uint64_t id, const StreamPtr& stream, Clock::time_point time) {
  stream->timer.expires_at(time);
  const std::weak_ptr<Stream> weak_stream = stream;
  stream->timer.async_wait([weak = weak_from_this(), weak_stream, id, time](const boost::system::error_code& error) {
    const auto self = weak.lock();
    const auto stream = weak_stream.lock();
    if (error || !self || !stream || self->stopped_ || stream->closed) return;
    if (stream->timer.expiry() == time) self->on_stream_timer(id, stream);
  });
}

void Client::Impl::on_stream_timer(std::uint64_t id, const StreamPtr& stream) {
  const bool in_body = stream->got_head && !stream->is_error;
  const auto now = Clock::now();
  if (in_body) {
    if (stream->idle_timeout.count() <= 0) return;
    const auto since = stream->paused ? now : stream->last_data;
    if (since + stream->idle_timeout > now) {
      arm_stream_timer(id, stream, since + stream->idle_timeout);
      return;
    }
  }
  TransportError error{Kind::Timeout, stream->sent, request_line(stream->request)};
  error.message += in_body ? ": nothing came from " : ": no answer from ";
  error.message +=
      peer_->url.display + " for " + time_text(in_body ? stream->idle_timeout : timeout_of(stream->request));
  end_stream(id, stream, std::move(error));
}

void Client::Impl::on_stream_head(std::uint64_t id, const StreamPtr& stream, const Response& head) {
  stream->got_head = true;
  stream->head = head;
  stream->is_error = head.status < 200 || head.status > 299;
  if (head.status == 401) authorization_.refused();
  if (stream->is_error) return;  // the timer goes on: the body belongs to the head
  stream->last_data = Clock::now();
  stream->timer.cancel();
  if (stream->idle_timeout.count() > 0) {
    arm_stream_timer(id, stream, stream->last_data + stream->idle_timeout);
  }
  tell_head(stream, head);
}

void Client::Impl::on_stream_body(const StreamPtr& stream, std::string_view bytes) {
  if (!stream->is_error) {
    stream->last_data = Clock::now();
    tell_data(stream, bytes);
    return;
  }
  // What explains an error fits; a proxy's endless page is cut.
  const std::size_t limit = limit_of(stream->request);
  const std::size_t room = limit - std::min(limit, stream->head.body.size());
  stream->head.body.append(bytes.substr(0, room));
}

void Client::Impl::on_stream_done(std::uint64_t id, const StreamPtr& stream, Connection::Result result) {
  if (result.error) {
    result.error->message = request_line(stream->request) + ": " + result.error->message;
    end_stream(id, stream, std::move(*result.error));
    return;
  }
  Response head = stream->head;
  if (stream->is_error) {
    tell_head(stream, head);
    if (stopped_ || stream->closed) return;
    head.body.clear();
  }
  end_stream(id, stream, std::move(head));
}

void Client::Impl::tell_head(const StreamPtr& stream, Response head) {
  if (stream->paused) {
    stream->held_head = std::move(head);
  } else if (stream->handlers.on_head) {
    stream->handlers.on_head(std::move(head));
  }
}

void Client::Impl::tell_data(const StreamPtr& stream, std::string_view bytes) {
  if (stream->paused) {
    stream->held_data.append(bytes);
  } else if (stream->handlers.on_data) {
    stream->handlers.on_data(bytes);
  }
}

void Client::Impl::end_stream(std::uint64_t id, const StreamPtr& stream, Outcome outcome) {
  stream->connection->close();
  stream->timer.cancel();
  if (stream->paused) {
    stream->held_end = std::move(outcome);
    return;
  }
  stream->closed = true;
  streams_.erase(id);
  if (stream->handlers.on_end) stream->handlers.on_end(std::move(outcome));
}

void Client::Impl::end_stream_later(std::uint64_t id, TransportError error) {
  asio::post(io_, [weak = weak_from_this(), id, error = std::move(error)]() mutable {
    const auto self = weak.lock();
    if (!self || self->stopped_) return;
    if (auto stream = self->find_stream(id)) {
      stream->paused = false;
      self->end_stream(id, stream, std::move(error));
    }
  });
}

Client::Impl::StreamPtr Client::Impl::find_stream(std::uint64_t id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second;
}

void Client::Impl::pause(std::uint64_t id) {
  const auto stream = find_stream(id);
  if (!stream || stream->paused) return;
  stream->paused = true;
  stream->connection->pause();
}

void Client::Impl::resume(std::uint64_t id) {
  const auto stream = find_stream(id);
  if (!stream || !stream->paused) return;
  // Paused it stays until what is held has been told, in order, from the io_context.
  asio::post(io_, [weak = weak_from_this(), id] {
    if (auto self = weak.lock(); self && !self->stopped_) self->tell_held(id);
  });
}

void Client::Impl::tell_held(std::uint64_t id) {
  const auto stream = find_stream(id);
  if (!stream || !stream->paused) return;
  stream->paused = false;
  stream->last_data = Clock::now();
  // Each handler may pause or close the stream again.
  if (stream->held_head) {
    Response head = std::move(*stream->held_head);
    stream->held_head.reset();
    tell_head(stream, std::move(head));
  }
  if (!stream->held_data.empty() && !stopped_ && !stream->closed && !stream->paused) {
    const std::string data = std::move(stream->held_data);
    stream->held_data.clear();
    tell_data(stream, data);
  }
  if (stopped_ || stream->closed || stream->paused) return;
  if (stream->held_end) {
    Outcome outcome = std::move(*stream->held_end);
    stream->held_end.reset();
    end_stream(id, stream, std::move(outcome));
    return;
  }
  stream->connection->resume();
}

void Client::Impl::close_stream(std::uint64_t id) {
  const auto stream = find_stream(id);
  if (!stream) return;
  stream->closed = true;
  stream->timer.cancel();
  stream->connection->close();
  streams_.erase(id);
}

// ---- all

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
