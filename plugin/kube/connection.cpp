#include "kube/connection.hpp"

namespace stepop::kube {

Connection::Connection(std::shared_ptr<Transport> transport, ClientCounters& counters, std::uint64_t generation)
    : transport_(std::move(transport)), counters_(&counters), generation_(generation) {}

void Connection::open(Transport::OnConnect handler) {
  transport_->connect(std::move(handler));
}

void Connection::exchange(std::string text, std::size_t max_head, std::size_t max_body,
                          ResponseReader::Handlers handlers, std::function<void(Result)> done) {
  ++exchanges_;
  done_ = std::move(done);
  paused_ = false;
  reader_ = std::make_shared<ResponseReader>(max_head, max_body, std::move(handlers));
  ++counters_->requests;
  writing_ = true;
  const std::size_t size = text.size();
  transport_->write(std::move(text),
                    [self = shared_from_this(), size](const std::optional<Transport::Failure>& failure) {
                      self->writing_ = false;
                      if (self->closed_) return;
                      if (failure) {
                        // The kernel did not take the last bytes, so the server cannot have them.
                        self->finish({TransportError{failure->kind, false, failure->message}, false, false});
                        return;
                      }
                      self->counters_->bytes_sent += size;
                      self->read_on();
                    });
}

void Connection::read_on() {
  if (paused_ || reading_ || closed_ || !done_) return;
  reading_ = true;
  transport_->read(
      [self = shared_from_this()](const std::optional<Transport::Failure>& failure, std::string_view bytes) {
        self->reading_ = false;
        if (!self->closed_) self->on_read(failure, bytes);
      });
}

void Connection::on_read(const std::optional<Transport::Failure>& failure, std::string_view bytes) {
  // A handler may close this connection, or even end its owner: then closed_ tells.
  const auto reader = reader_;
  const auto progress =
      failure ? reader->end(failure->clean_end) : (counters_->bytes_received += bytes.size(), reader->feed(bytes));
  if (closed_) return;
  switch (progress) {
    case ResponseReader::Progress::More:
      read_on();
      return;
    case ResponseReader::Progress::Done:
      finish({std::nullopt, true, reader->keep_alive()});
      return;
    case ResponseReader::Progress::Failed:
      break;
  }
  TransportError error{reader->failure_kind(), true, reader->failure()};
  if (failure) {
    if (failure->kind != TransportError::Kind::Reset) error.kind = failure->kind;
    error.message = failure->message + ": " + error.message;
  }
  finish({std::move(error), reader->began(), false});
}

void Connection::finish(Result result) {
  const auto done = std::move(done_);
  done_ = nullptr;
  done(std::move(result));
}

void Connection::resume() {
  paused_ = false;
  // While the request is still being written, the end of the write starts the reading.
  if (!writing_) read_on();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  done_ = nullptr;
  transport_->close();
}

}  // namespace stepop::kube
