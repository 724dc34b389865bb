// What can stand where the cursor is, for a shell: worked out from the same declarations as the command line itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "commands/completion.hpp"

namespace stepop::orchestrator {

// `words`: those behind the program, the last one is being typed and may be "".
CompletionWanted wanted_completion(const CLI::App&, const std::vector<std::string>& words);

}  // namespace stepop::orchestrator
