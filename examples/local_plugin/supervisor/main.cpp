// stepop-local-supervisor DIRECTORY WORKING_DIRECTORY -- COMMAND [ARGUMENT...]
//
// Runs one step, apart from the process that asked for it, and writes down how it ended (see record.hpp). Its
// environment is the step's. Descriptor 3 is the step's lock, which it holds as long as it lives.
//
// It leaves the process that started it at once: that one sees its child end when `begun` is on the disk (status 0) or
// when that could not be done (status 1), and has nothing to wait for later.
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../record.hpp"

extern char** environ;

namespace {

using namespace stepop::local;

constexpr int lock_descriptor = 3;
// The plugin sends it when it has written `cancel`.
constexpr int look_at_cancel = SIGUSR1;

long long monotonic_ms() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

class Step {
 public:
  explicit Step(std::string directory) : directory_(std::move(directory)) {}

  bool begin() {
    const std::string text =
        "pid " + std::to_string(::getpid()) + "\nstart_time " + std::to_string(start_time_of(::getpid())) + "\n";
    return write_file(directory_, "begun", text) == 0;
  }

  // How long the step may take to stop, when its end is asked for.
  std::optional<long long> cancel_ms() const {
    const auto text = read_file(directory_ + "/cancel");
    return text ? number_in(*text, "grace_ms") : std::nullopt;
  }

  void started(pid_t pid) {
    started_us_ = now_us();
    write_file(directory_, "started",
               "pid " + std::to_string(pid) + "\nstarted_us " + std::to_string(started_us_) + "\n", Durable::no);
  }

  // The disk may be full or away for a while, and the step's end is worth waiting for.
  void ended(const std::string& how, bool cancelled) {
    const std::string text = how + "cancelled " + (cancelled ? "1" : "0") + "\nstarted_us " +
                             std::to_string(started_us_) + "\nfinished_us " + std::to_string(now_us()) + "\n";
    while (write_file(directory_, "end", text) != 0 && ::access(directory_.c_str(), F_OK) == 0) ::sleep(1);
  }

  int open_log() const {
    return ::open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }

 private:
  std::string directory_;
  long long started_us_ = 0;
};

// Starts the command in a process group of its own, with nothing of ours but stdin (nothing), stdout and stderr (the log).
// Returns 0 or an errno: posix_spawn reports a failed exec as well.
int start(char** command, int log, pid_t* pid) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);

  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error = posix_spawnp(pid, command[0], &files, &attributes, command, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

std::string cannot_run(int error, const char* what) {
  return "errno " + std::to_string(error) + "\nwhat " + what + "\n";
}

// From `begun` to `end`.
void run(Step& step, const char* working_directory, char** command) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, look_at_cancel);
  const int signals = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (step.cancel_ms()) return step.ended("", true);

  if (*working_directory != '\0' && ::chdir(working_directory) != 0)
    return step.ended(cannot_run(errno, "working_directory"), false);
  const int log = step.open_log();
  if (log < 0) return step.ended(cannot_run(errno, "log"), false);
  pid_t pid = 0;
  if (const int error = start(command, log, &pid); error != 0) return step.ended(cannot_run(error, "command"), false);
  ::close(log);
  const int process = open_pidfd(pid);
  step.started(pid);

  bool cancelled = false;
  std::optional<long long> kill_at;
  pollfd watched[] = {{process, POLLIN, 0}, {signals, POLLIN, 0}};
  for (;;) {
    // Also once before the first poll: a signal that came before is still to be read, and changes nothing.
    if (const auto grace = step.cancel_ms(); grace && (watched[1].revents != 0 || !cancelled)) {
      const long long at = monotonic_ms() + *grace;
      if (!kill_at || at < *kill_at) kill_at = at;
      // A step that has ended by itself before this was not cancelled.
      if (!cancelled && ::poll(watched, 1, 0) == 0) {
        cancelled = true;
        if (*grace > 0) ::kill(-pid, SIGTERM);
      }
    }
    long long timeout = -1;
    if (cancelled && kill_at) {
      timeout = *kill_at - monotonic_ms();
      if (timeout <= 0) {
        ::kill(-pid, SIGKILL);
        kill_at.reset();
        timeout = -1;
      }
    }
    ::poll(watched, 2, static_cast<int>(timeout));
    if (watched[0].revents != 0) break;
    signalfd_siginfo signal{};
    while (::read(signals, &signal, sizeof signal) > 0) {
    }
  }

  // As in a container, nothing of the step outlives its main process. The process is not reaped yet, so that its
  // group's number cannot be anybody else's.
  ::kill(-pid, SIGKILL);
  siginfo_t how{};
  ::waitid(P_PID, static_cast<id_t>(pid), &how, WEXITED);
  step.ended((how.si_code == CLD_EXITED ? "exit_code " : "signal ") + std::to_string(how.si_status) + "\n", cancelled);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 5 || std::strcmp(arguments[3], "--") != 0) {
    std::fputs("usage: stepop-local-supervisor DIRECTORY WORKING_DIRECTORY -- COMMAND...\n", stderr);
    return 2;
  }
  ::fcntl(lock_descriptor, F_SETFD, FD_CLOEXEC);
  // What ends a session or a machine is for the step; its end is written down all the same.
  sigset_t all;
  sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);

  int ready[2];
  if (::pipe2(ready, O_CLOEXEC) != 0) return 1;
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child > 0) {
    ::close(ready[1]);
    char begun = 0;
    return ::read(ready[0], &begun, 1) == 1 ? 0 : 1;
  }
  ::close(ready[0]);
  Step step(arguments[1]);
  if (!step.begin()) return 1;
  const char begun = 1;
  if (::write(ready[1], &begun, 1) != 1) {
    // Nobody waits for it any more; the step runs on.
  }
  ::close(ready[1]);
  run(step, arguments[2], arguments + 4);
  return 0;
}
