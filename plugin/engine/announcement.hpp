#pragma once

#include <stepop/plugin.hpp>
#include <string>

#include "lifecycle/report.hpp"

namespace stepop::engine {

// A report as the host hears it; `log_tail` may be empty. Pure.
plugin::StepState announcement(const std::string& step_run_id, const lifecycle::Report& report,
                               const std::string& log_tail = {});

}  // namespace stepop::engine
