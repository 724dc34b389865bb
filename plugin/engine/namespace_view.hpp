#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kube/pod_watch.hpp"
#include "manifest/labels.hpp"

namespace stepop::engine {

// What one namespace holds of our owner's pods: one watch, and the newest view of each pod, by step.
// A create asks here first. THREADS: the loop's.
class NamespaceView {
 public:
  // Everything is told on the loop, never from within a member of this class. `step_hash` is that of the pod's label.
  struct Listener {
    std::function<void(const std::string& step_hash, const kube::Pod&)> applied;
    std::function<void(const std::string& step_hash, const kube::PodRemoved&)> removed;
    std::function<void()> gap;
    std::function<void(kube::Instant)> synced;
    std::function<void(const kube::WatchTrouble&)> trouble;
  };

  NamespaceView(boost::asio::io_context& io, kube::Client& client, std::string namespace_, std::string selector,
                std::uint64_t seed, Listener listener);

  std::vector<kube::Pod> pods_of(const std::string& step_hash) const;
  bool holds(const std::string& uid) const { return step_of_uid_.contains(uid); }
  // Every pod that is there, for `attach`.
  std::vector<std::pair<std::string, kube::Pod>> pods() const;
  std::optional<kube::Instant> complete_as_of() const { return watch_->synced_since(); }
  // Changes are seen one by one.
  bool unbroken() const { return watch_->unbroken(); }
  void stop() { watch_->stop(); }

 private:
  void hear(kube::WatchNotice notice);

  Listener listener_;
  std::unordered_map<std::string, std::unordered_map<std::string, kube::Pod>> by_step_;  // step hash -> uid -> pod
  std::unordered_map<std::string, std::string> step_of_uid_;
  std::unique_ptr<kube::PodWatch> watch_;
};

}  // namespace stepop::engine
