#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <stepop/plugin.hpp>

#include "kube/client.hpp"
#include "kube/pod.hpp"

namespace stepop::engine {

// Brings one step's log into a pipe: each attempt's after the one before (lifecycle::LogSequence decides), of an attempt of
// several pods all at once, every record marked with its attempt and index, and one END after the last. With `tail_lines` only the newest attempt there is at the start.
// What is left of an attempt whose pod is gone is a gap record.
// THREADS: the loop's; only the pipe calls from others. `io` and `client` must outlive it.
class StepLog {
 public:
  StepLog(boost::asio::io_context& io, kube::Client& client, const plugin::LogOptions& options,
          std::shared_ptr<plugin::LogPipe> pipe);
  // Stops: nothing is pushed any more, not even an end.
  ~StepLog();
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;

  // How many pods an attempt has. One, until it is told.
  void expect(std::size_t pods);
  // Each view of a pod of the step, whichever attempt's. Before `start`, of each that is there already.
  void on_pod(std::uint32_t attempt, const kube::Pod& pod);
  void start();
  void on_gone(const std::string& uid);
  // The step is terminal: no further attempt comes.
  void on_step_ended();
  // END was pushed, or the host has closed the pipe: it can be destroyed.
  bool finished() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace stepop::engine
