// What must hold between the steps of a pipeline, and between it and a stack.
#pragma once

#include <vector>

#include "input/pipeline_file.hpp"
#include "input/stack_file.hpp"

namespace stepop::orchestrator {

// Every mistake: a need or a step operator that is not there, a cycle, a result used by a step that
// does not run after the one that writes it. Empty when the pipeline can run.
std::vector<Finding> check_pipeline(const Pipeline&, const Stack&);

}  // namespace stepop::orchestrator
