#include "faults.hpp"

namespace stepop::simulation {
namespace {

constexpr std::array<std::string_view, fault_kinds> kind_names{"call_unsent",
                                                               "call_lost",
                                                               "answer_lost",
                                                               "effect_late",
                                                               "answer_late",
                                                               "throttled",
                                                               "error_without_effect",
                                                               "error_after_effect",
                                                               "unauthorized",
                                                               "forbidden",
                                                               "contention",
                                                               "quota_exceeded",
                                                               "webhook_unreachable",
                                                               "api_away",
                                                               "api_restarted",
                                                               "access_revoked",
                                                               "compacted",
                                                               "watch_broken",
                                                               "watch_closed",
                                                               "watch_expired",
                                                               "watch_error",
                                                               "watch_silent",
                                                               "watch_refused",
                                                               "line_malformed",
                                                               "events_repeated",
                                                               "events_late",
                                                               "streaming_list_refused",
                                                               "initial_end_missing",
                                                               "list_stale",
                                                               "unschedulable",
                                                               "image_pull_slow",
                                                               "image_pull_fails",
                                                               "cannot_start",
                                                               "out_of_memory",
                                                               "preempted",
                                                               "evicted",
                                                               "node_pressure",
                                                               "kubelet_restarted",
                                                               "node_silent",
                                                               "node_gone",
                                                               "pod_deleted",
                                                               "pod_force_deleted",
                                                               "pod_deleted_orderly",
                                                               "labels_changed",
                                                               "secret_deleted",
                                                               "job_deleted",
                                                               "host_death",
                                                               "host_paused",
                                                               "clock_jump",
                                                               "second_owner",
                                                               "host_cancel"};

constexpr std::array<std::string_view, stages> stage_names{"waiting",  "unbound",   "starting", "running",
                                                           "stopping", "completed", "ended",    "forgetting"};

using K = FaultKind;
using S = Stage;

constexpr unsigned bit(Stage stage) {
  return 1u << static_cast<unsigned>(stage);
}
template <class... Stages>
constexpr unsigned at(Stages... some) {
  return (bit(some) | ...);
}
constexpr unsigned pod_exists =
    at(S::unbound, S::starting, S::running, S::stopping, S::completed, S::ended, S::forgetting);

struct Unlikely {
  FaultKind first, last;  // a range of kinds
  unsigned where;
  std::string_view why;
};

// Cells of the table that no schedule aims at and that may stay empty, and why.
constexpr std::array unlikely{
    Unlikely{K::quota_exceeded, K::webhook_unreachable, at(S::running, S::stopping),
             "nothing is created for a pod that runs or is to stop, unless another owner's pod was not seen yet"},
    Unlikely{K::quota_exceeded, K::webhook_unreachable, at(S::ended, S::forgetting),
             "nothing is created once a step has ended, unless by another owner"},
    Unlikely{K::call_unsent, K::contention, at(S::ended),
             "nothing is asked for between the end and the forget, but to delete a pod that appeared late"},
    Unlikely{K::unschedulable, K::secret_deleted, at(S::waiting), "there is no pod"},
    Unlikely{K::secret_deleted, K::secret_deleted, pod_exists & ~at(S::unbound, S::starting),
             "nobody needs it any more"},
    Unlikely{K::unschedulable, K::unschedulable, pod_exists & ~at(S::unbound), "it has a node, or is gone"},
    Unlikely{K::image_pull_slow, K::cannot_start, at(S::running, S::completed, S::ended, S::forgetting),
             "its image is there and its container started, or never will"},
    Unlikely{K::image_pull_slow, K::cannot_start, at(S::stopping),
             "only in the moment before its kubelet has heard of the deletion"},
    Unlikely{K::out_of_memory, K::out_of_memory, pod_exists & ~at(S::running, S::stopping),
             "only what runs uses memory, and what runs has not ended"},
    Unlikely{K::preempted, K::preempted, at(S::unbound), "the scheduler preempts only what has a node"},
    Unlikely{K::preempted, K::node_gone, at(S::completed, S::ended, S::forgetting),
             "what has ended takes no room, and its node has nothing more to say"},
    Unlikely{K::node_pressure, K::node_gone, at(S::unbound), "it has no node"},
    Unlikely{K::pod_deleted, K::pod_deleted, at(S::completed, S::ended, S::forgetting),
             "that is pod_deleted_orderly: a pod that has ended goes at once"},
    Unlikely{K::pod_deleted_orderly, K::pod_deleted_orderly, at(S::unbound, S::starting, S::running, S::stopping),
             "that is pod_deleted: it has not ended"},
    Unlikely{K::second_owner, K::second_owner, at(S::forgetting),
             "a host that forgets has ended every other process that owns its steps"},
    Unlikely{K::host_cancel, K::host_cancel, at(S::forgetting), "a host does not cancel what it has forgotten"},
};

struct Weight {
  FaultKind kind;
  std::uint32_t weight;
};

// Kinds that take long in virtual time, and so in real time, come less often.
constexpr std::uint32_t weight_of(FaultKind kind) {
  switch (kind) {
    case K::api_away:
    case K::access_revoked:
    case K::node_silent:
    case K::node_gone:
    case K::watch_silent:
    case K::initial_end_missing:
      return 2;
    case K::host_cancel:
      return 6;
    default:
      return 4;
  }
}

constexpr std::uint32_t total_weight = [] {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < fault_kinds; ++i) sum += weight_of(static_cast<FaultKind>(i));
  return sum;
}();

FaultKind some_kind(Random& random) {
  auto left = random.below(total_weight);
  for (std::size_t i = 0;; ++i) {
    const auto kind = static_cast<FaultKind>(i);
    const auto weight = weight_of(kind);
    if (left < weight) return kind;
    left -= weight;
  }
}

Fault some_fault(Random& random, FaultKind kind, std::uint32_t number_of_steps) {
  Fault fault;
  fault.kind = kind;
  fault.step = static_cast<std::uint8_t>(random.below(number_of_steps));
  do {
    fault.stage = static_cast<Stage>(random.below(stages));
  } while (!why_unlikely(fault.kind, fault.stage).empty());
  // Often at the very moment, sometimes a little later, seldom much later.
  switch (random.below(4)) {
    case 0:
      break;
    case 1:
      fault.delay = random.between(Duration(0), milliseconds(20));
      break;
    case 2:
      fault.delay = random.between(Duration(0), milliseconds(500));
      break;
    default:
      fault.delay = random.between(Duration(0), seconds(10));
  }
  fault.dice = random.next();
  return fault;
}

}  // namespace

