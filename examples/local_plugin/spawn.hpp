#pragma once

#include <optional>
#include <string>

#include "request.hpp"
#include "step_directory.hpp"

namespace stepop::local {

// The helper that is installed beside this library. Throws plugin::Error when it is not there.
std::string supervisor_path();

// Starts the supervisor of a step. It takes the lock along, in a session of its own, without any other descriptor of this process, and
// with no signal blocked by us. Returns 0 and the process that ends as soon as the step has begun, or an errno.
int spawn_supervisor(const std::string& supervisor, const Request& request,
                     const std::map<std::string, std::string>& environment, const StepDirectory& directory, int lock,
                     pid_t* pid);

// See pidfd_open(2), pidfd_send_signal(2): glibc 2.36 has them, but our oldest has not.
Descriptor open_pidfd(pid_t pid);
bool signal_pidfd(int pidfd, int signal);
// Tells a supervisor that `cancel` was written.
inline constexpr int look_at_cancel = 10;  // SIGUSR1

}  // namespace stepop::local
