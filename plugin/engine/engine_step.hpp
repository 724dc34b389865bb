// Internal to the engine: what it keeps of each step.
#pragma once

#include "engine/engine.hpp"
#include "manifest/labels.hpp"

namespace stepop::engine {

struct Engine::Step {
  std::string id;
  std::string hash;
  std::string request_hash;
  std::string namespace_;
  kube::Resource kind = kube::Resource::Pods;           // of its workload
  std::shared_ptr<const request::StepRequest> request;  // null for a step that was only attached or forgotten
  std::uint64_t serial = 0;  // tells a step from one of the same id that was forgotten before
  lifecycle::StepMachine machine;
  std::optional<kube::CallId> call;
  std::optional<lifecycle::Report> untold_end;  // the host hears it with the end of the log, or without, very soon
  std::vector<std::unique_ptr<StepLog>> logs;

  explicit Step(lifecycle::StepMachine m) : machine(std::move(m)) {}
};

inline lifecycle::Instant now() {
  return std::chrono::steady_clock::now();
}

// What the labels and annotations of an object of ours say.
manifest::Marks marks_of(const kube::Pod& object);

}  // namespace stepop::engine
