#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

namespace stepop::testing {

// Stands between a client and the API server, on loopback, and breaks what it carries. One thread: the io_context's.
class CuttingProxy {
 public:
  // To https://127.0.0.1:`server_port`.
  CuttingProxy(boost::asio::io_context& io, std::uint16_t server_port);
  ~CuttingProxy();

  std::string url() const;
  // Resets every connection that is open.
  void cut();
  // New connections are reset at once.
  void refuse(bool refuse) { refuse_ = refuse; }
  // Every connection is reset once it has carried so many bytes to the client; 0: never.
  void cut_each_after(std::size_t bytes) { cut_after_ = bytes; }
  // Nothing is carried any more by the connections that are open, and nobody is told.
  void stall();

  unsigned cuts() const { return cuts_; }

 private:
  struct Connection;
  void accept();
  void carry_up(const std::shared_ptr<Connection>& connection);
  void carry_down(const std::shared_ptr<Connection>& connection);
  void reset(const std::shared_ptr<Connection>& connection);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::endpoint server_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::set<std::shared_ptr<Connection>> connections_;
  bool refuse_ = false;
  std::size_t cut_after_ = 0;
  unsigned cuts_ = 0;
};

}  // namespace stepop::testing
