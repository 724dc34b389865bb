// What must hold between the steps of a pipeline, and between it and a stack.
#pragma once

#include <vector>

#include "input/pipeline_file.hpp"
#include "input/stack_file.hpp"

namespace stepop::orchestrator {

// Gives each step the step operator that runs it, and the settings that hold there. Steps without any stay without: that
// is check_pipeline's. Returns warnings: settings that are for nothing in this stack.
std::vector<Finding> bind_to_stack(Pipeline&, const Stack&);

// Every mistake: a need or a step operator that is not there, a cycle, a result used by a step that
// does not run after the one that writes it, settings for a mistyped flavor. Empty when the pipeline can run. REQUIRES:
// bind_to_stack.
std::vector<Finding> check_pipeline(const Pipeline&, const Stack&);

}  // namespace stepop::orchestrator
