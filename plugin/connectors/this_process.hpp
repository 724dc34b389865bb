// The surroundings of this process: its environment, its files, the network.
#pragma once

#include <chrono>

#include "connectors/surroundings.hpp"

namespace stepop::connectors {

// The environment is read now. All questions together may take `timeout`; each is answered within the rest of it, or throws
// TIMEOUT. One thread at a time; the network runs on the thread that asks. kube::initialise_tls() must have been called.
Surroundings surroundings_of_this_process(std::chrono::milliseconds timeout);

}  // namespace stepop::connectors
