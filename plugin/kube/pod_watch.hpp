#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "kube/client.hpp"
#include "kube/watch.hpp"

namespace stepop::kube {

/// The watch that really happens: carries out through a Client what a WatchMachine asks for, and
/// tells the consumer what it delivers. All policy is the machine's.
///
/// THREADS: one, as for Client. The consumer is called from the io_context, never from within
/// start(); it may call stop() and may destroy the PodWatch. After stop() or the destructor has
/// returned it is not called any more.
class PodWatch : public Watch {
 public:
  /// `io` and `client` must outlive the PodWatch.
  PodWatch(boost::asio::io_context& io, Client& client, WatchOptions options, Consumer consumer);
  ~PodWatch() override;
  PodWatch(const PodWatch&) = delete;
  PodWatch& operator=(const PodWatch&) = delete;

  void start() override;
  void stop() override;

  std::optional<Instant> synced_since() const noexcept override;
  bool unbroken() const noexcept override;
  WatchState state() const noexcept;
  std::size_t known_pods() const noexcept;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace stepop::kube
