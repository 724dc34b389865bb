#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <stepop/plugin.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "abi/connector_config.hpp"
#include "engine/engine.hpp"
#include "engine/loop.hpp"
#include "request/operator_config.hpp"

namespace stepop::abi {

// What `open` reads from the process, once, on its caller's thread.
struct Environment {
  std::string kubeconfig;                        // $KUBECONFIG
  std::string home;                              // $HOME
  std::map<std::string, std::string> variables;  // all of it: for service connectors and credential plugins
  static Environment read();
};

// The flavor `kubernetes`: checks what the host hands over on the host's thread, and posts it to the engine's.
class KubernetesOperator final : public plugin::Operator, public plugin::Renderer {
 public:
  // Throws plugin::Error. Sends nothing.
  KubernetesOperator(const plugin::json::object& config, const Environment& environment, plugin::Events& events);
  ~KubernetesOperator() override;

  std::vector<plugin::Finding> check(const plugin::json::object* request, std::chrono::milliseconds timeout) override;
  plugin::Rendering render(const plugin::json::object& request, bool dry_run,
                           std::chrono::milliseconds timeout) override;
  void submit(const plugin::json::object& request, bool report_lost_if_absent) override;
  void cancel(std::string_view step_run_id, std::optional<std::chrono::milliseconds> grace) override;
  void attach(std::uint64_t ticket, const plugin::json::object& filter, bool own) override;
  void open_logs(std::string_view step_run_id, const plugin::LogOptions& options,
                 std::shared_ptr<plugin::LogPipe> pipe) override;
  void forget(std::string_view step_run_id, const plugin::json::object& options) override;
  void shutdown(std::chrono::milliseconds timeout) override;

 private:
  engine::Submission prepare(const plugin::json::object& request, bool report_lost_if_absent) const;
  // Of its first attempt.
  std::vector<plugin::json::object> objects_of(const engine::Submission& submission) const;
  // Puts `question`, a function that takes the answer's handler, on the loop, and waits. Throws TIMEOUT.
  template <class Answer, class Question>
  Answer ask(std::chrono::milliseconds timeout, Question question);
  void note(const engine::Submission& submission);
  void open_engine(kube::ClusterAccess access, std::unique_ptr<kube::CredentialSource> source);

  PartedConfig parted_;  // of what `open` was given
  request::OperatorConfig config_;
  std::vector<plugin::Finding> access_warnings_;  // what a person should know of the way to the cluster
  plugin::Events& events_;
  std::string instance_;
  engine::Loop loop_;
  std::unique_ptr<engine::Engine> engine_;  // lives on the loop
  bool shut_ = false;

  std::mutex mutex_;
  std::unordered_map<std::string, std::string> request_hashes_;  // of the steps submitted here, not forgotten yet
};

}  // namespace stepop::abi
