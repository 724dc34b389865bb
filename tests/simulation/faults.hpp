#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "random.hpp"

namespace stepop::simulation {

// What may go wrong, or be done, at a chosen moment of a schedule.
enum class FaultKind : std::uint8_t {
  // To the next call of a step.
  call_unsent,           // no connection: certain to have had no effect
  call_lost,             // sent, never arrived, and the client cannot know
  answer_lost,           // it took effect; the answer is lost
  effect_late,           // the client has given up when it takes effect
  answer_late,           // the answer takes seconds
  throttled,             // 429
  error_without_effect,  // 500, 503
  error_after_effect,    // 500, 504
  unauthorized,          // 401
  forbidden,             // 403 in RBAC's words
  contention,            // 409, not AlreadyExists
  quota_exceeded,        // of a create
  webhook_unreachable,   // of a create
  // To the API server.
  api_away,        // for minutes; at its return it may refuse for a moment what it allows
  api_restarted,   // for a moment
  access_revoked,  // 401 or 403 to everything, for a while
  compacted,       // etcd forgets its history while the watch is broken: 410
  // To the watch.
  watch_broken,
  watch_closed,            // by the server, in order
  watch_expired,           // 410 in the stream
  watch_error,             // 5xx in the stream
  watch_silent,            // open, and nothing comes
  watch_refused,           // broken, and its resume refused with 429 or 5xx
  line_malformed,          //
  events_repeated,         // the last few come again
  events_late,             // the stream stalls for seconds
  streaming_list_refused,  // a server that does not know it: pages
  initial_end_missing,     // the bookmark that ends a streaming list does not come
  list_stale,              // a list shows the past
  // To the pod.
  unschedulable,        // for a while
  image_pull_slow,      // fails, then works
  image_pull_fails,     // for good
  cannot_start,         // StartError
  out_of_memory,        //
  preempted,            // by the scheduler
  evicted,              // through the eviction API
  node_pressure,        // evicted by the kubelet
  kubelet_restarted,    // rejects the pod, running or not
  node_silent,          // its kubelet is not heard of, and returns
  node_gone,            // and does not return: its Node is deleted
  pod_deleted,          // by somebody
  pod_force_deleted,    // by somebody, with no grace
  pod_deleted_orderly,  // deleted by somebody after it has ended
  labels_changed,       // by somebody
  secret_deleted,       // its pod's, by somebody
  job_deleted,          // by somebody
  // To the host.
  host_death,
  host_paused,   // the process stands still for a while
  clock_jump,    // of the cluster's wall clock
  second_owner,  // another process owns the same steps for a while
  host_cancel,   // no fault: what a host does
};
inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(FaultKind::host_cancel) + 1;

// Where a step is in its life, by the truth of the cluster and by what the host was told.
enum class Stage : std::uint8_t {
  waiting,     // submitted; no pod of it exists
  unbound,     // its pod has no node
  starting,    // its pod has a node; the main container has not started
  running,     // the main container runs
  stopping,    // it runs, or was about to, and its pod is being deleted
  completed,   // its kubelet is done with it; the host has not been told
  ended,       // the host was told
  forgetting,  // the host has forgotten it; the operator is not done with it
};
inline constexpr std::size_t stages = static_cast<std::size_t>(Stage::forgetting) + 1;

std::string_view name_of(FaultKind kind);
std::string_view name_of(Stage stage);

// A fault happens `delay` after its step first came to its stage, in whichever life of the host.
struct Fault {
  FaultKind kind = FaultKind::call_unsent;
  std::uint8_t step = 0;
  Stage stage = Stage::waiting;
  Duration delay{0};
  std::uint64_t dice = 0;  // what else it needs to be chosen
};

using Plan = std::vector<Fault>;

// Nothing when the fault must be seen to strike steps at this stage; else why it cannot, or next to never does.
std::string_view why_unlikely(FaultKind kind, Stage stage);

// `number_of_steps` at most 255.
Plan make_plan(Random random, std::uint32_t number_of_steps);

// How often each kind of fault struck a step at each stage.
struct Coverage {
  std::array<std::array<std::uint64_t, stages>, fault_kinds> hits{};

  void add(const Coverage& other);
  // Cells that may not be empty, and are.
  std::vector<std::pair<FaultKind, Stage>> empty_cells() const;
};

}  // namespace stepop::simulation
