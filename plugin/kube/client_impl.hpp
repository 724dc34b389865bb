#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>
#include <random>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "kube/access_files.hpp"
#include "kube/authorization.hpp"
#include "kube/client.hpp"
#include "kube/connection.hpp"
#include "kube/credential_source.hpp"
#include "kube/renewal.hpp"
#include "kube/transport.hpp"

namespace stepop::kube {

// Calls are in client_calls.cpp, streams in client_streams.cpp, credentials in client_credentials.cpp, what both share in client.cpp.
class Client::Impl : public std::enable_shared_from_this<Client::Impl> {
 public:
  Impl(boost::asio::io_context& io, const ClusterAccess& access, ClientOptions options,
       std::unique_ptr<CredentialSource> source);

  std::uint64_t call(Request request, std::function<void(Outcome)> handler);
  void cancel(std::uint64_t id);
  std::uint64_t stream(Request request, StreamHandlers handlers, std::chrono::milliseconds idle_timeout);
  void pause(std::uint64_t id);
  void resume(std::uint64_t id);
  void close_stream(std::uint64_t id);
  void abort_all();
  void stop();

  const ClientCounters& counters() const { return counters_; }
  const std::string& server() const { return peer_->url.display; }

 private:
  using ConnectionPtr = std::shared_ptr<Connection>;

  /// Which credentials a request carried: when another request would carry others, a 401 is worth another try.
  struct SentWith {
    std::uint64_t renewal = 0;
    std::uint64_t token_file = 0;
    std::uint64_t peer = 0;
    bool operator==(const SentWith&) const = default;
  };

  struct Call {
    Call(boost::asio::io_context& io, Request r, std::function<void(Outcome)> h)
        : request(std::move(r)), handler(std::move(h)), timer(io) {}
    Request request;
    std::function<void(Outcome)> handler;
    boost::asio::steady_timer timer;
    ConnectionPtr connection;  // null while it waits for one
    std::string body;
    bool waiting = false;
    bool retried = false;
    bool repeated = false;  // after a 401
    SentWith sent_with;
  };

  struct Stream {
    Stream(boost::asio::io_context& io, Request r, StreamHandlers h, std::chrono::milliseconds idle)
        : request(std::move(r)), handlers(std::move(h)), idle_timeout(idle), timer(io) {}
    Request request;
    StreamHandlers handlers;
    std::chrono::milliseconds idle_timeout;
    boost::asio::steady_timer timer;
    ConnectionPtr connection;
    bool awaits_credentials = false;
    bool repeated = false;  // after a 401
    SentWith sent_with;
    bool sent = false;
    bool got_head = false;
    bool is_error = false;  // not 2xx: the body is collected into `head`
    bool paused = false;
    bool closed = false;
    std::chrono::steady_clock::time_point last_data{};
    Response head;
    // What arrived while it was paused.
    std::optional<Response> held_head;
    std::string held_data;
    std::optional<Outcome> held_end;
  };
  using StreamPtr = std::shared_ptr<Stream>;

  struct Idle {
    ConnectionPtr connection;
    std::chrono::steady_clock::time_point since;
  };

  std::chrono::milliseconds timeout_of(const Request& request) const {
    return request.timeout.count() > 0 ? request.timeout : options_.call_timeout;
  }
  std::size_t limit_of(const Request& request) const {
    return request.max_response_bytes != 0 ? request.max_response_bytes : options_.max_response_bytes;
  }
  /// The request as HTTP, or why it cannot be sent.
  std::variant<std::string, TransportError> text_of(const Request& request);

  // Credentials, in client_credentials.cpp
  /// Whether requests can be sent. If not, they wait, or end: nothing more is to be done with them now.
  bool credentials_ready();
  void renew();
  void on_fetched(Fetched fetched);
  /// Both throw ConfigError, and then nothing has changed. They say when what they took in ends.
  std::optional<Renewal::Wall> take_in(Credentials credentials);
  std::optional<Renewal::Wall> take_in(FreshAccess fresh);
  void arm_renewal();
  void fail_who_waits();
  /// Takes in files that have changed.
  void look_at_files();
  void use_peer(const ClusterAccess& access);
  SentWith sent_with() const { return {renewal_.generation(), authorization_.generation(), peer_generation_}; }
  /// A request got a 401: whether it may be sent again.
  bool may_repeat(const SentWith& sent_with);
  void note_date(const Response& response);
  std::shared_ptr<Connection> make_connection();

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
  void start_stream(std::uint64_t id, const StreamPtr& stream);
  void send_stream(std::uint64_t id, const StreamPtr& stream);
  void arm_stream_timer(std::uint64_t id, const StreamPtr& stream, std::chrono::steady_clock::time_point time);
  void on_stream_timer(std::uint64_t id, const StreamPtr& stream);
  void on_stream_head(std::uint64_t id, const StreamPtr& stream, const Response& head);
  void on_stream_body(const StreamPtr& stream, std::string_view bytes);
  void on_stream_done(std::uint64_t id, const StreamPtr& stream, Connection::Result result);
  void tell_head(const StreamPtr& stream, Response head);
  void tell_data(const StreamPtr& stream, std::string_view bytes);
  void end_stream(std::uint64_t id, const StreamPtr& stream, Outcome outcome);
  void end_stream_later(std::uint64_t id, TransportError error);
  void tell_held(std::uint64_t id);

  boost::asio::io_context& io_;
  ClientOptions options_;
  ClusterAccess access_;
  std::shared_ptr<const Peer> peer_;
  std::uint64_t peer_generation_ = 0;
  ServerUrl request_url_;  // as requests name the server
  std::string own_lines_;  // headers of every request
  AccessFiles files_;
  Authorization authorization_;
  Renewal renewal_;
  std::unique_ptr<CredentialSource> source_;  // null: nothing is to be renewed
  Credentials obtained_;
  std::minstd_rand random_;
  boost::asio::steady_timer renewal_timer_;
  ClientCounters counters_;
  bool stopped_ = false;
  std::uint64_t next_id_ = 1;

  std::unordered_map<std::uint64_t, std::unique_ptr<Call>> calls_;
  std::deque<std::uint64_t> queue_;  // ids of waiting calls, and of some that are gone
  std::size_t waiting_ = 0;          // calls that wait for a connection
  std::vector<ConnectionPtr> pool_;  // all pool connections: connecting, busy, idle
  std::size_t connecting_ = 0;
  std::vector<Idle> idle_;  // the most recently used at the back
  boost::asio::steady_timer keep_alive_timer_;
  bool keep_alive_armed_ = false;

  std::unordered_map<std::uint64_t, StreamPtr> streams_;
};

}  // namespace stepop::kube
