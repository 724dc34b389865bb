#include "cutting_proxy.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace stepop::testing {

namespace asio = boost::asio;
using asio::ip::tcp;

struct CuttingProxy::Connection {
  explicit Connection(asio::io_context& io) : client(io), server(io) {}
  tcp::socket client;
  tcp::socket server;
  std::array<char, 16 * 1024> up{};
  std::array<char, 16 * 1024> down{};
  std::size_t carried_down = 0;
  bool stalled = false;
};

CuttingProxy::CuttingProxy(asio::io_context& io, std::uint16_t server_port)
    : io_(io),
      server_(asio::ip::address_v4::loopback(), server_port),
      acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  accept();
}

CuttingProxy::~CuttingProxy() {
  cut();
  acceptor_.close();
  // Handlers that were under way hear of it here, while there still is a proxy.
  io_.poll();
}

std::string CuttingProxy::url() const {
  return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

void CuttingProxy::accept() {
  auto connection = std::make_shared<Connection>(io_);
  acceptor_.async_accept(connection->client, [this, connection](const boost::system::error_code& error) {
    if (error == asio::error::operation_aborted) return;
    accept();
    if (error) return;
    connections_.insert(connection);
    if (refuse_) return reset(connection);
    connection->server.async_connect(server_, [this, connection](const boost::system::error_code& failed) {
      if (failed) return reset(connection);
      carry_up(connection);
      carry_down(connection);
    });
  });
}

void CuttingProxy::carry_up(const std::shared_ptr<Connection>& connection) {
  connection->client.async_read_some(
      asio::buffer(connection->up), [this, connection](const boost::system::error_code& error, std::size_t size) {
        if (error) return reset(connection);
        if (connection->stalled) return;
        asio::async_write(connection->server, asio::buffer(connection->up, size),
                          [this, connection](const boost::system::error_code& failed, std::size_t) {
                            if (failed) return reset(connection);
                            carry_up(connection);
                          });
      });
}

void CuttingProxy::carry_down(const std::shared_ptr<Connection>& connection) {
  connection->server.async_read_some(
      asio::buffer(connection->down), [this, connection](const boost::system::error_code& error, std::size_t size) {
        if (error) return reset(connection);
        if (connection->stalled) return;
        connection->carried_down += size;
        const bool enough = cut_after_ > 0 && connection->carried_down > cut_after_;
        asio::async_write(connection->client, asio::buffer(connection->down, size),
                          [this, connection, enough](const boost::system::error_code& failed, std::size_t) {
                            if (failed || enough) return reset(connection);
                            carry_down(connection);
                          });
      });
}

void CuttingProxy::reset(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) == 0) return;
  ++cuts_;
  boost::system::error_code ignored;
  // RST instead of FIN.
  connection->client.set_option(asio::socket_base::linger(true, 0), ignored);
  connection->client.close(ignored);
  connection->server.close(ignored);
}

void CuttingProxy::cut() {
  while (!connections_.empty()) reset(*connections_.begin());
}

void CuttingProxy::stall() {
  for (const auto& connection : connections_) connection->stalled = true;
}

}  // namespace stepop::testing
