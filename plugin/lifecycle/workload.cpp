#include "lifecycle/workload.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "lifecycle/reading.hpp"

namespace stepop::lifecycle {
namespace {

using kube::Pod;
using kube::PodPhase;

std::uint64_t version_of(const Pod& pod) {
  const auto& text = pod.metadata.resource_version;
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_true(const Pod& job, std::string_view type) {
  const auto* condition = job.condition(type);
  return condition && condition->status == "True";
}

// Also when it was stopped, and its code then exited with 0: it did not finish.
bool ended_badly(const JobView::Part& part) {
  const auto& pod = part.pod;
  if (!has_ended(pod)) return false;
  if (pod.phase == PodPhase::Failed) return true;
  const auto* main = pod.container_status(main_container);
  const bool stopped = pod.metadata.deletion_timestamp && !part.completed;
  return main_ended(pod) ? stopped || main->state.exit_code != 0 : pod.phase != PodPhase::Succeeded;
}

// What the controller stops for another's failure is deleted, and disrupted by nobody; and so is what somebody deletes.
bool was_stopped(const JobView::Part& part) {
  return part.pod.metadata.deletion_timestamp && !part.completed && !disruption_of(part.pod);
}

bool failed_by_itself(const JobView::Part& part) {
  return ended_badly(part) && !was_stopped(part);
}

// It was deleted before it had a node, so no kubelet ever had it.
bool was_never_bound(const JobView::Part& part) {
  return part.gone && part.whole && part.pod.node_name.empty();
}

bool is_started(const Pod& pod) {
  const auto* main = pod.container_status(main_container);
  return main && really_started(main->state);
}

// Its failure was there before the other's.
bool came_before(const JobView::Part& one, const JobView::Part& other) {
  if (was_stopped(one) != was_stopped(other)) return was_stopped(other);
  const auto ended = [](const JobView::Part& part) -> std::optional<kube::Timestamp> {
    const auto* main = part.pod.container_status(main_container);
    return main ? main->state.finished_at : std::nullopt;
  };
  const auto first = ended(one), second = ended(other);
  return first && second && *first < *second;
}

bool is_newer(const JobView::Part& one, const JobView::Part& than) {
  const auto& made = one.pod.metadata.creation_timestamp;
  const auto& other = than.pod.metadata.creation_timestamp;
  if (made && other && *made != *other) return *made > *other;
  return !one.gone && than.gone;  // the controller makes the next one when one is gone
}

}  // namespace

std::string job_of(const Pod& pod) {
  for (const auto& owner : pod.metadata.owner_references) {
    if (owner.controller && owner.kind == "Job") return owner.uid;
  }
  return {};
}

std::uint32_t completion_index(const Pod& pod) {
  const auto text = pod.metadata.labels.get("batch.kubernetes.io/job-completion-index");
  std::uint32_t index = 0;
  std::from_chars(text.data(), text.data() + text.size(), index);
  return index;
}

bool JobView::see_job(Pod job, bool listed) {
  if (job_ && !listed && version_of(job) < version_of(*job_)) return false;
  job_ = std::move(job);
  return true;
}

bool JobView::see_pod(Pod pod, bool listed) {
  auto known = std::find_if(parts_.begin(), parts_.end(),
                            [&](const Part& part) { return part.pod.metadata.uid == pod.metadata.uid; });
  const auto note = [](Part& part) {
    part.completed = part.completed || (has_ended(part.pod) && !part.pod.metadata.deletion_timestamp);
  };
  if (known == parts_.end()) {
    note(parts_.emplace_back(Part{completion_index(pod), std::move(pod)}));
    return true;
  }
  if (!listed && known->whole) return false;
  const bool is_back = std::exchange(known->gone, false);  // a list that was behind did not have it
  known->whole = false;
  if (!listed && version_of(pod) < version_of(known->pod)) return is_back;
  known->pod = std::move(pod);
  note(*known);
  return true;
}

void JobView::lose_pod(const std::string& uid, std::optional<Pod> last) {
  for (auto& part : parts_) {
    if (part.pod.metadata.uid != uid) continue;
    // One that only lost its labels is still there; the Job tells how it ended.
    part.whole = last && last->metadata.deletion_timestamp;
    part.gone = !last || part.whole;
    if (last) part.pod = std::move(*last);
  }
}

void JobView::list_pods(std::vector<Pod> pods) {
  for (auto& part : parts_) {
    part.gone = std::none_of(pods.begin(), pods.end(),
                             [&](const Pod& pod) { return pod.metadata.uid == part.pod.metadata.uid; });
  }
  for (auto& pod : pods) see_pod(std::move(pod), true);
}

std::vector<const JobView::Part*> JobView::newest() const {
  std::vector<const Part*> found;
  for (const auto& part : parts_) {
    const auto same = std::find_if(found.begin(), found.end(), [&](const Part* p) { return p->index == part.index; });
    if (same == found.end()) {
      found.push_back(&part);
    } else if (is_newer(part, **same)) {
      *same = &part;
    }
  }
  std::sort(found.begin(), found.end(), [](const Part* a, const Part* b) { return a->index < b->index; });
  return found;
}

std::size_t JobView::expected() const {
  return job_ && job_->completions ? static_cast<std::size_t>(std::max<std::int64_t>(*job_->completions, 1)) : 1;
}

const JobView::Part* JobView::leading_part() const {
  const auto found = newest();
  const Part* first_bad = nullptr;
  for (const auto* part : found) {
    if (ended_badly(*part) && (!first_bad || came_before(*part, *first_bad))) first_bad = part;
  }
  if (first_bad) return first_bad;
  return found.empty() ? nullptr : found.front();
}

const Pod* JobView::leading() const {
  const auto* part = leading_part();
  return part ? &part->pod : nullptr;
}

bool JobView::is_over() const {
  return job_ && (is_true(*job_, "Complete") || is_true(*job_, "Failed"));
}

// "Jobs", Terminal Job conditions: the controller makes no more pods, and stops what runs still.
bool JobView::is_decided() const {
  return is_over() || (job_ && (is_true(*job_, "FailureTarget") || is_true(*job_, "SuccessCriteriaMet")));
}

// Nor while it is being deleted ("Garbage Collection", Foreground cascading deletion).
bool JobView::makes_no_more() const {
  return is_decided() || job_->metadata.deletion_timestamp;
}

bool JobView::may_make_more() const {
  return !makes_no_more() && newest().size() < expected();
}

bool JobView::has_living_pods() const {
  const auto found = newest();
  return std::any_of(found.begin(), found.end(), [](const Part* part) { return !part->gone && !has_ended(part->pod); });
}

bool JobView::all_stopped() const {
  const auto found = newest();
  return found.size() >= expected() && std::all_of(found.begin(), found.end(), [](const Part* part) {
           return was_never_bound(*part) || (has_ended(part->pod) && kubelet_confirmed_end(part->pod));
         });
}

const JobView::Part* JobView::shown() const {
  const auto found = newest();
  const bool failed = std::any_of(found.begin(), found.end(), [](const Part* part) { return ended_badly(*part); });
  const bool by_itself = failed && failed_by_itself(*leading_part());
  const bool no_more = makes_no_more();
  bool missing = found.size() < expected();  // one is still to come, or never will
  const Part* waited_for = nullptr;
  const Part* unseen = nullptr;
  for (const auto* part : found) {
    if (has_ended(part->pod)) continue;
    if (!part->gone) {
      if (!waited_for || (is_started(waited_for->pod) && !is_started(part->pod))) waited_for = part;
    } else if (!no_more || was_never_bound(*part)) {
      missing = true;
    } else if (!unseen) {
      unseen = part;
    }
  }
  if (waited_for && (failed || no_more || !missing || !is_started(waited_for->pod))) return waited_for;
  // One that failed by itself ends the whole, however the others were stopped for it, or never made.
  if (unseen && !(by_itself && is_over())) return unseen;
  return missing && !by_itself ? nullptr : leading_part();
}

const Pod* JobView::pod_shown() const {
  const auto* part = shown();
  return part ? &part->pod : nullptr;
}

std::optional<std::uint32_t> JobView::index_shown() const {
  const auto* part = shown();
  return part && expected() > 1 ? std::optional(part->index) : std::nullopt;
}

Pod JobView::as_one() const {
  Pod one;
  const auto* part = shown();
  if (part) one = part->pod;
  const bool completed = part && part->completed;
  const auto deletion = completed ? std::nullopt : one.metadata.deletion_timestamp;
  const auto grace = completed ? std::nullopt : one.metadata.deletion_grace_seconds;
  one.metadata = job_->metadata;
  if (deletion || has_ended(one)) {
    one.metadata.deletion_timestamp = deletion;
    one.metadata.deletion_grace_seconds = grace;
  } else {
    one.metadata.deletion_grace_seconds.reset();  // of the Job's own deletion: its pods have theirs
  }
  if (part) return one;

  one.phase = PodPhase::Pending;
  if (job_->suspended) {
    const auto* condition = job_->condition("Suspended");
    const auto words = condition && !condition->message.empty() ? condition->message : std::string();
    one.conditions = {{"PodScheduled", "False", "Suspended", "The Job is suspended: " + words, {}}};
  }
  return one;
}

void WorkloadEvidence::observe(const Pod& whole, const std::optional<JobView>& job) {
  is_job_ = job.has_value();
  if (!is_job_) return pod_.observe(whole);
  expected_ = job->expected();
  for (const auto& seen : job->parts()) {
    const auto known = std::find_if(parts_.begin(), parts_.end(),
                                    [&](const Part& part) { return part.last.metadata.uid == seen.pod.metadata.uid; });
    auto& part = known == parts_.end() ? parts_.emplace_back() : *known;
    // Nothing new is no look at it.
    if (part.last.metadata.resource_version == seen.pod.metadata.resource_version) continue;
    part.evidence.observe(seen.pod);
    part.last = seen.pod;
  }
  const auto* leading = job->leading();
  leading_ = leading ? leading->metadata.uid : std::string();
}

void WorkloadEvidence::gap() {
  pod_.gap();
  for (auto& part : parts_) part.evidence.gap();
}

void WorkloadEvidence::still_there() {
  pod_.still_there();
  for (auto& part : parts_) part.evidence.still_there();
}

bool WorkloadEvidence::main_started() const {
  return is_job_ ? std::any_of(parts_.begin(), parts_.end(), [](const Part& p) { return p.evidence.main_started(); })
                 : pod_.main_started();
}

bool WorkloadEvidence::all_started() const {
  if (!is_job_) return pod_.main_started();
  std::set<std::uint32_t> started;
  for (const auto& part : parts_) {
    if (part.evidence.main_started()) started.insert(completion_index(part.last));
  }
  return started.size() >= expected_;
}

bool WorkloadEvidence::rejected() const {
  if (!is_job_) return pod_.rejected();
  return std::any_of(parts_.begin(), parts_.end(),
                     [&](const Part& part) { return part.last.metadata.uid == leading_ && part.evidence.rejected(); });
}

bool WorkloadEvidence::unseen_since_gap() const {
  return is_job_
             ? std::any_of(parts_.begin(), parts_.end(), [](const Part& p) { return p.evidence.unseen_since_gap(); })
             : pod_.unseen_since_gap();
}

UserCodeRan WorkloadEvidence::after_final_status(const Pod& last) const {
  if (!is_job_) return pod_.after_final_status(last);
  // What an earlier one, which is gone, has done is not known either.
  auto most = of_the_unseen();
  for (const auto& part : parts_) {
    const bool confirmed = has_ended(part.last) && kubelet_confirmed_end(part.last);
    most = std::max(most, confirmed ? part.evidence.after_final_status(part.last) : part.evidence.so_far());
  }
  return most;
}

UserCodeRan WorkloadEvidence::after_vanishing(const Pod& last, bool whole) const {
  if (!is_job_) return pod_.after_vanishing(last, whole);
  // The two watches are not in step: that the Job is gone says nothing of what its pods did last.
  return std::max(UserCodeRan::maybe, so_far());
}

// A pod that was not seen may not have been made yet, or was there, has run and was removed.
UserCodeRan WorkloadEvidence::of_the_unseen() const {
  std::set<std::uint32_t> seen;
  for (const auto& part : parts_) seen.insert(completion_index(part.last));
  return seen.size() < expected_ ? UserCodeRan::maybe : UserCodeRan::no;
}

UserCodeRan WorkloadEvidence::so_far() const {
  if (!is_job_) return pod_.so_far();
  auto most = of_the_unseen();
  for (const auto& part : parts_) most = std::max(most, part.evidence.so_far());
  return most;
}

}  // namespace stepop::lifecycle
