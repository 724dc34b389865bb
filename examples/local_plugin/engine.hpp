// What happens to the steps of an operator: all of it on one loop thread, without locks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <unordered_map>

#include "directory_watch.hpp"
#include "log_reader.hpp"
#include "request.hpp"
#include "step_directory.hpp"

namespace stepop::local {

class Engine {
 public:
  // Told, on the loop, which steps are known and with which request.
  struct Known {
    std::function<void(const std::string& step_run_id, const std::string& hash)> attached;
    std::function<void(const std::string& step_run_id)> forgotten;
  };

  Engine(boost::asio::io_context& loop, const Config& config, std::string supervisor, plugin::Events& events,
         Known known);
  ~Engine();

  // The operator's calls, each on the loop.
  void submit(Request request, bool report_lost_if_absent);
  void cancel(const std::string& step_run_id, std::optional<std::chrono::milliseconds> grace);
  void attach(std::uint64_t ticket, const json::object& filter, bool own);
  void open_logs(const std::string& step_run_id, const plugin::LogOptions& options,
                 std::shared_ptr<plugin::LogPipe> pipe);
  void forget(const std::string& step_run_id, std::optional<Cleanup> cleanup);

 private:
  using Process = boost::asio::posix::stream_descriptor;  // of a pidfd

  struct Step {
    explicit Step(StepDirectory place) : directory(std::move(place)) {}
    StepDirectory directory;
    std::optional<Request> request;                       // none after `attach`: then it is followed, never started
    bool may_create = false;                              // false once it was there: then it is `lost` when it is not
    enum class Ours { no, wanted, yes } ours = Ours::no;  // until another operator takes it over
    bool conflict = false;                                // the directory is another step's
    bool over = false;
    std::chrono::milliseconds termination_grace{};
    std::optional<std::chrono::milliseconds> cancel_with;  // asked for, and the supervisor not told yet
    std::unique_ptr<Process> starter;                      // ends when the step has begun
    std::unique_ptr<Process> supervisor;                   // ends with the step
    std::unique_ptr<boost::asio::steady_timer> again;
    std::chrono::milliseconds patience{};  // until it is looked at again; grows
    int watch = -1;
    int readers = 0;
  };

  struct Reader {
    std::string step_run_id;
    LogReader reader;
  };

  Step& add(const std::string& step_run_id);
  // Finds out how far a step is, and does what comes next. May be called at any time, any number of times.
  void look(const std::string& step_run_id, Step& step);
  void look_safely(const std::string& step_run_id);
  void start(const std::string& step_run_id, Step& step, Descriptor lock);
  void starter_ended(const std::string& step_run_id);
  void follow(const std::string& step_run_id, Step& step, const Supervisor& supervisor);
  void announce_progress(const std::string& step_run_id, const Step& step);
  void finish(Step& step, plugin::StepState state);
  void take_over(Step& step);
  void see_who_has_it(const std::string& step_run_id, Step& step);
  void tell_supervisor(Step& step);
  void look_again_soon(const std::string& step_run_id, Step& step);

  void watch(Step& step);
  void changed(int watch, std::string_view name);
  void pump(std::uint64_t reader);
  void pump_all(const std::string& step_run_id);

  boost::asio::io_context& loop_;
  const Config& config_;
  const std::string supervisor_;
  const std::string instance_;
  plugin::Events& events_;
  const Known known_;
  DirectoryWatch directories_;
  std::map<std::string, Step, std::less<>> steps_;
  std::unordered_map<int, std::string> watched_;
  std::map<std::uint64_t, Reader> readers_;
  std::uint64_t last_reader_ = 0;
};

}  // namespace stepop::local
