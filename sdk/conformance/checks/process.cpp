// The process is the host's: its threads, descriptors, signals, children, environment; and what a fork makes of it.
#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "host.hpp"

namespace stepop::conformance {
namespace {

std::set<std::string> names_in(const char* folder) {
  std::set<std::string> names;
  DIR* directory = ::opendir(folder);
  const std::string own = std::to_string(::dirfd(directory));
  while (const dirent* entry = ::readdir(directory))
    if (entry->d_name[0] != '.' && entry->d_name != own) names.insert(entry->d_name);
  ::closedir(directory);
  return names;
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void leaves_nothing(const Subject& subject) {
  const Library library(subject);
  { const Operator first(library, subject); }  // what is made once is made now
  const auto threads = names_in("/proc/self/task"), descriptors = names_in("/proc/self/fd");
  {
    Operator op(library, subject);
    const std::string id = op.started(subject.step(subject.good));
    Logs logs(op, id);
    logs.read_all();
    op.until_end(id);
  }
  const auto descriptors_after = names_in("/proc/self/fd");
  auto threads_after = names_in("/proc/self/task");
  // One that was joined is listed until the kernel has done with it.
  const auto deadline = std::chrono::steady_clock::now() + subject.patience;
  while (threads_after.size() > threads.size() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    threads_after = names_in("/proc/self/task");
  }
  expect(threads_after.size() <= threads.size(), "a thread is left after destroy: there were " +
                                                     std::to_string(threads.size()) + ", and are " +
                                                     std::to_string(threads_after.size()));
  expect(descriptors_after.size() <= descriptors.size(),
         "a descriptor is left after destroy: " + joined(descriptors) + " became " + joined(descriptors_after));
}

void signals_are_the_hosts(const Subject& subject) {
  const auto dispositions = [] {
    std::string all;
    for (int signal = 1; signal < SIGRTMAX; ++signal) {
      struct sigaction action;
      std::memset(&action, 0, sizeof action);
      if (::sigaction(signal, nullptr, &action) != 0) continue;
      const void* handler = nullptr;
      std::memcpy(&handler, &action.sa_handler, sizeof handler);
      all += std::to_string(signal) + ":" + std::to_string(reinterpret_cast<std::uintptr_t>(handler)) + " ";
    }
    return all;
  };
  const std::string before = dispositions();
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  op.until_end(id);
  expect(dispositions() == before, "a signal has another disposition than before");
}

void children_are_the_hosts(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.good));
  doing("fork of a child of the host's own");
  const pid_t child = ::fork();
  if (child == 0) ::_exit(42);
  // A zombie by the time the step ends; whoever waits for any child would take it.
  op.until_end(id);
  int status = 0;
  const pid_t waited = ::waitpid(child, &status, 0);
  expect(waited == child && WIFEXITED(status) && WEXITSTATUS(status) == 42,
         "somebody has waited for the host's own child");
}

void a_host_that_reaps(const Subject& subject) {
  // As with libuv, or SIG_IGN: whatever ends is reaped before the plugin can ask.
  ::signal(SIGCHLD, SIG_IGN);
  const Library library(subject);
  Operator op(library, subject);
  const std::string good = op.started(subject.step(subject.good)), bad = op.started(subject.step(subject.failing));
  const Event success = op.until_end(good), failure = op.until_end(bad);
  expect(success.state == STEPOP_STATE_SUCCEEDED && failure.state == STEPOP_STATE_FAILED,
         "in a host that ignores SIGCHLD a good step is " + state_name(success.state) + ", a failing one " +
             state_name(failure.state));
}

void the_environment_is_read_once(const Subject& subject) {
  const Library library(subject);
  Operator op(library, subject);
  // Whoever reads them now, reads something else.
  ::clearenv();
  if (::chdir("/") != 0) broken("chdir");
  const std::string id = op.started(subject.step(subject.good));
  const Event end = op.until_end(id);
  expect(end.state == STEPOP_STATE_SUCCEEDED,
         "with another environment and working directory after open, a good step is " + state_name(end.state) + ": " +
             end.detail.substr(0, 300));
  char directory[16] = "";
  expect(::getcwd(directory, sizeof directory) != nullptr && std::strcmp(directory, "/") == 0,
         "the working directory is another");
}

void forked_children_are_told(const Subject& subject) {
  const Library library(subject);
  const stepop_plugin& p = library.plugin();
  Operator op(library, subject);
  const std::string id = op.started(subject.step(subject.endless));
  op.until_state(id, STEPOP_STATE_RUNNING);
  const std::string request = json::serialize(subject.step(subject.good));
  doing("calls in a forked child");
  const pid_t child = ::fork();
  if (child == 0) {
    // Only the codes leave it: a process that has one thread of several must not do much.
    stepop_batch* batch = nullptr;
    stepop_logs* logs = nullptr;
    std::int32_t fd = -1;
    const stepop_code codes[] = {
        p.submit(op.raw(), request.c_str(), 0, nullptr),
        p.status(op.raw(), id.c_str(), &batch, nullptr),
        p.wait(op.raw(), id.c_str(), -1, &batch, nullptr),
        p.next_events(op.raw(), 1, -1, &batch, nullptr),
        p.event_fd(op.raw(), &fd, nullptr),
        p.cancel(op.raw(), id.c_str(), 0, nullptr),
        p.attach ? p.attach(op.raw(), "{}", 0, nullptr, nullptr) : STEPOP_E_FORKED,
        p.logs_open ? p.logs_open(op.raw(), id.c_str(), nullptr, &logs, nullptr, nullptr) : STEPOP_E_FORKED,
        p.forget(op.raw(), id.c_str(), nullptr, nullptr),
        p.shutdown(op.raw(), 1000, nullptr)};
    for (std::size_t i = 0; i < std::size(codes); ++i)
      if (codes[i] != STEPOP_E_FORKED) ::_exit(static_cast<int>(i) + 1);
    p.destroy(op.raw());
    ::_exit(0);
  }
  const auto deadline = std::chrono::steady_clock::now() + subject.patience;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      broken("a call in a forked child does not return");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  static constexpr const char* names[] = {"",       "submit", "status",    "wait",   "next_events", "event_fd",
                                          "cancel", "attach", "logs_open", "forget", "shutdown"};
  if (WIFEXITED(status) && WEXITSTATUS(status) > 0 && static_cast<std::size_t>(WEXITSTATUS(status)) < std::size(names))
    broken(std::string("in a forked child ") + names[WEXITSTATUS(status)] + " does not return FORKED");
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a call in a forked child ends the child");
  std::optional<Event> now;
  op.status(id, &now);
  expect(now && now->terminal == 0, "the child has ended the parent's step");
}

}  // namespace

std::vector<Check> process_checks() {
  return {
      {"process.leaves_nothing", "stops its threads", leaves_nothing},
      {"process.signals", "A plugin never calls the host: no callback, no host thread borrowed, no signal handler.",
       signals_are_the_hosts},
      {"process.children", "waits for no child that is not its own", children_are_the_hosts},
      {"process.reaping_host", "does without its own where the host has reaped them", a_host_that_reaps},
      {"process.environment", "Environment and working directory are read only inside `open`, on its caller's thread.",
       the_environment_is_read_once},
      {"process.forked", "The process was forked after `open`: this operator belongs to the parent.",
       forked_children_are_told},
  };
}

}  // namespace stepop::conformance
