#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <stepop/plugin.hpp>
#include <string>

#include "kube/client.hpp"
#include "kube/pod.hpp"

namespace stepop::engine {

// Which log: of one container of one pod, and what its records are marked with.
struct LogSource {
  std::string namespace_;
  std::string pod;
  std::string uid;  // a pod of the same name with another uid is another pod; empty: not known yet
  std::string container;
  std::uint32_t attempt = 0;
  std::uint32_t index = 0;
};

// Brings the log of one container into a pipe, from its first line to its END record, through
// broken connections and rotated files: never a line twice, and what is lost is told as a gap
// record. Every decision is lifecycle::LogMachine's; this class carries it out.
//
// It reads nothing before it has been shown the pod (on_pod). While the pipe says that it is full,
// the connection is not read. Reconnecting never ends by itself while the pod is there and runs.
//
// THREADS: the loop's one thread, for construction, destruction and every member; only the pipe
// calls from others. `io` and `client` must outlive it.
class LogFollower {
 public:
  LogFollower(boost::asio::io_context& io, kube::Client& client, LogSource source, plugin::LogOptions options,
              std::shared_ptr<plugin::LogPipe> pipe);
  // Stops: no connection is left, and nothing is pushed any more, not even an end.
  ~LogFollower();
  LogFollower(const LogFollower&) = delete;
  LogFollower& operator=(const LogFollower&) = delete;

  // Each new view of the pod; the first may be given right after construction or much later. A view
  // with another uid says that ours is gone.
  void on_pod(const kube::Pod& pod);
  // The pod is gone: what is still under way is read, what else there was is lost. Ends in END.
  void on_gone();
  // END was pushed, or the host has closed the pipe: it can be destroyed.
  bool finished() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace stepop::engine
