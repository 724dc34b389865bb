// What is shown while a run goes on. On a terminal: one table, redrawn in place. Else: a line a
// state change.
#pragma once

#include <memory>

#include "screen/run_view.hpp"

namespace stepop::orchestrator {

class Progress {
 public:
  virtual ~Progress() = default;
  virtual bool wants_ticks() const = 0;  // to be redrawn once a second, for its elapsed times
  virtual void step_changed(const RunView&, std::size_t step) = 0;
  virtual void redraw(const RunView&) = 0;         // once a turn of the loop, and at each tick
  virtual void note(const std::string& line) = 0;  // a warning, or what a signal did
  virtual void end() = 0;                          // leaves the output to others
};

// On this descriptor, by what it is. A write that fails is not tried again: the run is worth more
// than its picture.
std::unique_ptr<Progress> progress_on(int fd);

// Writes all, and gives up silently where that is not possible.
void write_text(int fd, std::string_view text);
// Why something could not be written to stdout, "" when all was: whoever reads the status must not take half a document for
// a whole one. A reader that is gone wanted no more.
std::string output_trouble();
void write_lines(int fd, const std::vector<std::string>& lines);

}  // namespace stepop::orchestrator
