#include "engine.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <boost/asio/post.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <filesystem>

#include "outcome.hpp"
#include "spawn.hpp"

namespace stepop::local {
namespace {

using plugin::State;
using plugin::StepState;

// For the moments in which the lock is held by one who has not said yet who he is: another host that is just starting
// the step, or a supervisor that has just ended.
constexpr std::chrono::milliseconds soon{50};
// When it is held for long by a process that cannot be watched (in another pid namespace), `end` is still announced by
// the file system; this is for a file system that does not.
constexpr std::chrono::milliseconds at_the_latest{2000};

// The supervisor could not be started, or could not begin.
End cannot_start(int error) {
  End end;
  end.exec_errno = error;
  end.what = "supervisor";
  return end;
}

StepState pending(const std::string& id, const StepDirectory& directory) {
  return {id, State::pending, 0, {{"user_code_ran", "no"}, {"workload", workload(directory)}}};
}

}  // namespace

Engine::Engine(boost::asio::io_context& loop, const Config& config, std::string supervisor, plugin::Events& events,
               Known known)
    : loop_(loop),
      config_(config),
      supervisor_(std::move(supervisor)),
      instance_(to_string(boost::uuids::random_generator()())),
      events_(events),
      known_(std::move(known)),
      directories_(loop, [this](int watch, std::string_view name) { changed(watch, name); }) {}

Engine::~Engine() {
  // A starter is our child, and ends within moments: left alone it would stay in the process table.
  for (auto& [id, step] : steps_) {
    if (!step.starter) continue;
    pollfd ended{step.starter->native_handle(), POLLIN, 0};
    ::poll(&ended, 1, 1000);
    siginfo_t how{};
    ::waitid(P_PIDFD, static_cast<id_t>(step.starter->native_handle()), &how, WEXITED | WNOHANG);
  }
}

// ---- Calls of the operator

Engine::Step& Engine::add(const std::string& id) {
  return steps_.try_emplace(id, StepDirectory(config_.state_directory, config_.owner, id)).first->second;
}

void Engine::submit(Request request, bool report_lost_if_absent) {
  const std::string id = request.step_run_id;
  const bool known = steps_.contains(id);
  Step& step = add(id);
  if (step.over) return;
  if (step.ours == Step::Ours::no) step.ours = Step::Ours::wanted;
  if (!known || !step.request) {
    if (!known) step.may_create = !report_lost_if_absent;
    step.termination_grace = request.termination_grace;
    step.request = std::move(request);
    // Forgotten since it was announced: it is a new step.
    events_.state({id, State::accepted, 0, {}});
  }
  look_safely(id);
}

void Engine::cancel(const std::string& id, std::optional<std::chrono::milliseconds> grace) {
  const auto found = steps_.find(id);
  if (found == steps_.end() || found->second.over) return;
  Step& step = found->second;
  step.cancel_with = grace.value_or(step.termination_grace);
  try {
    step.directory.ask_to_cancel(*step.cancel_with);
  } catch (const std::exception& failure) {
    events_.warning(id, "CancelFailed", failure.what(), "cancel it again");
    return;
  }
  tell_supervisor(step);
  look_safely(id);
}

void Engine::attach(std::uint64_t ticket, const json::object& filter, bool own) {
  namespace fs = std::filesystem;
  const json::value* ids = filter.if_contains("step_run_ids");
  const json::value* labels = filter.if_contains("labels");
  const auto wanted = [&](const StepRecord& record) {
    if (record.owner != config_.owner) return false;
    if (ids != nullptr && std::find(ids->get_array().begin(), ids->get_array().end(),
                                    json::value(record.step_run_id)) == ids->get_array().end())
      return false;
    if (labels != nullptr)
      for (const auto& label : labels->get_object()) {
        const auto own = record.labels.find(std::string(label.key()));
        if (own == record.labels.end() || label.value() != json::value(own->second)) return false;
      }
    return true;
  };

  std::vector<std::string> attached;
  std::error_code error;
  for (fs::directory_iterator at(config_.state_directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().string().ends_with(removed_suffix)) continue;
    const auto record = StepDirectory(at->path().string()).record();
    if (!record || !wanted(*record)) continue;
    const bool known = steps_.contains(record->step_run_id);
    Step& step = add(record->step_run_id);
    if (!known) {
      step.termination_grace = record->termination_grace;
      known_.attached(record->step_run_id, record->hash);
    }
    if (own && step.ours == Step::Ours::no) step.ours = Step::Ours::wanted;
    look_safely(record->step_run_id);
    // Each of these has had its own event by now; one that was removed under our eyes has none, and is not there.
    if (events_.last(record->step_run_id)) attached.push_back(record->step_run_id);
  }
  events_.attached(ticket, attached);
}

void Engine::open_logs(const std::string& id, const plugin::LogOptions& options,
                       std::shared_ptr<plugin::LogPipe> pipe) {
  const auto found = steps_.find(id);
  if (found == steps_.end()) {
    // Forgotten meanwhile.
    plugin::LogRecord end;
    end.kind = plugin::LogRecord::Kind::end;
    pipe->push(std::move(end));
    return;
  }
  const std::uint64_t number = ++last_reader_;
  pipe->on_room([this, number, &loop = loop_] { boost::asio::post(loop, [this, number] { pump(number); }); });
  readers_.emplace(number, Reader{id, LogReader(found->second.directory.log(), options, pipe)});
  ++found->second.readers;
  // Before the first read, so that what is written after it is told.
  watch(found->second);
  pump(number);
}

void Engine::forget(const std::string& id, std::optional<Cleanup> cleanup) {
  const auto found = steps_.find(id);
  const StepDirectory directory(config_.state_directory, config_.owner, id);
  const bool conflict = found != steps_.end() && found->second.conflict;

  bool deleted = false;
  if (!conflict) {
    try {
      const auto record = directory.record();
      const auto end = directory.end();
      Descriptor lock;
      // Once it has ended nobody starts it any more; else the lock keeps others out while it is removed.
      if (!end && directory.lock(&lock) == StepDirectory::Lock::held) {
        events_.warning(id, "StillRunning", "the step has not ended, so it is not forgotten",
                        "attach to it and cancel it first");
      } else {
        const bool succeeded = end && outcome(id, directory, *end).state == State::succeeded;
        const Cleanup rule = cleanup.value_or(record ? record->cleanup : Cleanup::on_success);
        const bool remove = rule == Cleanup::always || (rule == Cleanup::on_success && succeeded);
        deleted = !directory.exists() || (remove && directory.remove());
      }
    } catch (const std::exception& failure) {
      events_.warning(id, "CleanupFailed", failure.what(), "forget it again, or remove " + directory.path());
    }
  }

  if (found != steps_.end()) {
    directories_.remove(found->second.watch);
    watched_.erase(found->second.watch);
    steps_.erase(found);
  }
  known_.forgotten(id);
  events_.forgotten(id, deleted);
}

// ---- A step's way

void Engine::look_safely(const std::string& id) {
  const auto found = steps_.find(id);
  if (found == steps_.end() || found->second.over) return;
  try {
    look(id, found->second);
  } catch (const std::exception& failure) {
    // The disk may be away for a while; that is no reason to give the step up.
    events_.warning(id, "StateDirectory", failure.what(), "it is tried again");
    found->second.again = std::make_unique<boost::asio::steady_timer>(loop_, std::chrono::seconds(1));
    found->second.again->async_wait([this, id](const boost::system::error_code& error) {
      if (!error) look_safely(id);
    });
  }
}

void Engine::look(const std::string& id, Step& step) {
  const StepDirectory& directory = step.directory;
  std::optional<StepRecord> record = directory.record();
  if (record && step.request && record->hash != step.request->hash) {
    step.conflict = true;
    return finish(step, conflict(id, directory));
  }
  if (!record) {
    if (!step.may_create) return finish(step, vanished(id));
    directory.create();
  }
  if (step.watch < 0) watch(step);

  Descriptor lock;
  const StepDirectory::Lock state = directory.lock(&lock);
  if (state == StepDirectory::Lock::absent) return look_again_soon(id, step);
  // After the lock was tried: who ran the step until then has written how it ended.
  if (const auto end = directory.end()) return finish(step, outcome(id, directory, *end));
  const auto begun = directory.begun();
  if (state == StepDirectory::Lock::held) {
    if (!begun) {
      // Somebody is starting it, or has just stopped.
      if (record) events_.state(pending(id, directory));
      return step.starter ? void() : look_again_soon(id, step);
    }
    step.may_create = false;
    take_over(step);
    announce_progress(id, step);
    return follow(id, step, *begun);
  }

  if (begun) return finish(step, supervisor_lost(id, directory));
  if (step.starter) return;  // has let go of the lock, and is about to end
  if (directory.asked_to_cancel()) {
    End cancelled;
    cancelled.cancelled = true;
    directory.write_end(cancelled);
    return finish(step, outcome(id, directory, *directory.end()));
  }
  if (!step.request) {
    StepState interrupted = pending(id, directory);
    interrupted.detail["reason"] = "StartInterrupted";
    interrupted.detail["message"] = "whoever submitted the step went before it began";
    interrupted.detail["hint"] = "submit it again";
    events_.state(std::move(interrupted));
    return;
  }
  if (!record) {
    record =
        StepRecord{config_.owner,       id, step.request->hash, step.request->cleanup, step.request->termination_grace,
                   step.request->labels};
    directory.write(*record);
  }
  step.may_create = false;
  take_over(step);
  start(id, step, std::move(lock));
}

void Engine::start(const std::string& id, Step& step, Descriptor lock) {
  pid_t pid = 0;
  const int error = spawn_supervisor(supervisor_, *step.request, config_.environment, step.directory, lock.get(), &pid);
  if (error != 0) {
    step.directory.write_end(cannot_start(error));
    return finish(step, outcome(id, step.directory, *step.directory.end()));
  }
  events_.state(pending(id, step.directory));
  Descriptor process = open_pidfd(pid);
  // A host that reaps every child may have been quicker.
  if (!process) return look_again_soon(id, step);
  step.starter = std::make_unique<Process>(loop_, process.release());
  step.starter->async_wait(Process::wait_read, [this, id](const boost::system::error_code& failed) {
    if (!failed) starter_ended(id);
  });
}

void Engine::starter_ended(const std::string& id) {
  const auto found = steps_.find(id);
  if (found == steps_.end() || !found->second.starter) return;
  Step& step = found->second;
  siginfo_t how{};
  ::waitid(P_PIDFD, static_cast<id_t>(step.starter->native_handle()), &how, WEXITED | WNOHANG);
  step.starter.reset();
  if (how.si_code != CLD_EXITED || how.si_status != 0) {
    // Perhaps it could not begin. Then that is written down, so that every later life says the same.
    try {
      Descriptor lock;
      if (step.directory.lock(&lock) == StepDirectory::Lock::ours && !step.directory.begun() && !step.directory.end())
        step.directory.write_end(cannot_start(EIO));
    } catch (const std::exception& failure) {
      events_.warning(id, "StateDirectory", failure.what(), "it is tried again");
    }
  }
  look_safely(id);
}

void Engine::announce_progress(const std::string& id, const Step& step) {
  StepState state = pending(id, step.directory);
  if (const auto started = step.directory.started()) {
    state.state = State::running;
    state.detail["user_code_ran"] = "yes";
    state.detail["started_at"] = rfc3339(started->started_us);
  }
  events_.state(std::move(state));
}

void Engine::follow(const std::string& id, Step& step, const Supervisor& supervisor) {
  if (step.supervisor) return;
  Descriptor process = open_pidfd(supervisor.pid);
  // Another process may have its number by now, or it is in another pid namespace.
  if (!process || start_time_of(supervisor.pid) != supervisor.start_time) return look_again_soon(id, step);
  step.patience = {};
  step.supervisor = std::make_unique<Process>(loop_, process.release());
  step.supervisor->async_wait(Process::wait_read, [this, id](const boost::system::error_code& failed) {
    const auto found = steps_.find(id);
    if (failed || found == steps_.end()) return;
    found->second.supervisor.reset();
    look_safely(id);
  });
  tell_supervisor(step);
}

// Processes have no owner: every operator that follows a step may stop and forget it. But two hosts should not both think
// that it is theirs, so the one that had it is told.
void Engine::take_over(Step& step) {
  if (step.ours != Step::Ours::wanted) return;
  step.directory.hand_to(instance_);
  step.ours = Step::Ours::yes;
}

void Engine::see_who_has_it(const std::string& id, Step& step) {
  if (step.ours != Step::Ours::yes || step.directory.instance() == instance_) return;
  step.ours = Step::Ours::no;
  events_.displaced(id);
}

void Engine::tell_supervisor(Step& step) {
  if (!step.cancel_with || !step.supervisor) return;
  signal_pidfd(step.supervisor->native_handle(), look_at_cancel);
  step.cancel_with.reset();
}

void Engine::look_again_soon(const std::string& id, Step& step) {
  step.patience = std::clamp(2 * step.patience, soon, at_the_latest);
  step.again = std::make_unique<boost::asio::steady_timer>(loop_, step.patience);
  step.again->async_wait([this, id](const boost::system::error_code& error) {
    if (!error) look_safely(id);
  });
}

void Engine::finish(Step& step, StepState state) {
  const std::string id = state.step_run_id;
  step.over = true;
  step.supervisor.reset();
  step.again.reset();
  step.cancel_with.reset();
  directories_.remove(step.watch);
  watched_.erase(step.watch);
  step.watch = -1;
  events_.state(std::move(state));
  pump_all(id);
}

// ---- Watching

void Engine::watch(Step& step) {
  if (step.over || !step.directory.exists()) return;
  const int watch = directories_.add(step.directory.path(), step.readers != 0);
  if (watch < 0) {
    // The supervisor's end is still seen; `running` and new log lines are not.
    events_.warning("", "NoWatches", "the system allows no more inotify watches",
                    "raise fs.inotify.max_user_watches and max_user_instances");
    return;
  }
  step.watch = watch;
  for (const auto& [id, known] : steps_)
    if (&known == &step) watched_[watch] = id;
}

void Engine::changed(int watch, std::string_view name) {
  if (watch < 0) {
    std::vector<std::string> all;
    for (const auto& [id, step] : steps_) all.push_back(id);
    for (const std::string& id : all) {
      see_who_has_it(id, steps_.at(id));
      look_safely(id);
      pump_all(id);
    }
    return;
  }
  const auto found = watched_.find(watch);
  if (found == watched_.end()) return;
  const std::string id = found->second;
  if (name == "log") return pump_all(id);
  if (name == "operator") return see_who_has_it(id, steps_.at(id));
  if (name == "begun" || name == "started" || name == "end") look_safely(id);
}

void Engine::pump(std::uint64_t number) {
  const auto reader = readers_.find(number);
  if (reader == readers_.end()) return;
  const auto step = steps_.find(reader->second.step_run_id);
  if (!reader->second.reader.pump(step == steps_.end() || step->second.over)) return;
  readers_.erase(reader);
  if (step == steps_.end() || --step->second.readers != 0) return;
  watch(step->second);  // without writes
}

void Engine::pump_all(const std::string& id) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, reader] : readers_)
    if (reader.step_run_id == id) numbers.push_back(number);
  for (const std::uint64_t number : numbers) pump(number);
}

}  // namespace stepop::local
