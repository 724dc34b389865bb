#include "screen/progress.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "screen/run_lines.hpp"
#include "screen/times.hpp"

namespace stepop::orchestrator {
namespace {

class PlainLines : public Progress {
 public:
  explicit PlainLines(int fd) : fd_(fd) {}
  bool wants_ticks() const override { return false; }
  void step_changed(const RunView& run, std::size_t step) override {
    // A state that only explains itself anew (still pending, another message) is news as well.
    std::string line = change_line(run.steps[step], now_us());
    if (shown_.size() < run.steps.size()) shown_.resize(run.steps.size());
    // The clock in front is no news.
    std::string news = line.substr(line.find(' '));
    if (shown_[step] == news) return;
    shown_[step] = std::move(news);
    write_text(fd_, line + "\n");
  }
  void redraw(const RunView&) override {}
  void note(const std::string& line) override { write_text(fd_, clock_time(now_us()) + " " + line + "\n"); }
  void end() override {}

 private:
  int fd_;
  std::vector<std::string> shown_;
};

class LiveTable : public Progress {
 public:
  explicit LiveTable(int fd) : fd_(fd), style_(style_of(fd)) {}
  bool wants_ticks() const override { return true; }
  void step_changed(const RunView&, std::size_t) override {}
  void redraw(const RunView& run) override {
    const auto lines = live_lines(run, now_us(), terminal_size(fd_), style_);
    std::string text = go_up();
    for (const std::string& line : lines) text += line + "\x1b[K\n";
    text += "\x1b[J";  // what a longer table has left below
    drawn_ = lines.size();
    write_text(fd_, text);
  }
  void note(const std::string& line) override {
    // Above the table, which the next redraw puts below it again.
    write_text(fd_, go_up() + "\x1b[J" + line + "\n");
    drawn_ = 0;
  }
  void end() override {
    write_text(fd_, go_up() + "\x1b[J");
    drawn_ = 0;
  }

 private:
  std::string go_up() const { return drawn_ == 0 ? "" : "\x1b[" + std::to_string(drawn_) + "A\r"; }

  int fd_;
  Style style_;
  std::size_t drawn_ = 0;
};

// Of the last write to stdout that failed; 0 when none did.
int failed_output = 0;

}  // namespace

std::unique_ptr<Progress> progress_on(int fd) {
  const char* terminal = std::getenv("TERM");
  // A dumb terminal cannot go up.
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  if (::isatty(fd) == 1 && !dumb) return std::make_unique<LiveTable>(fd);
  return std::make_unique<PlainLines>(fd);
}

void write_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (written >= 0 || errno != EINTR) {
      if (fd == STDOUT_FILENO && written < 0 && errno != EPIPE) failed_output = errno;
      return;
    }
  }
}

std::string output_trouble() {
  return failed_output == 0 ? "" : std::string("cannot write to stdout: ") + std::strerror(failed_output);
}

void write_lines(int fd, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_text(fd, text);
}

}  // namespace stepop::orchestrator
