#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "test_certificates.hpp"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;

namespace stepop::kube::test {

/// One accepted connection, in the hands of a script that runs on a thread of its own. All calls
/// block; after the client has closed they return at once.
class Peer {
 public:
  /// `forget` is called before the socket is closed.
  Peer(int socket, SSL* ssl, std::function<void()> forget) : socket_(socket), ssl_(ssl), forget_(std::move(forget)) {}
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Head and body of one request; nothing when the connection ended.
  std::optional<std::string> request();
  void send(const std::string& bytes);
  /// A 200 with a Content-Length.
  void answer(const std::string& body, const std::string& more_headers = {});
  /// Ends our side in order.
  void close();
  /// Ends with a RST.
  void reset();
  /// Until the client has closed.
  void wait_for_end();

 private:
  int read(char* data, int size);

  int socket_;
  SSL* ssl_;
  std::function<void()> forget_;
  std::string buffered_;
};

/// A server on loopback that runs a script for each connection it accepts: the first connection
/// the first script, and so on; the last one for all that follow.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  struct Tls {
    KeyPair server;
    std::string client_ca_pem{};  // not empty: a client certificate is demanded
  };

  explicit ScriptedServer(std::vector<Script> scripts, std::optional<Tls> tls = std::nullopt);
  ~ScriptedServer();

  std::string port() const { return std::to_string(port_); }
  std::string url(const std::string& host = "127.0.0.1") const {
    return (context_ != nullptr ? "https://" : "http://") + host + ':' + port();
  }
  int connections() const { return connections_; }

 private:
  void accept_all();

  std::vector<Script> scripts_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::set<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
  bool ending_ = false;
};

}  // namespace stepop::kube::test
