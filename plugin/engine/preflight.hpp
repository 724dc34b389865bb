#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

#include "kube/client.hpp"

namespace stepop::engine {

struct PreflightQuestion {
  std::string namespace_;
  std::vector<boost::json::object> objects;  // that a step consists of
  // Also which rights are missing that no object of these needs, as warnings: what this account could not run.
  bool optional_rights = false;
  std::chrono::milliseconds timeout{};
};

// Is everything there to run such a step in this namespace? Asks the cluster, creates nothing. One finding for each of:
//   - the server, its version, our credentials (GET /version, which every authenticated user may)
//   - each right that stepop uses (rights.hpp)
//   - the namespace, its quota, its admission, and each object itself (dry_run.hpp). A LIST would prove nothing: in a namespace
//     that does not exist it is an empty 200.
// `done` is called once, on the loop, never from within this call; not at all when the client is closed. THREADS: the loop's.
void preflight(kube::Client& client, PreflightQuestion question,
               std::function<void(std::vector<plugin::Finding>)> done);

}  // namespace stepop::engine
