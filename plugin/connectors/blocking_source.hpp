// A flow that blocks, as a source of credentials for kube::Client.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stepop/plugin.hpp>
#include <thread>
#include <variant>

#include "kube/credential_source.hpp"

namespace stepop::connectors {

// Runs each fetch on a thread of its own, which blocks all signals, and posts what it brought to the io_context.
class BlockingSource final : public kube::CredentialSource {
 public:
  // On the source's thread. Asks `stopped` now and then, and ends soon once it is true, however. Throws plugin::Error.
  using Flow = std::function<kube::FreshAccess(const std::function<bool()>& stopped)>;
  // `trouble`: told of the first of a row of failures, on the io_context's thread.
  BlockingSource(boost::asio::io_context& io, Flow flow, std::function<void(const plugin::Error&)> trouble);
  // Waits for the flow to end; what it brings is told to nobody.
  ~BlockingSource() override;
  BlockingSource(const BlockingSource&) = delete;

  void fetch(std::function<void(kube::Fetched)> done) override;

 private:
  using Brought = std::variant<kube::FreshAccess, plugin::Error>;
  Brought run() const;
  void tell(Brought brought);

  boost::asio::io_context& io_;
  Flow flow_;
  std::function<void(const plugin::Error&)> trouble_;
  std::function<void(kube::Fetched)> done_;
  bool failing_ = false;
  std::atomic<bool> stopping_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::thread thread_;
};

}  // namespace stepop::connectors
