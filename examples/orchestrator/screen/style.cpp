#include "screen/style.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace stepop::orchestrator {

std::string Style::wrapped(std::string_view code, std::string_view text) const {
  if (!colours) return std::string(text);
  return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
}

std::string Style::bold(std::string_view text) const {
  return wrapped("1", text);
}
std::string Style::dim(std::string_view text) const {
  return wrapped("2", text);
}
std::string Style::good(std::string_view text) const {
  return wrapped("32", text);
}
std::string Style::bad(std::string_view text) const {
  return wrapped("31", text);
}
std::string Style::busy(std::string_view text) const {
  return wrapped("36", text);
}

std::string Style::of_state(StepState state, std::string_view text) const {
  switch (state) {
    case StepState::succeeded:
      return good(text);
    case StepState::failed:
    case StepState::lost:
      return bad(text);
    case StepState::running:
      return busy(text);
    case StepState::waiting:
    case StepState::skipped:
    case StepState::cancelled:
      return dim(text);
    default:
      return std::string(text);
  }
}

std::string Style::of_state(RunState state, std::string_view text) const {
  if (state == RunState::succeeded) return good(text);
  if (state == RunState::failed) return bad(text);
  return state == RunState::running ? busy(text) : dim(text);
}

Style style_of(int fd) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return {::isatty(fd) == 1 && (no_colour == nullptr || *no_colour == '\0') && !dumb};
}

TerminalSize terminal_size(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

}  // namespace stepop::orchestrator
