#include "kube/transport.hpp"

#include <openssl/err.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <type_traits>
#include <vector>

#include "kube/proxy_handshake.hpp"
#include "kube/tls_context.hpp"

namespace stepop::kube {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Kind = TransportError::Kind;

// Of several addresses each gets at least this long before the next is tried.
constexpr std::chrono::milliseconds shortest_attempt{2'000};

std::string seconds_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + " s";
  return std::to_string(ms) + " ms";
}

std::string tls_error_text(const error_code& error) {
  if (error.category() == asio::error::get_ssl_category()) {
    const auto code = static_cast<unsigned long>(error.value());
    const char* reason = ERR_reason_error_string(code);
    const std::string text = reason != nullptr ? reason : "TLS error";
    if (text == "wrong version number" || text == "packet length too long" || text == "http request") {
      return "the server does not speak TLS on this port";
    }
    if (text.find("alert") != std::string::npos &&
        (text.find("certificate") != std::string::npos || text.find("unknown ca") != std::string::npos)) {
      return "the server refused our client certificate (" + text + ")";
    }
    return text;
  }
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return "the server closed the connection during the handshake";
  }
  return error.message();
}

template <class Stream>
class TransportOf final : public Transport, public std::enable_shared_from_this<TransportOf<Stream>> {
  static constexpr bool is_tls = !std::is_same_v<Stream, tcp::socket>;

 public:
  TransportOf(asio::io_context& io, std::shared_ptr<const Peer> peer)
      : peer_(std::move(peer)), stream_(make_stream(io)), timer_(io) {}

  void connect(OnConnect handler) override {
    on_connect_ = std::move(handler);
    deadline_ = Clock::now() + peer_->connect_timeout;
    error_code not_an_ip;
    const std::string& host = peer_->proxy ? peer_->proxy->host : peer_->url.host;
    const std::string& service = peer_->proxy ? peer_->proxy->port : peer_->url.port;
    const auto address = asio::ip::make_address(host, not_an_ip);
    if (!not_an_ip) {
      const int port = std::stoi(service);
      endpoints_.emplace_back(address, static_cast<std::uint16_t>(port));
      try_next_endpoint();
      return;
    }
    arm(deadline_, "resolve " + host);
    resolver_.emplace(stream_.get_executor());
    resolver_->async_resolve(
        host, service, tcp::resolver::numeric_service,
        [self = this->shared_from_this(), host](const error_code& error, const tcp::resolver::results_type& results) {
          if (self->closed_ || !self->on_connect_) return;
          if (error) {
            self->fail_connect(Kind::Resolve,
                               "cannot resolve " + std::string(self->next_hop_kind()) + host + ": " + error.message());
            return;
          }
          for (const auto& result : results) self->endpoints_.push_back(result.endpoint());
          self->try_next_endpoint();
        });
  }

  void write(std::string bytes, OnWrite handler) override {
    on_write_ = std::move(handler);
    outgoing_ = std::move(bytes);
    asio::async_write(stream_, asio::buffer(outgoing_),
                      [self = this->shared_from_this()](const error_code& error, std::size_t) {
                        if (self->closed_) return;
                        self->outgoing_ = {};
                        const OnWrite done = std::move(self->on_write_);
                        self->on_write_ = nullptr;
                        if (error) {
                          done(self->failure_of(error));
                        } else {
                          done(std::nullopt);
                        }
                      });
  }

  void read(OnRead handler) override {
    on_read_ = std::move(handler);
    stream_.async_read_some(asio::buffer(buffer_),
                            [self = this->shared_from_this()](const error_code& error, std::size_t size) {
                              if (self->closed_) return;
                              const OnRead done = std::move(self->on_read_);
                              self->on_read_ = nullptr;
                              if (error) {
                                done(self->failure_of(error), {});
                              } else {
                                done(std::nullopt, std::string_view(self->buffer_.data(), size));
                              }
                            });
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    timer_.cancel();
    if (resolver_) resolver_->cancel();
    error_code ignored;
    socket().close(ignored);
    // The handlers hold their owner; the operations that are still under way hold us.
    on_connect_ = nullptr;
    on_write_ = nullptr;
    on_read_ = nullptr;
  }

