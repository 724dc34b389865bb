#include "job_controller.hpp"

#include <algorithm>

#include "nodes.hpp"

namespace stepop::simulation {
namespace {

using kube::PodPhase;

constexpr const char* tracking_finalizer = "batch.kubernetes.io/job-tracking";

bool is_true(const kube::Pod& job, const char* type) {
  const auto* condition = job.condition(type);
  return condition && condition->status == "True";
}

bool is_over(const PodRecord& pod) {
  return pod.object.phase == PodPhase::Succeeded || pod.object.phase == PodPhase::Failed;
}

bool exists(const PodRecord* pod) {
  return pod->exists;
}

}  // namespace

JobController::JobController(Agenda& agenda, ApiServer& api, Trace& trace)
    : agenda_(agenda), api_(api), trace_(trace) {}

void JobController::say(const JobRecord& job, const char* what) {
  if (trace_.wanted()) trace_.say("job " + job.object.metadata.name + " (" + job.object.metadata.uid + "): " + what);
}

// As late as a controller that has much to do, or whose pods a quota keeps from being made.
void JobController::on_changed(JobRecord& job) {
  auto& random = job.random;
  if (!job.sync_planned) {
    job.sync_planned = true;
    const bool all_made = job.pods.size() == job.completions;
    const auto latest = !random.chance(10) ? milliseconds(100) : all_made ? seconds(3) : seconds(30);
    agenda_.in(random.between(milliseconds(1), latest), *this, sync, job.number);
  }
  if (!job.collect_planned && (!job.exists || job.object.metadata.deletion_timestamp)) {
    job.collect_planned = true;
    agenda_.in(random.between(milliseconds(1), random.chance(20) ? seconds(10) : milliseconds(200)), *this, collect,
               job.number);
  }
}

void JobController::on_event(const Event& event) {
  auto& job = api_.jobs()[event.a];
  switch (static_cast<What>(event.what)) {
    case sync:
      job.sync_planned = false;
      return sync_job(job);
    case collect:
      job.collect_planned = false;
      return collect_of(job);
    case expire:
      if (!job.exists || job.object.metadata.deletion_timestamp) return;
      say(job, "its time after its end is over");
      return api_.remove(job, Propagation::foreground, Asker::cluster);
  }
}

bool JobController::write_condition(JobRecord& job, const char* type, const char* reason, const char* message) {
  if (is_true(job.object, type)) return false;
  set_condition(job.object, type, "True", reason, message);
  say(job, type);
  api_.publish(job);
  return true;
}

// syncJob: first the condition that no more pods come, with which those that run are deleted; then the finalizers of the pods that
// were counted, and when none is left that runs, the condition that it is over. Each write brings the next look.
void JobController::sync_job(JobRecord& job) {
  const auto drop_finalizers = [&](auto&& of_those) {
    for (auto* pod : job.pods) {
      if (pod->exists && of_those(*pod)) api_.drop_finalizer(*pod);
    }
  };
  const auto each = [](const PodRecord&) { return true; };
  // A pod without its Job is nobody's; what has finished counts no more.
  if (!job.exists || is_true(job.object, "Failed") || is_true(job.object, "Complete")) return drop_finalizers(each);
  const bool deleting = job.object.metadata.deletion_timestamp.has_value();
  const auto count = [&](PodPhase phase) {
    return std::count_if(job.pods.begin(), job.pods.end(), [&](const auto* pod) { return pod->object.phase == phase; });
  };
  const bool failed = count(PodPhase::Failed) > 0;
  const bool succeeded = count(PodPhase::Succeeded) == static_cast<std::ptrdiff_t>(job.completions);
  if (!failed && !deleting && !create_pods(job)) return on_changed(job);
  if (failed && !is_true(job.object, "FailureTarget")) {
    for (auto* pod : job.pods) {
      if (!pod->exists || is_over(*pod) || pod->object.metadata.deletion_timestamp) continue;
      api_.remove(*pod, std::nullopt, Asker::cluster);
    }
    write_condition(job, "FailureTarget", "BackoffLimitExceeded", "Job has reached the specified limit");
    return;
  }
  if (succeeded && write_condition(job, "SuccessCriteriaMet", "CompletionsReached", "")) return;
  drop_finalizers([&](const PodRecord& pod) { return deleting || failed || is_over(pod); });
  if (!failed && !succeeded) return;
  const bool all_over =
      std::all_of(job.pods.begin(), job.pods.end(), [](const auto* pod) { return !pod->exists || is_over(*pod); });
  if (!all_over) return;
  failed ? write_condition(job, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
         : write_condition(job, "Complete", "CompletionsReached", "");
  // `ttlSecondsAfterFinished`, where its step asks for it.
  if (job.random.chance(30)) agenda_.in(job.random.between(seconds(10), seconds(600)), *this, expire, job.number);
}

// A quota may keep some from being made for a while.
bool JobController::create_pods(JobRecord& job) {
  for (std::uint32_t index = 0; index < job.completions; ++index) {
    const auto is_it = [&](const PodRecord* pod) { return pod->index == index; };
    if (std::any_of(job.pods.begin(), job.pods.end(), is_it)) continue;
    if (index > 0 && job.random.chance(20)) return false;
    create_pod(job, index);
  }
  return true;
}

void JobController::create_pod(JobRecord& job, std::uint32_t index) {
  kube::Pod pod;
  pod.metadata.name = job.object.metadata.name + "-" + std::to_string(index) + "-x";
  pod.metadata.labels = job.pod_metadata.labels;
  pod.metadata.annotations = job.pod_metadata.annotations;
  if (job.completions > 1) pod.metadata.labels.set("batch.kubernetes.io/job-completion-index", std::to_string(index));
  pod.metadata.owner_references = {{"Job", job.object.metadata.name, job.object.metadata.uid, true}};
  pod.metadata.finalizers = {tracking_finalizer};
  api_.create_pod_of(job, index, std::move(pod));
}

// In the foreground the pods first; else they are found without their owner.
void JobController::collect_of(JobRecord& job) {
  for (auto* pod : job.pods) {
    if (!pod->exists || pod->object.metadata.deletion_timestamp) continue;
    if (trace_.wanted()) trace_.say("pod " + pod->object.metadata.name + " goes with its Job");
    api_.remove(*pod, std::nullopt, job.first_delete);
  }
  if (job.exists && std::none_of(job.pods.begin(), job.pods.end(), exists)) {
    say(job, "is removed");
    api_.erase(job);
  }
}

}  // namespace stepop::simulation
