#include <boost/asio/post.hpp>

#include "kube/client_impl.hpp"
#include "kube/request_text.hpp"

namespace stepop::kube {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;
using std::chrono::milliseconds;

// A connection that was opened but has not carried a request is used only for so long: the API
// server drops those that send nothing.
constexpr std::chrono::seconds fresh_for{5};

}  // namespace

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
  if (waiting_ > 0 && !credentials_ready()) return;
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
  auto connection = make_connection();
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
  if (reusable && connection->generation() == peer_generation_) {
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
  call.sent_with = sent_with();
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
    note_date(response);
    const bool refused = response.status == 401;
    // A client certificate belongs to its connection: another one, another try.
    if (result.reusable && !refused && connection->generation() == peer_generation_) {
      idle_.push_back({connection, Clock::now()});
      arm_keep_alive();
    } else {
      drop_connection(connection);
    }
    // Who is not known does nothing: such a request was not acted upon, of whatever kind it is.
    if (refused && may_repeat(call.sent_with) && !call.repeated) {
      call.repeated = true;
      call.waiting = true;
      ++waiting_;
      queue_.push_front(id);
      dispatch();
      return;
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
  if (call.waiting && source_ && renewal_.ask(Clock::now()) == Renewal::Answer::Wait) {
    error.kind = Kind::Credentials;
    error.message += ": no credentials for ";
  } else {
    error.message += call.connection ? ": no whole answer from " : ": no connection to ";
  }
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

}  // namespace stepop::kube
