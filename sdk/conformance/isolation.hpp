// Checks in processes of their own: a plugin that crashes or hangs is a row of the table, not the end of it.
#pragma once

#include <functional>

#include "check.hpp"
#include "verdict.hpp"

namespace stepop::conformance {

struct Row {
  Check check;
  Outcome outcome = Outcome::held;
  std::string seen;  // instead of what the header says; of a question, the answer
  std::chrono::milliseconds took{};
};

// Runs checks, `at_once` of them at a time, and hands on each row as soon as it and all before it are there. This process
// must have one thread, and never loads the library.
std::vector<Row> run_isolated(const std::vector<Check>& checks, const Subject& subject, unsigned at_once,
                              const std::function<void(const Row&)>& on_row);

// The answer of one that asks; empty when there was none.
std::string ask(void (*question)(const Subject&), const Subject& subject);

}  // namespace stepop::conformance