  bool readable() const override {
    auto& socket = const_cast<TransportOf*>(this)->socket();
    pollfd entry{socket.native_handle(), POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }

 private:
  Stream make_stream(asio::io_context& io) {
    if constexpr (is_tls) {
      return Stream(io, *peer_->tls);
    } else {
      return Stream(io);
    }
  }

  tcp::socket& socket() {
    if constexpr (is_tls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void arm(Clock::time_point time, std::string doing) {
    doing_ = std::move(doing);
    timer_.expires_at(time);
    timer_.async_wait([self = this->shared_from_this(), time](const error_code& error) {
      // A timer that was armed anew may still deliver its former expiry.
      if (error || self->closed_ || self->timer_.expiry() != time) return;
      self->on_deadline();
    });
  }

  void on_deadline() {
    if (!on_connect_) return;
    if (connecting_ && next_endpoint_ < endpoints_.size() && Clock::now() < deadline_) {
      last_error_ = "no answer";
      error_code ignored;
      socket().close(ignored);  // the pending connect ends, and goes on to the next address
      return;
    }
    fail_connect(Kind::Timeout, "could not " + doing_ + " within " + seconds_text(peer_->connect_timeout));
  }

  void try_next_endpoint() {
    if (next_endpoint_ == endpoints_.size()) {
      const std::string where = endpoints_.size() == 1 ? "" : " (" + std::to_string(endpoints_.size()) + " addresses)";
      fail_connect(Kind::Connect, "cannot connect to " + next_hop() + where + ": " + last_error_);
      return;
    }
    const tcp::endpoint endpoint = endpoints_[next_endpoint_++];
    const auto now = Clock::now();
    const auto left = static_cast<int>(endpoints_.size() - next_endpoint_ + 1);
    const Clock::duration share = std::max<Clock::duration>((deadline_ - now) / left, shortest_attempt);
    arm(std::min(deadline_, now + share), "connect to " + next_hop());

    error_code error;
    socket().close(error);
    socket().open(endpoint.protocol(), error);
    if (error) {
      last_error_ = error.message();
      try_next_endpoint();
      return;
    }
    connecting_ = true;
    socket().async_connect(endpoint, [self = this->shared_from_this()](const error_code& failed) {
      if (self->closed_ || !self->on_connect_) return;
      self->connecting_ = false;
      if (failed) {
        if (failed != asio::error::operation_aborted) self->last_error_ = failed.message();
        self->try_next_endpoint();
        return;
      }
      self->on_tcp_connected();
    });
  }

  void on_tcp_connected() {
    error_code ignored;
    socket().set_option(tcp::no_delay(true), ignored);
    // A peer that vanished without a word is found though nothing is being sent.
    socket().set_option(asio::socket_base::keep_alive(true), ignored);
    const bool whole_requests = !is_tls && peer_->proxy && peer_->proxy->kind == Proxy::Kind::Http;
    if (!peer_->proxy || whole_requests) {
      on_connected_to_server();
      return;
    }
    arm(deadline_, "get a tunnel to " + peer_->url.display + " from " + next_hop());
    proxy_handshake_.emplace(*peer_->proxy, peer_->url);
    go_on_with_proxy();
  }

  void go_on_with_proxy() {
    switch (proxy_handshake_->next()) {
      case ProxyHandshake::Next::Send:
        outgoing_ = proxy_handshake_->take();
        asio::async_write(socket(), asio::buffer(outgoing_),
                          [self = this->shared_from_this()](const error_code& error, std::size_t) {
                            if (self->proxy_answered(error)) self->go_on_with_proxy();
                          });
        return;
      case ProxyHandshake::Next::Read:
        socket().async_read_some(asio::buffer(buffer_),
                                 [self = this->shared_from_this()](const error_code& error, std::size_t size) {
                                   if (!self->proxy_answered(error)) return;
                                   self->proxy_handshake_->feed(std::string_view(self->buffer_.data(), size));
                                   self->go_on_with_proxy();
                                 });
        return;
      case ProxyHandshake::Next::Done:
        outgoing_.clear();
        on_connected_to_server();
        return;
      case ProxyHandshake::Next::Failed:
        fail_connect(Kind::Connect, proxy_handshake_->failure());
        return;
    }
  }

  bool proxy_answered(const error_code& error) {
    if (closed_ || !on_connect_) return false;
    if (error)
      fail_connect(Kind::Connect, next_hop() + " gave no tunnel to " + peer_->url.display + ": " + error.message());
    return !error;
  }

  /// What messages call the machine that we connect to.
  std::string next_hop() const {
    return std::string(next_hop_kind()) + (peer_->proxy ? peer_->proxy->display : peer_->url.display);
  }
  const char* next_hop_kind() const { return peer_->proxy ? "the proxy " : ""; }

  void on_connected_to_server() {
    error_code ignored;
    if constexpr (is_tls) {
      arm(deadline_, "finish the TLS handshake with " + peer_->url.display);
      expect_server_name(stream_.native_handle(), peer_->tls_name, peer_->tls_name_is_ip);
      stream_.set_verify_callback(
          [this](bool accepted, asio::ssl::verify_context& context) {
            if (!accepted && verify_failure_.empty()) {
              verify_failure_ = describe_verify_failure(context.native_handle(), peer_->tls_name);
            }
            return accepted;
          },
          ignored);
      stream_.async_handshake(
          asio::ssl::stream_base::client, [self = this->shared_from_this()](const error_code& error) {
            if (self->closed_ || !self->on_connect_) return;
            if (error) {
              const std::string& why = self->verify_failure_;
              self->fail_connect(Kind::Tls, "TLS with " + self->peer_->url.display +
                                                " failed: " + (why.empty() ? tls_error_text(error) : why));
              return;
            }
            self->succeed_connect();
          });
    } else {
      succeed_connect();
    }
  }

  void succeed_connect() {
    timer_.cancel();
    const OnConnect done = std::move(on_connect_);
    on_connect_ = nullptr;
    done(std::nullopt);
  }

  void fail_connect(Kind kind, std::string message) {
    const OnConnect done = std::move(on_connect_);
    close();
    done(Failure{kind, std::move(message)});
  }

  Failure failure_of(const error_code& error) const {
    if (error == asio::error::eof) {
      return {Kind::Reset, peer_->url.display + " closed the connection", true};
    }
    if (error == asio::ssl::error::stream_truncated) {
      return {Kind::Reset, peer_->url.display + " closed the connection", false};
    }
    if (error.category() == asio::error::get_ssl_category()) {
      return {Kind::Tls, "TLS with " + peer_->url.display + " failed: " + tls_error_text(error)};
    }
    return {Kind::Reset, "the connection to " + peer_->url.display + " broke: " + error.message()};
  }

  std::shared_ptr<const Peer> peer_;
  Stream stream_;
  asio::steady_timer timer_;
  std::optional<tcp::resolver> resolver_;
  Clock::time_point deadline_{};
  std::vector<tcp::endpoint> endpoints_;
  std::size_t next_endpoint_ = 0;
  bool connecting_ = false;
  bool closed_ = false;
  std::string doing_;
  std::string last_error_ = "no address";
  std::string verify_failure_;
  std::string outgoing_;
  std::optional<ProxyHandshake> proxy_handshake_;
  OnConnect on_connect_;
  OnWrite on_write_;
  OnRead on_read_;
  // One TLS record is 16 KiB at most: a larger buffer would not be filled by one read.
  std::array<char, 16 * 1024> buffer_;
};

}  // namespace

std::shared_ptr<Transport> make_transport(asio::io_context& io, std::shared_ptr<const Peer> peer) {
  if (peer->tls) {
    return std::make_shared<TransportOf<asio::ssl::stream<tcp::socket>>>(io, std::move(peer));
  }
  return std::make_shared<TransportOf<tcp::socket>>(io, std::move(peer));
}

}  // namespace stepop::kube
