#pragma once

#include <string>
#include <string_view>

#include "run/step_state.hpp"

namespace stepop::orchestrator {

// How text may look on one output.
struct Style {
  bool colours = false;  // only on a terminal, and never with NO_COLOR (https://no-color.org)

  std::string bold(std::string_view text) const;
  std::string dim(std::string_view text) const;
  std::string good(std::string_view text) const;
  std::string bad(std::string_view text) const;
  std::string busy(std::string_view text) const;
  std::string of_state(StepState, std::string_view text) const;
  std::string of_state(RunState, std::string_view text) const;

 private:
  std::string wrapped(std::string_view code, std::string_view text) const;
};

// Of a descriptor of this process.
Style style_of(int fd);

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
TerminalSize terminal_size(int fd);

}  // namespace stepop::orchestrator
