#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <stepop/plugin.hpp>
#include <string>
#include <vector>

#include "kube/client.hpp"

namespace stepop::engine {

// What the server says of a create that changes nothing ("Kubernetes API Concepts", Dry-run): defaults, field validation,
// quota and admission are those of a real one.
struct DryRun {
  bool answered = false;
  boost::json::value accepted = nullptr;  // the object with its defaults; null when it would be refused
  std::string refused_for;                // one of lifecycle::reason::*; empty when it would not be refused
  // Why not, and the server's warnings. Their paths begin with the object's own, e.g. "manifests[0]".
  std::vector<plugin::Finding> findings;
};

// One create of an object of a kind that stepop makes, for one that has apiVersion, kind and metadata.namespace. The
// API server gives up after `timeout`. Pure.
kube::Request dry_run_create(const boost::json::object& object, std::chrono::milliseconds timeout);
// `path` is the object's own. Pure.
DryRun read_dry_run(const kube::Outcome& outcome, const std::string& path);

// "manifests[N]": the path of an object among others, as stepop.render/1 shows them; and below it, of a Job's pod.
std::string path_of_object(std::size_t number);
inline constexpr const char* pod_of_job = ".spec.template";

// Asks for all objects at once. A Job is asked for with its pod, which quota and admission judge only when the Job's controller
// makes it: what is wrong with that one is found as wrong with the Job. `done` is called once, on the loop, never from within
// this call, with one answer for each object; not at all when the client is closed. THREADS: the loop's.
void dry_run(kube::Client& client, std::vector<boost::json::object> objects, std::chrono::milliseconds timeout,
             std::function<void(std::vector<DryRun>)> done);

}  // namespace stepop::engine
