#pragma once

#include <chrono>
#include <vector>

#include "commands/run_input.hpp"
#include "host/open_operators.hpp"
#include "run/request.hpp"

namespace stepop::orchestrator {

// `stepop run --dry-run`: shows what each step would become where it runs (extension stepop.render/1) and what the server
// there says of it; where it cannot be asked, what can be shown without it. A step of a flavor that has nothing to show is
// only checked. Nothing is created. Returns the exit status: kBadInput when one is refused, or could not be asked about.
// Blocks for at most `timeout` a step.
int show_manifests(const RunInput&, const RunNames&, const std::vector<OpenOperator>&, Output,
                   std::chrono::milliseconds timeout);

}  // namespace stepop::orchestrator
