// The surroundings of this process: its environment, its files, the network.
#pragma once

#include <chrono>

#include "connectors/surroundings.hpp"

namespace stepop::connectors {

std::map<std::string, std::string> environment_of_this_process();

// All questions together may take `timeout`; each is answered within the rest of it, or throws TIMEOUT. `stopped` is asked
// several times a second while a question waits; once it says so, the question throws CLOSED. One thread at a time; the
// network runs on the thread that asks. kube::initialise_tls() must have been called.
Surroundings surroundings_of_this_process(std::map<std::string, std::string> variables,
                                          std::chrono::milliseconds timeout, std::function<bool()> stopped = {});
// The same with the environment as it is now, for a caller who waits.
Surroundings surroundings_of_this_process(std::chrono::milliseconds timeout);

}  // namespace stepop::connectors