std::string_view name_of(FaultKind kind) {
  return kind_names[static_cast<std::size_t>(kind)];
}

std::string_view name_of(Stage stage) {
  return stage_names[static_cast<std::size_t>(stage)];
}

std::string_view why_unlikely(FaultKind kind, Stage stage) {
  for (const auto& row : unlikely) {
    if (kind >= row.first && kind <= row.last && (row.where & bit(stage)) != 0) return row.why;
  }
  return {};
}

Plan make_plan(Random random, std::uint32_t number_of_steps) {
  // Some miss their moment; a schedule that is struck fewer than five times does not count.
  const auto number = 8 + random.below(6);
  Plan plan;
  plan.reserve(number + 1);
  plan.push_back(some_fault(random, FaultKind::host_death, number_of_steps));
  for (std::uint32_t i = 0; i < number; ++i) plan.push_back(some_fault(random, some_kind(random), number_of_steps));
  return plan;
}

void Coverage::add(const Coverage& other) {
  for (std::size_t kind = 0; kind < fault_kinds; ++kind) {
    for (std::size_t stage = 0; stage < stages; ++stage) hits[kind][stage] += other.hits[kind][stage];
  }
}

std::vector<std::pair<FaultKind, Stage>> Coverage::empty_cells() const {
  std::vector<std::pair<FaultKind, Stage>> empty;
  for (std::size_t k = 0; k < fault_kinds; ++k) {
    for (std::size_t s = 0; s < stages; ++s) {
      const auto kind = static_cast<FaultKind>(k);
      const auto stage = static_cast<Stage>(s);
      if (hits[k][s] == 0 && why_unlikely(kind, stage).empty()) empty.emplace_back(kind, stage);
    }
  }
  return empty;
}

}  // namespace stepop::simulation
