#include <boost/asio/post.hpp>

#include "kube/client_impl.hpp"
#include "kube/request_text.hpp"

namespace stepop::kube {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;
using std::chrono::milliseconds;

}  // namespace

std::uint64_t Client::Impl::stream(Request request, StreamHandlers handlers, milliseconds idle_timeout) {
  const std::uint64_t id = next_id_++;
  auto stream = std::make_shared<Stream>(io_, std::move(request), std::move(handlers), idle_timeout);
  streams_.emplace(id, stream);
  arm_stream_timer(id, stream, Clock::now() + timeout_of(stream->request));
  stream->connection = make_connection();
  start_stream(id, stream);
  return id;
}

void Client::Impl::start_stream(std::uint64_t id, const StreamPtr& stream) {
  stream->awaits_credentials = true;
  if (!credentials_ready()) return;
  stream->awaits_credentials = false;
  stream->connection = make_connection();
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
}

void Client::Impl::send_stream(std::uint64_t id, const StreamPtr& stream) {
  auto text = text_of(stream->request);
  if (auto* error = std::get_if<TransportError>(&text)) {
    end_stream(id, stream, std::move(*error));
    return;
  }
  stream->sent = true;
  stream->sent_with = sent_with();
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
  note_date(head);
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
  if (stream->head.status == 401 && may_repeat(stream->sent_with) && !stream->repeated) {
    stream->repeated = true;
    stream->connection->close();
    stream->sent = stream->got_head = stream->is_error = false;
    start_stream(id, stream);
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

}  // namespace stepop::kube
