#pragma once

#include <optional>
#include <string>

#include "kube/pod.hpp"
#include "lifecycle/advice.hpp"
#include "lifecycle/evidence.hpp"
#include "lifecycle/report.hpp"
#include "lifecycle/workload.hpp"

namespace stepop::lifecycle {

// What one view of a pod says about its step. Pure functions; every rule of Kubernetes that they apply is from
// "Pod Lifecycle", "Disruptions", "Node-pressure Eviction" and "Pod Priority and Preemption".

// Still under way: pending or running, with a reason when something holds it up.
struct Progress {
  StepState state = StepState::pending;
  std::string reason;
  std::string message;
  std::string hint;
  // The kubelet's own word for what its main or an init container waits for, e.g. ImagePullBackOff; or empty.
  std::string waiting_reason;
};

// The main container ran and is over.
bool main_ended(const kube::Pod& pod);

// It has ended: the container terminated, or the kubelet or the control plane gave the pod a terminal phase.
bool has_ended(const kube::Pod& pod);

// REQUIRES: !has_ended(pod).
Progress read_progress(const kube::Pod& pod);

// It has a node, nothing in it runs or has run, and no status says what it waits for.
bool is_silently_starting(const kube::Pod& pod);

// How it ended by itself. REQUIRES: has_ended(pod).
Report read_end(const kube::Pod& pod, const Evidence& evidence);
Report read_end(const kube::Pod& pod, const WorkloadEvidence& evidence);

// It was killed, and nothing yet says by whom: the runtime hears of an exit and of a kill for memory by two ways, and of the
// latter now and then some moments later (containerd: TaskExit and TaskOOM); the kubelet then writes the status again.
// REQUIRES: has_ended(pod).
bool may_turn_out_to_be_memory(const kube::Pod& pod);

// The kubelet itself wrote how it ended: a terminated container, or a phase that is not the garbage collector's.
bool kubelet_confirmed_end(const kube::Pod& pod);

// The node controller has marked the pod not ready although all of its containers are: its node is not heard of ("Nodes",
// Node controller).
bool node_is_silent(const kube::Pod& pod);

// Why the pod is being removed by the cluster, from its DisruptionTarget condition; nothing when it is not.
struct Disruption {
  std::string_view reason;
  std::string message;
};
std::optional<Disruption> disruption_of(const kube::Pod& pod);

Place place_of(const kube::Pod& pod);

// Its kubelet does not find the Secret that is named like the pod: the one that stepop makes for it.
bool misses_own_secret(const kube::Pod& pod);

// The reason of a waiting reason of the kubelet: ImagePullBackOff is ImagePull.
std::string_view reason_of_waiting(std::string_view waiting_reason);

}  // namespace stepop::lifecycle
