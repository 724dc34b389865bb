#pragma once

#include <string>
#include <vector>

#include "commands/output.hpp"
#include "host/open_operators.hpp"
#include "input/pipeline_file.hpp"
#include "run/journal.hpp"
#include "run/run_lock.hpp"
#include "run/state_directory.hpp"

namespace stepop::orchestrator {

// Drives a run to its end and shows it, live and at the end. Returns the exit status.
int drive_run(const StateDirectory&, Journal&, JournalledRun, Pipeline, const std::vector<OpenOperator>&, Output);

// Takes a journalled run up again with what the journal has: the same requests, configurations, and
// names. Nothing is read from the run's files. REQUIRES: the run's lock is held, and `run` was read
// after it was taken.
int take_up_run(const StateDirectory&, Journal&, JournalledRun, const std::vector<std::string>& plugin_directories,
                Output);

// Every secret of a step that cannot be told now, without a place.
std::vector<Finding> missing_secrets(const Step&, const std::string& file, const Environment&);

// What people see of plugins that could not be loaded.
void warn_of_problems(const host::PluginDirectory&);

}  // namespace stepop::orchestrator
