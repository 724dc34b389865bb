#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "kube/cluster_access.hpp"
#include "kube/credential_source.hpp"
#include "kube/http.hpp"
#include "kube/renewal.hpp"

namespace stepop::kube {

/// Never reused within one Client. 0 is no id.
enum class CallId : std::uint64_t {};
enum class StreamId : std::uint64_t {};

struct ClientOptions {
  /// Connections for calls; more calls wait in a queue. Each stream has one of its own, beyond.
  std::size_t max_connections = 8;
  /// Resolve, connect and TLS handshake together.
  std::chrono::milliseconds connect_timeout{10'000};
  /// For requests that name none.
  std::chrono::milliseconds call_timeout{30'000};
  /// An unused connection is closed after this long: before the API server closes it (90 s), so
  /// that a POST seldom meets a connection that is just being closed.
  std::chrono::milliseconds keep_alive{60'000};
  /// For requests that name none.
  std::size_t max_response_bytes = 64u << 20;
  /// Longest head of an answer.
  std::size_t max_head_bytes = 64u << 10;
  std::string user_agent = "stepop";
  /// Of credentials that end.
  Renewal::Pace renewal{};
};

struct ClientCounters {
  std::uint64_t connections_opened = 0;  ///< handshakes that succeeded
  std::uint64_t connections_failed = 0;  ///< resolve, connect or handshake failed
  std::uint64_t requests = 0;            ///< requests written, calls and streams, retries included
  std::uint64_t retries = 0;             ///< GETs sent again since an idle connection had been closed
  std::uint64_t bytes_received = 0;      ///< of HTTP, after decryption
  std::uint64_t bytes_sent = 0;          ///< of HTTP, before encryption
};

/// What is called as a stream comes in. on_head first, then on_data any number of times, then
/// on_end exactly once; after an error on_end may come alone. Any of them may be empty.
struct StreamHandlers {
  /// Status and headers. For a status other than 2xx the whole body is in it (as for a call),
  /// on_data is never called, and on_end follows.
  std::function<void(Response)> on_head{};
  /// A piece of the body, cut anywhere. The view is good only during the call.
  std::function<void(std::string_view)> on_data{};
  /// A Response (status and headers, no body) when the server ended the body as HTTP wants it,
  /// a TransportError for any other end: a truncated body is never a clean end.
  std::function<void(Outcome)> on_end{};
};

/// An HTTP/1.1 client for one API server. Knows the URL and the credentials; knows nothing of
/// pods, retries (but one, below) or policy.
///
/// THREADS: one. Every member and every handler runs on the thread that runs the io_context (a
/// member may also be called while no thread runs it). Name resolution alone uses Asio's own
/// resolver thread, which starts with the first host that is a name; IP literals never start it.
///
/// HANDLERS are called exactly once for a call, never from within call(), stream(), cancel() or
/// close(); always from the io_context. After cancel(), close() or ~Client has returned, the
/// handler is never called, not even for an answer that had already arrived. A handler may call
/// any member, and may destroy the Client.
///
/// RETRY: a GET that was sent on a kept-alive connection which turns out to be closed, before any
/// byte of an answer, is sent once more on another one. Nothing else is ever sent twice;
/// requests are never pipelined.
///
/// TLS: at least 1.2; the peer is verified against the cluster's CA, by name or, for a URL with
/// an IP address, by the certificate's IP SANs. initialise_tls() must have been called (tls.hpp).
class Client {
 public:
  /// Throws ConfigError when `access` cannot work: a URL that is none, a PEM that does not
  /// parse, a key that is not the certificate's. Does no network I/O.
  /// `io` must outlive the Client. `source`: where credentials come from, in place of `access.exec`. One that gives a
  /// FreshAccess knows where the cluster is, too: then `access.server` may be empty, and until there is an answer
  /// messages name the cluster by `access.context_name`.
  Client(boost::asio::io_context& io, ClusterAccess access, ClientOptions options = {},
         std::unique_ptr<CredentialSource> source = nullptr);
  /// Closes everything; no handler is called any more.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends a request and gives the whole answer, or why there is none.
  CallId call(Request request, std::function<void(Outcome)> handler);

  /// Forgets a call: its handler is never called. A request that was already being sent closes
  /// its connection; whether the server acts on it is unknown. Unknown ids are ignored.
  void cancel(CallId id);

  /// Sends a request and gives the answer as it comes. `idle_timeout`: the stream ends with
  /// Timeout when no byte came for so long while it was not paused; zero is never (a follower
  /// of a log that is silent for hours).
  StreamId stream(Request request, StreamHandlers handlers,
                  std::chrono::milliseconds idle_timeout = std::chrono::milliseconds{0});

  /// Back pressure: after pause() returns, no handler of the stream is called until resume(),
  /// and nothing more is read from the network than what one read had already brought.
  /// Idempotent; unknown ids are ignored.
  void pause(StreamId id);
  void resume(StreamId id);

  /// Ends a stream: none of its handlers is called any more. Unknown ids are ignored.
  void close(StreamId id);

  /// Ends every call and stream with Cancelled; their handlers are called (from the io_context).
  /// The Client can be used afterwards.
  void abort_all();

  const ClientCounters& counters() const noexcept;
  /// `https://host:port` as messages name it.
  const std::string& server() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace stepop::kube
