#include "local_operator.hpp"

#include <pthread.h>
#include <signal.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <future>

#include "spawn.hpp"

namespace stepop::local {
namespace {

using plugin::Finding;

// Runs the loop in a thread that takes no signal of the host's.
std::thread run(boost::asio::io_context& loop) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread([&loop] {
    ::pthread_setname_np(::pthread_self(), "stepop-local");
    loop.run();
  });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

// Whether a program is where exec would look for it.
bool found_in_path(const std::string& program, const std::string& path) {
  if (program.find('/') != program.npos) return ::access(program.c_str(), X_OK) == 0;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string directory = path.substr(begin, end - begin);
    if (::access(((directory.empty() ? "." : directory) + "/" + program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

LocalOperator::LocalOperator(Config config, std::string supervisor, plugin::Events& events)
    : config_(std::move(config)),
      supervisor_(std::move(supervisor)),
      events_(events),
      work_(boost::asio::make_work_guard(loop_)),
      engine_(std::make_unique<Engine>(loop_, config_, supervisor_, events,
                                       Engine::Known{[this](const std::string& id, const std::string& hash) {
                                                       const std::lock_guard lock(mutex_);
                                                       hashes_.try_emplace(id, hash);
                                                     },
                                                     [this](const std::string& id) {
                                                       const std::lock_guard lock(mutex_);
                                                       hashes_.erase(id);
                                                     }})),
      thread_(run(loop_)) {}

LocalOperator::~LocalOperator() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<Finding> LocalOperator::check(const json::object* request, std::chrono::milliseconds) {
  std::vector<Finding> findings;
  const auto add = [&findings](bool good, std::string code, std::string path, std::string message, std::string hint) {
    findings.push_back({good ? Finding::Level::ok : Finding::Level::error, std::move(code), std::move(path),
                        std::move(message), good ? "" : std::move(hint), !good});
  };
  add(::access(supervisor_.c_str(), X_OK) == 0, "Supervisor", supervisor_, "the supervisor can be run",
      "install it beside the plugin");
  // Creates nothing: the nearest directory that is there must allow what will be needed.
  std::filesystem::path there = config_.state_directory;
  std::error_code error;
  while (!std::filesystem::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  const bool writable = ::access(there.c_str(), W_OK | X_OK) == 0;
  add(writable, "StateDirectory", "state_directory",
      writable ? there.string() + " is writable" : there.string() + " is not writable", "give another state_directory");
  if (request == nullptr) return findings;

  try {
    const Request step = read_request(*request, config_);
    const auto own = step.environment.find("PATH");
    const auto inherited = config_.environment.find("PATH");
    const std::string path = own != step.environment.end()            ? own->second
                             : inherited != config_.environment.end() ? inherited->second
                                                                      : "/bin:/usr/bin";
    const bool found = found_in_path(step.command.front(), path);
    add(found, "Command", "command[0]", found ? "the program is there" : "the program is not found",
        "is it installed, and in PATH?");
    const bool directory = std::filesystem::is_directory(step.working_directory, error);
    add(directory, "WorkingDirectory", "settings.working_directory",
        step.working_directory + (directory ? " is a directory" : " is no directory"), "make it, or give another");
  } catch (const plugin::Error& wrong) {
    findings.insert(findings.end(), wrong.findings().begin(), wrong.findings().end());
  }
  return findings;
}

void LocalOperator::submit(const json::object& request, bool report_lost_if_absent) {
  Request step = read_request(request, config_);
  {
    const std::lock_guard lock(mutex_);
    const auto [known, absent] = hashes_.try_emplace(step.step_run_id, step.hash);
    if (!absent && known->second != step.hash)
      throw plugin::Error(STEPOP_E_CONFLICT, "the step \"" + step.step_run_id + "\" is here with another request",
                          "give the step an id of its own, or submit the request it had");
  }
  events_.state({step.step_run_id, plugin::State::accepted, 0, {}});
  boost::asio::post(loop_, [this, step = std::move(step), report_lost_if_absent]() mutable {
    engine_->submit(std::move(step), report_lost_if_absent);
  });
}

void LocalOperator::cancel(std::string_view id, std::optional<std::chrono::milliseconds> grace) {
  boost::asio::post(loop_, [this, id = std::string(id), grace] { engine_->cancel(id, grace); });
}

void LocalOperator::attach(std::uint64_t ticket, const json::object& filter, bool own) {
  if (filter.contains("namespaces"))
    throw plugin::Error(STEPOP_E_UNSUPPORTED, "the flavor local has no namespaces", "leave `namespaces` out");
  boost::asio::post(loop_, [this, ticket, filter, own] { engine_->attach(ticket, filter, own); });
}

void LocalOperator::open_logs(std::string_view id, const plugin::LogOptions& options,
                              std::shared_ptr<plugin::LogPipe> pipe) {
  if (options.since)
    throw plugin::Error(STEPOP_E_UNSUPPORTED, "the flavor local keeps no times of log lines",
                        "leave `since` out, or use `tail_lines`");
  boost::asio::post(
      loop_, [this, id = std::string(id), options, pipe = std::move(pipe)] { engine_->open_logs(id, options, pipe); });
}

void LocalOperator::forget(std::string_view id, const json::object& options) {
  if (options.contains("namespace"))
    throw plugin::Error(STEPOP_E_UNSUPPORTED, "the flavor local has no namespaces", "leave `namespace` out");
  std::optional<Cleanup> cleanup;
  if (const json::value* given = options.if_contains("cleanup")) cleanup = read_cleanup(given->as_string(), "cleanup");
  boost::asio::post(loop_, [this, id = std::string(id), cleanup] { engine_->forget(id, cleanup); });
}

void LocalOperator::shutdown(std::chrono::milliseconds timeout) {
  // What was posted before this is done by then.
  const auto handed_on = std::make_shared<std::promise<void>>();
  boost::asio::post(loop_, [handed_on] { handed_on->set_value(); });
  handed_on->get_future().wait_for(timeout);
  loop_.stop();
  thread_.join();
}

}  // namespace stepop::local
