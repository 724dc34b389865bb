// What a person sees of a run, as lines. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "screen/run_view.hpp"
#include "screen/style.hpp"

namespace stepop::orchestrator {

// The table that is redrawn while a run goes on: step, where, state, elapsed, why. No more than
// `size.rows - 1` lines: when there are more steps, those that are going on come first and the rest
// is counted.
std::vector<std::string> live_lines(const RunView&, Microseconds now, TerminalSize, const Style&);

// The table at the end: step, where, state, took, result or why. `columns` 0: no limit.
std::vector<std::string> final_lines(const RunView&, std::size_t columns, const Style&);

// "12:00:00 train: failed (pod train-x-0 on node-1): OutOfMemory: ..."
std::string change_line(const StepView&, Microseconds now);

// For each step that did not succeed: a line on what happened, its hint, and the end of its log.
// `log_tail` gives the last lines of the host's copy.
std::vector<std::string> failure_lines(const RunView&, const Style&,
                                       const std::function<std::string(const std::string&)>& log_tail);

// `stepop ps`: runs and their steps.
std::vector<std::string> ps_lines(const std::vector<RunView>&, Microseconds now, std::size_t columns, const Style&);

// The document of -o json: "run", "run_id", "state", "created_at", "ended_at", "steps".
boost::json::object json_document(const RunView&);

}  // namespace stepop::orchestrator
