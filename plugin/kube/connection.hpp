#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "kube/client.hpp"
#include "kube/response_reader.hpp"
#include "kube/transport.hpp"

namespace stepop::kube {

/// One connection to the server that carries one request at a time. Internal to the room.
///
/// Handlers come from the io_context, once; none after close(). A handler may call close().
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// How an exchange ended.
  struct Result {
    /// Nothing: the whole answer has come.
    std::optional<TransportError> error;
    /// A byte of an answer had come.
    bool answer_began = false;
    /// The connection can carry another request.
    bool reusable = false;
  };

  /// `generation`: of the credentials that the handshake shows.
  Connection(std::shared_ptr<Transport> transport, ClientCounters& counters, std::uint64_t generation);

  void open(Transport::OnConnect handler);

  /// REQUIRES: open, and no exchange under way. `text` is the whole request.
  void exchange(std::string text, std::size_t max_head, std::size_t max_body, ResponseReader::Handlers handlers,
                std::function<void(Result)> done);

  /// Reads no more from the network until resume(); what a read had brought is still told.
  void pause() noexcept { paused_ = true; }
  void resume();
  void close();

  std::uint64_t generation() const noexcept { return generation_; }
  bool used() const noexcept { return exchanges_ > 0; }
  /// Whether there was an exchange before the present one.
  bool used_before() const noexcept { return exchanges_ > 1; }
  const Response& head() const noexcept { return reader_->head(); }
  /// The server is closing an idle connection, or talks out of turn.
  bool stale() const { return transport_->readable(); }

 private:
  void read_on();
  void on_read(const std::optional<Transport::Failure>& failure, std::string_view bytes);
  void finish(Result result);

  std::shared_ptr<Transport> transport_;
  ClientCounters* counters_;  // of the Client, which closes its connections before it goes
  std::shared_ptr<ResponseReader> reader_;
  std::function<void(Result)> done_;
  std::uint64_t generation_;
  unsigned exchanges_ = 0;
  bool paused_ = false;
  bool writing_ = false;
  bool reading_ = false;
  bool closed_ = false;
};

}  // namespace stepop::kube
