#pragma once

#include <functional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

#include "kube/client.hpp"
#include "lifecycle/step_machine.hpp"

namespace stepop::engine {

// Is everything there to run steps in this namespace? Asks the cluster, creates nothing:
//   - the server, its version, our credentials (GET /version, which every authenticated user may)
//   - each right that stepop uses, by the feature that needs it (SelfSubjectAccessReview)
//   - namespace, quota, admission and the pod itself (a create with dryRun=All). A LIST would prove nothing: in a
//     namespace that does not exist it is an empty 200.
// `manifest` is a pod, as JSON; `asked`: what the step needs beside it. `done` is called once, on the loop, never from within this call; not at all when the client
// is closed. THREADS: the loop's.
void preflight(kube::Client& client, std::string namespace_, std::string manifest, lifecycle::Asked asked,
               std::function<void(std::vector<plugin::Finding>)> done);

}  // namespace stepop::engine
