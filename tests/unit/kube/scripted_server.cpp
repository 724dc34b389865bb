#include "scripted_server.hpp"

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace stepop::kube::test {

Peer::~Peer() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  if (socket_ < 0) return;
  forget_();
  ::close(socket_);
}

int Peer::read(char* data, int size) {
  if (socket_ < 0) return 0;
  if (ssl_ != nullptr) return std::max(0, SSL_read(ssl_, data, size));
  return static_cast<int>(std::max<ssize_t>(0, ::recv(socket_, data, static_cast<std::size_t>(size), 0)));
}

std::optional<std::string> Peer::request() {
  const auto more = [this] {
    char piece[4096];
    const int size = read(piece, sizeof piece);
    buffered_.append(piece, static_cast<std::size_t>(size));
    return size > 0;
  };
  std::size_t head_end;
  while ((head_end = buffered_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return std::nullopt;
  }
  std::size_t length = head_end + 4;
  const auto header = buffered_.find("Content-Length: ");
  if (header < head_end) length += std::stoul(buffered_.substr(header + 16));
  while (buffered_.size() < length) {
    if (!more()) return std::nullopt;
  }
  std::string whole = buffered_.substr(0, length);
  buffered_.erase(0, length);
  return whole;
}

void Peer::send(const std::string& bytes) {
  if (socket_ < 0) return;
  if (ssl_ != nullptr) {
    SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  } else {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, 0);
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
  }
}

void Peer::answer(const std::string& body, const std::string& more_headers) {
  send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
       more_headers + "\r\n" + body);
}

void Peer::close() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  ::shutdown(socket_, SHUT_WR);
}

void Peer::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  forget_();
  ::close(socket_);
  socket_ = -1;
}

void Peer::wait_for_end() {
  char piece[4096];
  while (read(piece, sizeof piece) > 0) {
  }
}

ScriptedServer::ScriptedServer(std::vector<Script> scripts, std::optional<Tls> tls) : scripts_(std::move(scripts)) {
  if (tls) {
    context_ = SSL_CTX_new(TLS_server_method());
    const auto bio = [](const std::string& pem) { return BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())); };
    BIO* b = bio(tls->server.certificate_pem);
    X509* certificate = PEM_read_bio_X509(b, nullptr, nullptr, nullptr);
    BIO_free(b);
    b = bio(tls->server.key_pem);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(b, nullptr, nullptr, nullptr);
    BIO_free(b);
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!tls->client_ca_pem.empty()) {
      b = bio(tls->client_ca_pem);
      X509* authority = PEM_read_bio_X509(b, nullptr, nullptr, nullptr);
      BIO_free(b);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority);
      X509_free(authority);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

void ScriptedServer::accept_all() {
  // Of this thread and those it starts: the client under test must not need it.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  for (;;) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    if (ending_) {
      ::close(socket);
      return;
    }
    const auto index = static_cast<std::size_t>(connections_++);
    const Script script = scripts_[std::min(index, scripts_.size() - 1)];
    sockets_.insert(socket);  // to wake the thread at the end
    threads_.emplace_back([this, socket, script] {
      SSL* ssl = nullptr;
      if (context_ != nullptr) {
        ssl = SSL_new(context_);
        SSL_set_fd(ssl, socket);
      }
      Peer peer(socket, ssl, [this, socket] {
        const std::lock_guard lock(mutex_);
        sockets_.erase(socket);
      });
      if (ssl == nullptr || SSL_accept(ssl) == 1) {
        script(peer);
      } else {
        // What is still unread would turn the close into a RST, and lose the alert.
        ::shutdown(socket, SHUT_WR);
        char rest[4096];
        while (::recv(socket, rest, sizeof rest, 0) > 0) {
        }
      }
    });
  }
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  if (context_ != nullptr) SSL_CTX_free(context_);
}

}  // namespace stepop::kube::test
