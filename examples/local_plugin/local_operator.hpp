// The SDK's one class: takes calls on the host's threads and hands them to the loop.
#pragma once

#include <stepop/plugin.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <thread>

#include "engine.hpp"

namespace stepop::local {

class LocalOperator final : public plugin::Operator {
 public:
  LocalOperator(Config config, std::string supervisor, plugin::Events& events);
  ~LocalOperator() override;

  std::vector<plugin::Finding> check(const json::object* request, std::chrono::milliseconds timeout) override;
  void submit(const json::object& request, bool report_lost_if_absent) override;
  void cancel(std::string_view step_run_id, std::optional<std::chrono::milliseconds> grace) override;
  void attach(std::uint64_t ticket, const json::object& filter, bool own) override;
  void open_logs(std::string_view step_run_id, const plugin::LogOptions& options,
                 std::shared_ptr<plugin::LogPipe> pipe) override;
  void forget(std::string_view step_run_id, const json::object& options) override;
  void shutdown(std::chrono::milliseconds timeout) override;

 private:
  const Config config_;
  const std::string supervisor_;
  plugin::Events& events_;

  // Requests' hashes by step, for the answer that `submit` gives at once.
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> hashes_;

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<Engine> engine_;
  std::thread thread_;
};

}  // namespace stepop::local
