#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "commands/commands.hpp"
#include "input/finding.hpp"
#include "input/names.hpp"
#include "run/journal.hpp"
#include "run/run_lock.hpp"
#include "run/state_directory.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace {

// Prints a growing file from where it stopped the last time.
class Printer {
 public:
  explicit Printer(std::filesystem::path file) : file_(std::move(file)) {}
  void print_new() {
    if (!fd_) fd_ = Descriptor(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd_) return;  // the step has not begun
    std::array<char, 64 << 10> bytes{};
    for (;;) {
      const ssize_t count = ::read(fd_.get(), bytes.data(), bytes.size());
      if (count <= 0) return;
      write_text(STDOUT_FILENO, {bytes.data(), static_cast<std::size_t>(count)});
    }
  }

 private:
  std::filesystem::path file_;
  Descriptor fd_;
};

const JournalledStep& find_step(const JournalledRun& run, const std::string& name) {
  std::vector<std::string> names;
  for (const JournalledStep& step : run.steps) {
    if (step.name == name) return step;
    names.push_back(step.name);
  }
  throw BadInput("run " + run.name + " has no step \"" + name + "\"; " + did_you_mean(name, names));
}

// Until the log is complete, or the run's process is gone.
void follow(const StateDirectory& state_directory, const JournalledRun& run, const std::string& step,
            Printer& printer) {
  const auto directory = state_directory.run_directory(run.id);
  const auto complete = state_directory.log_complete_file(run.id, step);
  const Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch || ::inotify_add_watch(watch.get(), directory.c_str(), IN_MODIFY | IN_CREATE) < 0) {
    const int error = errno;
    throw std::runtime_error("cannot watch " + directory.string() + ": " + std::strerror(error));
  }
  const Descriptor driver = reach_driver(directory);
  for (;;) {
    // Looked at before it is printed: what is complete here is printed whole.
    const bool all = std::filesystem::exists(complete);
    printer.print_new();
    if (all) return;
    if (!driver) break;
    std::array<pollfd, 2> waiting{pollfd{watch.get(), POLLIN, 0}, pollfd{driver.get(), 0, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
    if (waiting[0].revents & POLLIN) {
      std::array<char, 4096> events{};
      while (::read(watch.get(), events.data(), events.size()) > 0) {
      }
    } else if (waiting[1].revents & (POLLERR | POLLHUP)) {
      break;
    }
  }
  printer.print_new();
  if (std::filesystem::exists(complete)) return;
  write_text(STDERR_FILENO, "the process of run " + run.name +
                                " is gone, and this is what it had read; go on with: stepop run "
                                "--resume " +
                                run.name + "\n");
}

}  // namespace

int logs(const LogsCommand& command) {
  const StateDirectory state_directory = StateDirectory::open(command.state_directory);
  Journal journal(state_directory.journal_file());
  const JournalledRun run = journal.find_run(command.run);
  const JournalledStep& step = find_step(run, command.step);
  Printer printer(state_directory.log_file(run.id, step.name));
  if (command.follow)
    follow(state_directory, run, step.name, printer);
  else
    printer.print_new();
  return 0;
}

}  // namespace stepop::orchestrator
