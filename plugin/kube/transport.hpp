#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kube/cluster_access.hpp"
#include "kube/http.hpp"
#include "kube/proxy.hpp"
#include "kube/server_url.hpp"

namespace boost::asio::ssl {
class context;
}

namespace stepop::kube {

/// Where to connect to, and how. Shared by all connections of a client. Internal to the room.
struct Peer {
  ServerUrl url;
  /// To go through; it makes a tunnel, unless it is an HTTP proxy and the server speaks plain HTTP: then it
  /// is sent whole requests.
  std::optional<Proxy> proxy;
  /// Name to verify and send as SNI.
  std::string tls_name;
  bool tls_name_is_ip = false;
  /// Null for http://.
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::chrono::milliseconds connect_timeout{10'000};
};

/// A stream of bytes to the server, over TCP or TLS. One read and one write at a time. Handlers
/// come from the io_context, once each; none after close(). Internal to the room.
class Transport {
 public:
  struct Failure {
    TransportError::Kind kind;
    std::string message;
    /// The peer ended its side properly (FIN, with TLS after a close_notify).
    bool clean_end = false;
  };
  using OnConnect = std::function<void(std::optional<Failure>)>;
  using OnWrite = std::function<void(std::optional<Failure>)>;
  using OnRead = std::function<void(std::optional<Failure>, std::string_view)>;

  virtual ~Transport() = default;
  /// Resolve, connect, handshake, within Peer::connect_timeout.
  virtual void connect(OnConnect handler) = 0;
  /// Writes all of them. The transport keeps them: an operation that close() interrupts may
  /// still read them.
  virtual void write(std::string bytes, OnWrite handler) = 0;
  /// Some bytes; the view is good during the handler.
  virtual void read(OnRead handler) = 0;
  virtual void close() = 0;
  /// An idle connection on which something came is one that the server is closing.
  virtual bool readable() const = 0;
};

/// Throws ConfigError, as Client does.
std::shared_ptr<const Peer> make_peer(const ClusterAccess& access, std::chrono::milliseconds connect_timeout);

std::shared_ptr<Transport> make_transport(boost::asio::io_context& io, std::shared_ptr<const Peer> peer);

}  // namespace stepop::kube
