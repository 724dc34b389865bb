// Where plugins are looked for.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stepop::orchestrator {

// In this order, each once: --plugin-dir, the stack's directories, $STEPOP_PLUGIN_PATH (separated
// by ":"), and <prefix>/lib/stepop/plugins when this executable is <prefix>/bin/stepop and that
// directory exists; where there is none of them, <prefix>/plugins, as a build has it.
std::vector<std::filesystem::path> plugin_search(const std::vector<std::string>& from_command,
                                                 const std::vector<std::filesystem::path>& from_stack);

}  // namespace stepop::orchestrator
