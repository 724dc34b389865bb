#include "lifecycle/reading.hpp"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <cmath>
#include <csignal>

namespace stepop::lifecycle {
namespace {

using kube::ContainerState;
using kube::Pod;
using kube::PodPhase;

struct Word {
  std::string_view kubernetes;
  std::string_view reason;
};

// The kubelet's words for a container that waits (kubelet: images/types.go, container/sync_result.go).
constexpr std::array waiting_words{
    Word{"ErrImagePull", reason::image_pull},
    Word{"ImagePullBackOff", reason::image_pull},
    Word{"ErrImageNeverPull", reason::image_pull},
    Word{"ImageInspectError", reason::image_pull},
    Word{"RegistryUnavailable", reason::image_pull},
    Word{"SignatureValidationFailed", reason::image_pull},
    Word{"InvalidImageName", reason::invalid_image_name},
    Word{"CrashLoopBackOff", reason::init_container_failed},  // with restartPolicy Never, only a sidecar's
    Word{"CreateContainerConfigError", reason::container_config},
    Word{"CreateContainerError", reason::cannot_run},
    Word{"RunContainerError", reason::cannot_run},
    Word{"PreCreateHookError", reason::cannot_run},
    Word{"PreStartHookError", reason::cannot_run},
    Word{"PostStartHookError", reason::cannot_run},
};

// Reasons of the DisruptionTarget condition ("Disruptions", Pod disruption conditions).
constexpr std::array disruption_words{
    Word{"PreemptionByScheduler", reason::preempted},  Word{"PreemptionByKubelet", reason::preempted},
    Word{"DeletionByTaintManager", reason::node_lost}, Word{"DeletionByPodGC", reason::node_lost},
    Word{"EvictionByEvictionAPI", reason::evicted},    Word{"TerminationByKubelet", reason::evicted},
};

template <std::size_t N>
std::string_view look_up(const std::array<Word, N>& words, std::string_view kubernetes) {
  for (const auto& word : words) {
    if (word.kubernetes == kubernetes) return word.reason;
  }
  return {};
}

const ContainerState* main_state(const Pod& pod) {
  const auto* main = pod.container_status(main_container);
  return main ? &main->state : nullptr;
}

// It never ran, and with this restart policy never will. Its pod's phase may follow half a minute later.
bool main_could_not_start(const Pod& pod) {
  const auto* main = main_state(pod);
  return main && main->kind == ContainerState::Kind::Terminated && pod.restart_policy == "Never" &&
         (main->reason == "StartError" || main->reason == "ContainerCannotRun");
}

std::string memory_limit(const Pod& pod) {
  for (const auto& container : pod.containers) {
    if (container.name == main_container) return container.memory_limit;
  }
  return {};
}

std::string with_full_stop(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

// Shells and runtimes say 128+n for a process that signal n ended.
std::string exit_words(std::int32_t code) {
  std::string text = "The step's command ended with exit code " + std::to_string(code);
  if (code == 128 + SIGKILL) return text + " (SIGKILL)";
  if (code == 128 + SIGTERM) return text + " (SIGTERM)";
  if (code == 128 + SIGSEGV) return text + " (SIGSEGV)";
  if (code == 128 + SIGABRT) return text + " (SIGABRT)";
  if (code == 127) return text + " (a shell says so when a command was not found)";
  return text;
}

void fail(Report& report, std::string_view why, std::string message) {
  report.state = StepState::failed;
  report.reason = why;
  report.message = with_full_stop(std::move(message));
  report.hint = hint_for(why, report.message);
  report.retryable = may_help_to_retry(why, report.message);
}

// The kubelet keeps the last bytes of a longer one: at most this many, and 12 KiB over all containers of a pod ("Determine
// the Reason for Pod Failure"; kubelet, MaxContainerTerminationMessageLength and MaxPodTerminationMessageLogLength).
std::size_t longest_termination_message(const Pod& pod) {
  const auto containers = std::max<std::size_t>(1, pod.containers.size() + pod.init_containers.size());
  return std::min<std::size_t>(4096, 12288 / containers);
}

// JSON has numbers that no double can hold (9e999). Boost.JSON reads them as an infinity, or as NaN, and would write them
// as a word that is no JSON.
bool is_within_doubles(const boost::json::value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* array = value.if_array()) return std::all_of(array->begin(), array->end(), is_within_doubles);
  if (const auto* object = value.if_object()) {
    return std::all_of(object->begin(), object->end(),
                       [](const auto& member) { return is_within_doubles(member.value()); });
  }
  return true;
}

void read_success(Report& report, const Pod& pod, const ContainerState& ended) {
  report.state = StepState::succeeded;
  if (ended.message.empty()) return;
  boost::system::error_code error;
  auto result = boost::json::parse(ended.message, error);
  if (error && ended.message.size() >= longest_termination_message(pod)) {
    fail(report, reason::invalid_result,
         "The step ended with exit code 0, but what it wrote to STEPOP_RESULT_PATH is longer than the " +
             std::to_string(longest_termination_message(pod)) + " bytes that Kubernetes keeps");
    return;
  }
  if (error) {
    fail(report, reason::invalid_result,
         "The step ended with exit code 0, but what it wrote to STEPOP_RESULT_PATH is not JSON: " + error.message());
    return;
  }
  if (!is_within_doubles(result)) {
    fail(report, reason::invalid_result,
         "The step ended with exit code 0, but what it wrote to STEPOP_RESULT_PATH holds a number beyond a double's "
         "range");
    return;
  }
  report.result = std::move(result);
}

void read_out_of_memory(Report& report, const Pod& pod) {
  const auto limit = memory_limit(pod);
  // The signal may have met a child, and the command made of it what it would.
  const bool command_itself = report.exit_code == 128 + SIGKILL;
  const std::string killed = command_itself ? "The kernel killed the step" : "The kernel killed a process of the step";
  fail(report, reason::out_of_memory,
       killed + (limit.empty() ? ": it ran out of memory" : ": it used more than its memory limit of " + limit));
  if (!limit.empty()) {
    report.hint = "Raise pod_settings.resources.limits.memory above " + limit + ", or make the step use less.";
  }
}

// The main container terminated.
void read_container_end(Report& report, const Pod& pod, const ContainerState& ended) {
  if (ended.reason == "ContainerStatusUnknown") {
    // Its 137 is the kubelet's filler, never the step's exit code.
    fail(report, pod.reason.empty() ? reason::node_lost : reason::node_rejected,
         "The node cannot tell how the container ended: " + ended.message);
    return;
  }
  if (ended.reason == "StartError" || ended.reason == "ContainerCannotRun") {
    fail(report, reason::cannot_run, "The container could not be started: " + ended.message);
    return;
  }
  report.exit_code = ended.exit_code;
  // The runtime says OOMKilled of whatever the kernel killed in it, also of a child whose end the command could take.
  if (ended.exit_code == 0) return read_success(report, pod, ended);
  if (ended.reason == "OOMKilled") return read_out_of_memory(report, pod);
  fail(report, reason::non_zero_exit,
       ended.message.empty() ? exit_words(ended.exit_code) : exit_words(ended.exit_code) + ": " + ended.message);
  // A runtime that is short of time loses the kernel's word (containerd 1.6, seen on a crowded node).
  if (const auto limit = memory_limit(pod); ended.exit_code == 128 + SIGKILL && !limit.empty()) {
    report.hint += " It may have gone beyond its memory limit of " + limit + ": a crowded node does not always say so.";
  }
}

const kube::ContainerStatus* failed_init_container(const Pod& pod) {
  for (const auto& init : pod.init_container_statuses) {
    if (init.state.kind == ContainerState::Kind::Terminated && init.state.exit_code != 0) return &init;
  }
  return nullptr;
}

// The pod failed as a whole: the node or the control plane says why.
bool read_pod_failure(Report& report, const Pod& pod) {
  const auto words = pod.message.empty() ? pod.reason : pod.message;
  if (pod.reason == "DeadlineExceeded") {
    fail(report, reason::deadline_exceeded, words);
    return true;
  }
  // A kubelet that rejects a pod, a running one of before its own restart included, begins its message so
  // (kubelet.go, rejectPod), whatever reason it gives.
  if (pod.message.starts_with("Pod was rejected")) {
    fail(report, reason::node_rejected, words);
    return true;
  }
  if (const auto disruption = disruption_of(pod)) {
    fail(report, disruption->reason, pod.message.empty() ? disruption->message : pod.message);
    return true;
  }
  if (pod.reason == "Evicted") {
    fail(report, reason::evicted, words);
    return true;
  }
  if (pod.reason == "NodeLost" || pod.reason == "Terminated" || pod.reason == "NodeShutdown") {
    fail(report, reason::node_lost, words);
    return true;
  }
  if (pod.reason == "Preempting") {
    fail(report, reason::preempted, words);
    return true;
  }
  if (!pod.reason.empty() && !main_ended(pod)) {
    // OutOfcpu, OutOfpods, NodeAffinity, UnexpectedAdmissionError, …
    fail(report, reason::node_rejected, pod.reason + ": " + pod.message);
    return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(StepState state) {
  switch (state) {
    case StepState::accepted:
      return "accepted";
    case StepState::pending:
      return "pending";
    case StepState::running:
      return "running";
    case StepState::succeeded:
      return "succeeded";
    case StepState::failed:
      return "failed";
    case StepState::cancelled:
      return "cancelled";
    case StepState::lost:
      return "lost";
  }
  return "";
}

std::string_view to_string(UserCodeRan ran) {
  switch (ran) {
    case UserCodeRan::no:
      return "no";
    case UserCodeRan::maybe:
      return "maybe";
    case UserCodeRan::yes:
      return "yes";
  }
  return "";
}

const std::vector<std::string_view>& all_reasons() {
  using namespace reason;
  static const std::vector<std::string_view> reasons{invalid_request,
                                                     conflict,
                                                     forbidden,
                                                     namespace_missing,
                                                     namespace_terminating,
                                                     quota_exceeded,
                                                     admission_denied,
                                                     cluster_unavailable,
                                                     unschedulable,
                                                     image_pull,
                                                     invalid_image_name,
                                                     container_config,
                                                     start_timeout,
                                                     init_container_failed,
                                                     cannot_run,
                                                     non_zero_exit,
                                                     out_of_memory,
                                                     evicted,
                                                     preempted,
                                                     node_lost,
                                                     node_rejected,
                                                     deadline_exceeded,
                                                     deleted,
                                                     invalid_result,
                                                     workload_vanished};
  return reasons;
}

std::string_view reason_of_waiting(std::string_view waiting_reason) {
  const auto found = look_up(waiting_words, waiting_reason);
  return found.empty() ? reason::start_timeout : found;
}

std::optional<Disruption> disruption_of(const Pod& pod) {
  const auto* condition = pod.condition("DisruptionTarget");
  if (!condition || condition->status != "True") return std::nullopt;
  auto why = look_up(disruption_words, condition->reason);
  // A disruption by a word that is newer than this code is an eviction of some kind.
  if (why.empty()) why = reason::evicted;
  // Tolerations run out on a node that is silent, and on one that somebody tainted. From one that tells how the pod ended,
  // it was evicted.
  if (condition->reason == "DeletionByTaintManager" && kubelet_confirmed_end(pod)) why = reason::evicted;
  return Disruption{why, condition->message.empty() ? condition->reason : condition->message};
}

bool may_turn_out_to_be_memory(const Pod& pod) {
  const auto* main = pod.container_status(main_container);
  return main && main_ended(pod) && main->state.exit_code == 128 + SIGKILL && main->state.reason == "Error" &&
         pod.reason.empty() && !pod.metadata.deletion_timestamp && !disruption_of(pod);
}

bool kubelet_confirmed_end(const Pod& pod) {
  if (main_ended(pod) || main_could_not_start(pod)) return true;
  if (pod.phase != PodPhase::Succeeded && pod.phase != PodPhase::Failed) return false;
  const auto* condition = pod.condition("DisruptionTarget");
  const bool by_garbage_collector = condition && condition->status == "True" && condition->reason == "DeletionByPodGC";
  return !by_garbage_collector && pod.reason != "NodeLost";
}

bool node_is_silent(const Pod& pod) {
  const auto* ready = pod.condition("Ready");
  const auto* containers_ready = pod.condition("ContainersReady");
  const auto* main = main_state(pod);
  return ready && ready->status == "False" && ready->reason.empty() && containers_ready &&
         containers_ready->status == "True" && main && main->kind == ContainerState::Kind::Running;
}

Place place_of(const Pod& pod) {
  return {pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid, pod.node_name};
}

bool main_ended(const Pod& pod) {
  const auto* main = main_state(pod);
  return main && main->kind == ContainerState::Kind::Terminated && really_started(*main);
}

bool has_ended(const Pod& pod) {
  if (pod.phase == PodPhase::Succeeded || pod.phase == PodPhase::Failed) return true;
  // Sidecars may run on; the step is its main container.
  return main_ended(pod) || main_could_not_start(pod);
}

bool misses_own_secret(const Pod& pod) {
  // kubelet, kuberuntime_container.go: the API's NotFound, as its cache of Secrets makes it.
  const auto words = "secret \"" + pod.metadata.name + "\" not found";
  const auto misses = [&](const kube::ContainerStatus& container) {
    const auto& state = container.state;
    return state.kind == ContainerState::Kind::Waiting && state.reason == "CreateContainerConfigError" &&
           state.message.find(words) != std::string::npos;
  };
  return std::any_of(pod.init_container_statuses.begin(), pod.init_container_statuses.end(), misses) ||
         std::any_of(pod.container_statuses.begin(), pod.container_statuses.end(), misses);
}

Progress read_progress(const Pod& pod) {
  Progress progress;
  if (const auto* main = main_state(pod)) {
    if (main->kind == ContainerState::Kind::Running) {
      progress.state = StepState::running;
      return progress;
    }
  }
  if (const auto* scheduled = pod.condition("PodScheduled"); scheduled && scheduled->status == "False") {
    progress.reason = reason::unschedulable;
    progress.message = scheduled->message;
    progress.hint = hint_for(reason::unschedulable, progress.message);
    return progress;
  }
  const auto waits = [&](const kube::ContainerStatus& container) {
    const auto& state = container.state;
    if (state.kind != ContainerState::Kind::Waiting) return false;
    const auto why = look_up(waiting_words, state.reason);
    if (why.empty()) return false;
    progress.waiting_reason = state.reason;
    progress.reason = why;
    progress.message = state.message.empty() ? state.reason : state.message;
    const auto& last = container.last_state;
    if (why == reason::init_container_failed && last.kind == ContainerState::Kind::Terminated) {
      progress.message = "Container " + container.name + " ends again and again, last with " + last.reason +
                         " (exit code " + std::to_string(last.exit_code) + ")";
    }
    progress.hint = hint_for(why, progress.message);
    return true;
  };
  for (const auto& init : pod.init_container_statuses) {
    if (waits(init)) return progress;
  }
  for (const auto& container : pod.container_statuses) {
    if (waits(container)) return progress;
  }
  return progress;
}

bool is_silently_starting(const Pod& pod) {
  if (pod.node_name.empty() || pod.metadata.deletion_timestamp || has_ended(pod)) return false;
  const auto has_begun = [](const kube::ContainerStatus& container) {
    const auto kind = container.state.kind;
    return kind == ContainerState::Kind::Running || kind == ContainerState::Kind::Terminated;
  };
  return std::none_of(pod.container_statuses.begin(), pod.container_statuses.end(), has_begun) &&
         std::none_of(pod.init_container_statuses.begin(), pod.init_container_statuses.end(), has_begun) &&
         read_progress(pod).waiting_reason.empty();
}

namespace {

Report read_any_end(const Pod& pod, UserCodeRan ran, bool rejected) {
  Report report;
  report.place = place_of(pod);
  report.user_code_ran = ran;
  const auto* main = main_state(pod);
  if (main && really_started(*main)) {
    report.started_at = main->started_at;
    report.finished_at = main->finished_at;
  }
  const bool disrupted = disruption_of(pod).has_value();
  // A main container that completed before anything disturbed the pod has completed, whatever the pod says later.
  const bool completed = main_ended(pod) && !disrupted && pod.reason.empty() && !rejected;
  if (!completed && read_pod_failure(report, pod)) {
    if (main_ended(pod) && main->reason != "ContainerStatusUnknown") report.exit_code = main->exit_code;
    return report;
  }
  if (rejected && main_ended(pod) && main->exit_code != 0) {
    fail(report, reason::node_rejected, "The node's kubelet was restarted, and stopped the pod");
    report.exit_code = main->exit_code;
    return report;
  }
  if (main && main->kind == ContainerState::Kind::Terminated) {
    read_container_end(report, pod, *main);
    return report;
  }
  if (const auto* init = failed_init_container(pod)) {
    fail(report, reason::init_container_failed,
         "Init container " + init->name + " ended with exit code " + std::to_string(init->state.exit_code) +
             (init->state.message.empty() ? "" : ": " + init->state.message));
    report.hint = "Look at the log of the init container " + init->name + ".";
    return report;
  }
  if (pod.phase == PodPhase::Succeeded) {
    // The API says so and no container status is left to read a result from.
    report.state = StepState::succeeded;
    return report;
  }
  fail(report, reason::node_rejected, pod.message.empty() ? "The pod failed, and nothing says why" : pod.message);
  return report;
}

}  // namespace

namespace {

template <class Known>
Report read_end_with(const Pod& pod, const Known& evidence) {
  Report report = read_any_end(pod, evidence.after_final_status(pod), evidence.rejected());
  // What the statuses lack, the success proves: it cannot be that nothing ran.
  if (report.state == StepState::succeeded) report.user_code_ran = std::max(report.user_code_ran, UserCodeRan::maybe);
  return report;
}

}  // namespace

Report read_end(const Pod& pod, const Evidence& evidence) {
  return read_end_with(pod, evidence);
}

Report read_end(const Pod& pod, const WorkloadEvidence& evidence) {
  return read_end_with(pod, evidence);
}

}  // namespace stepop::lifecycle
