#include "isolation.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>

namespace stepop::conformance {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void run_here(const Check& check, const Subject& subject, int tell) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  tell_to(tell);
  try {
    check.run(subject);
    const std::string held = std::string(1, static_cast<char>(Outcome::held)) + " \n";
    if (::write(tell, held.data(), held.size()) < 0) ::_exit(1);
  } catch (const Ended&) {
    // it is told
  } catch (const std::exception& unforeseen) {
    try {
      broken(std::string("what it handed out could not be read: ") + unforeseen.what());
    } catch (const Ended&) {
    }
  }
  ::_exit(0);
}

class Running {
 public:
  Running(std::size_t place, const Check& check, const Subject& subject)
      : place_(place), check_(check), began_(Clock::now()), deadline_(began_ + 2 * subject.patience) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) {
      ::close(ends[0]);
      run_here(check, subject, ends[1]);
    }
    ::close(ends[1]);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    told_ = ends[0];
    // Not only the end of the pipe: what the plugin has started may hold it open.
    process_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    ::close(told_);
    if (process_ >= 0) ::close(process_);
  }

  std::size_t place() const { return place_; }
  int told() const { return told_; }
  int process() const { return process_; }
  Clock::time_point deadline() const { return deadline_; }

  void read() {
    char buffer[4096];
    for (ssize_t size; (size = ::read(told_, buffer, sizeof buffer)) > 0;)
      text_.append(buffer, static_cast<std::size_t>(size));
  }

  // The row, when the process has ended or its time is over.
  std::optional<Row> row() {
    int status = 0;
    bool in_time = true;
    if (::waitpid(pid_, &status, WNOHANG) == 0) {
      if (Clock::now() < deadline_) return std::nullopt;
      in_time = false;
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, &status, 0);
    }
    read();
    Row row{check_, Outcome::held, "", std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_)};
    std::string last;
    std::optional<char> verdict;
    for (std::size_t at = 0, end; (end = text_.find('\n', at)) != text_.npos; at = end + 1) {
      const std::string line = text_.substr(at, end - at);
      if (line[0] == 'D') {
        last = line.substr(2);
      } else if (!verdict) {  // the first one counts: later ones are of cleaning up
        verdict = line[0];
        row.seen = line.substr(2);
      }
    }
    if (verdict) {
      row.outcome = static_cast<Outcome>(*verdict);
    } else if (!in_time) {
      row.outcome = Outcome::hung;
      row.seen = "it had not come to an end in " + std::to_string(row.took.count() / 1000) + " s, and was in: " + last;
    } else {
      row.outcome = Outcome::crashed;
      row.seen = WIFSIGNALED(status) ? std::string("signal ") + ::strsignal(WTERMSIG(status))
                                     : "exit " + std::to_string(WEXITSTATUS(status));
      row.seen += " in: " + last;
    }
    return row;
  }

 private:
  std::size_t place_;
  Check check_;
  Clock::time_point began_, deadline_;
  pid_t pid_ = -1;
  int told_ = -1;
  int process_ = -1;
  std::string text_;
};

}  // namespace

std::vector<Row> run_isolated(const std::vector<Check>& checks, const Subject& subject, unsigned at_once,
                              const std::function<void(const Row&)>& on_row) {
  std::vector<std::optional<Row>> rows(checks.size());
  std::vector<std::unique_ptr<Running>> running;
  std::size_t next = 0, shown = 0;
  while (shown < rows.size()) {
    while (next < checks.size() && running.size() < at_once) {
      running.push_back(std::make_unique<Running>(next, checks[next], subject));
      ++next;
    }
    std::vector<pollfd> polled;
    auto soonest = Clock::time_point::max();
    for (const auto& one : running) {
      polled.push_back({one->told(), POLLIN, 0});
      polled.push_back({one->process(), POLLIN, 0});
      soonest = std::min(soonest, one->deadline());
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(soonest - Clock::now()).count();
    ::poll(polled.data(), polled.size(), static_cast<int>(std::max<std::int64_t>(wait, 0)));
    for (auto one = running.begin(); one != running.end();) {
      (*one)->read();
      if (std::optional<Row> row = (*one)->row()) {
        rows[(*one)->place()] = std::move(row);
        one = running.erase(one);
      } else {
        ++one;
      }
    }
    for (; shown < rows.size() && rows[shown]; ++shown) on_row(*rows[shown]);
  }
  std::vector<Row> all;
  for (auto& row : rows) all.push_back(std::move(*row));
  return all;
}

std::string ask(void (*question)(const Subject&), const Subject& subject) {
  const auto rows = run_isolated({Check{"", "", question}}, subject, 1, [](const Row&) {});
  return rows.front().outcome == Outcome::answered ? rows.front().seen : "";
}

}  // namespace stepop::conformance
