#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

#include "collecting_pipe.hpp"
#include "cutting_proxy.hpp"
#include "engine/log_follower.hpp"
#include "kube/client.hpp"
#include "kube/pod_watch.hpp"

namespace stepop::testing {

// A namespace of its own on the cluster that KUBECONFIG names, a watch on its pods, and followers of their logs, all on
// one io_context that the tests run. Logs are read through a proxy that can break them.
class LogCluster : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;

  // Runs a shell script as the main container of a pod with one second of grace.
  void run_pod(const std::string& name, const std::string& script);
  void delete_pod(const std::string& name);
  engine::LogFollower& follow(const std::string& pod, std::shared_ptr<plugin::LogPipe> pipe,
                              plugin::LogOptions options = {});
  void stop_following() { followers_.clear(); }

  void run_until(const std::function<bool()>& done);
  void run_for(std::chrono::milliseconds time);
  bool running(const std::string& pod) const;
  bool over(const std::string& pod) const;

  boost::asio::io_context io_{1};
  std::optional<CuttingProxy> proxy_;
  std::optional<kube::Client> client_;      // straight to the server
  std::optional<kube::Client> log_client_;  // through the proxy

 private:
  struct Followed {
    std::string pod;
    std::unique_ptr<engine::LogFollower> follower;
  };
  kube::Response call(kube::Method method, const std::string& target, std::string body = {});
  void on_notice(kube::WatchNotice notice);
  const kube::Pod* last_view(const std::string& pod) const;

  static inline std::string namespace_;
  std::vector<kube::Pod> views_;  // the last of each pod
  std::optional<kube::PodWatch> watch_;
  std::vector<Followed> followers_;
};

}  // namespace stepop::testing
