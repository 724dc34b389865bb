#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <stepop/plugin.hpp>
#include <string>
#include <thread>

#include "connectors/connector.hpp"

namespace stepop::abi {

// A token that changes, as a file that kube::Client reads again when it does: in memory alone, and gone with the process.
class TokenCell {
 public:
  // Throws std::system_error.
  TokenCell();
  ~TokenCell();
  TokenCell(const TokenCell&) = delete;
  void write(const std::string& token);
  std::string path() const;

 private:
  int fd_;
};

// Access to a cluster by a service connector: obtained on a thread of its own, which blocks all signals, and obtained anew
// before it ends. A try that fails is made again for as long as it takes; requests go on with what there is.
class ClusterLink {
 public:
  struct Listener {
    // Once. Its token stays fresh by itself. On the link's thread, as the other.
    std::function<void(const kube::ClusterAccess&)> reached;
    // The first of a row of failures.
    std::function<void(const plugin::Error&)> trouble;
  };
  // Checked already (part_config). `variables`: the environment, as `open` found it.
  ClusterLink(connectors::Configuration configuration, std::map<std::string, std::string> variables, Listener listener);
  // Stops and joins: within a fraction of a second, unless a name is being resolved.
  ~ClusterLink();
  ClusterLink(const ClusterLink&) = delete;

 private:
  void run();
  void obtain();

  connectors::Configuration configuration_;
  std::map<std::string, std::string> variables_;
  Listener listener_;
  TokenCell token_;
  bool reached_ = false;
  unsigned failures_ = 0;
  std::optional<connectors::Time> expires_at_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace stepop::abi
