#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace stepop::kube {

/// How a program ended.
struct ChildResult {
  enum class End { Exited, Signalled, TimedOut, TooMuch, NotStarted };
  End end = End::NotStarted;
  int code = 0;  ///< exit status, signal, or errno
  std::string out{};
  std::string err{};  ///< its end, when it is long
};

struct ChildCommand {
  std::string program{};  ///< a path
  std::vector<std::string> arguments{};
  std::vector<std::string> environment{};  ///< NAME=value
  std::chrono::milliseconds timeout{60'000};
};

/// One program: without a shell, without our descriptors, its input /dev/null, in a process group of its own
/// (killed as one when the time is up). No SIGCHLD handler: it is waited for by a pidfd.
/// Used on the thread of `io`; the handler comes from it, once, and not after the object is gone.
class ChildProcess {
 public:
  ChildProcess(boost::asio::io_context& io, ChildCommand command, std::function<void(ChildResult)> done);
  /// Kills what still runs.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// `command` itself when it has a '/', else the first executable of that name in PATH of `environment`; "" when
/// there is none.
std::string find_program(const std::string& command, const std::vector<std::string>& environment);

}  // namespace stepop::kube
