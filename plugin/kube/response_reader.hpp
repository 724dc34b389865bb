#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kube/http.hpp"

namespace stepop::kube {

/// Reads one HTTP/1.1 response from bytes: no socket. Interim (1xx) responses are skipped, chunked
/// bodies unwrapped, truncation told from an end. Internal to the room.
class ResponseReader {
 public:
  struct Handlers {
    std::function<void(const Response&)> head;  ///< once; status and headers
    std::function<void(std::string_view)> body;
  };
  enum class Progress { More, Done, Failed };

  /// `max_body` 0: unbounded.
  ResponseReader(std::size_t max_head, std::size_t max_body, Handlers handlers);
  ~ResponseReader();

  /// The next bytes of the connection.
  Progress feed(std::string_view bytes);
  /// The connection ended. `clean`: by an orderly end, which is how a body without a length ends.
  Progress end(bool clean);

  /// After Failed: Protocol, TooLarge or Reset, and a sentence without the server's name.
  TransportError::Kind failure_kind() const noexcept;
  const std::string& failure() const noexcept;
  /// Whether a byte of a response (interim or final) has come.
  bool began() const noexcept;
  bool head_complete() const noexcept;
  /// After Done: the connection may carry another request.
  bool keep_alive() const noexcept;
  /// Status and headers; good once head_complete().
  const Response& head() const noexcept;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
  Handlers handlers_;
  std::size_t max_head_;
  std::size_t max_body_;
  std::string pending_;  // bytes that do not yet make a whole head or chunk line
  Response head_;
  bool began_ = false;
  bool head_complete_ = false;
  bool keep_alive_ = false;
  TransportError::Kind failure_kind_ = TransportError::Kind::Protocol;
  std::string failure_;

  Progress feed_body(std::string_view bytes);
  Progress fail(TransportError::Kind kind, std::string message);
  Progress too_large();
  Progress finished(bool leftover);
};

}  // namespace stepop::kube
