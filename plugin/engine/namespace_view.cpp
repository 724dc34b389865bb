#include "engine/namespace_view.hpp"

#include <algorithm>

namespace stepop::engine {
namespace {

std::string step_of(const kube::Pod& object) {
  return std::string(object.metadata.labels.get(manifest::label::step));
}

// An API server that has just started refuses for 0.1 s what it will allow; so many tries in a row take longer.
constexpr int refusals_believed = 4;

Workload workload_of(const lifecycle::JobView& job) {
  return {job.as_one(), job};
}

}  // namespace

NamespaceView::NamespaceView(kube::WatchFactory watches, std::string namespace_, std::string selector,
                             std::uint64_t seed, Listener listener)
    : watches_(std::move(watches)), listener_(std::move(listener)) {
  options_.namespace_ = std::move(namespace_);
  options_.label_selector = std::move(selector);
  options_.random_seed = seed;
  pod_watch_ = watch(Resource::Pods);
}

std::unique_ptr<kube::Watch> NamespaceView::watch(Resource resource) {
  auto options = options_;
  options.resource = resource;
  auto made =
      watches_(std::move(options), [this, resource](kube::WatchNotice notice) { hear(resource, std::move(notice)); });
  made->start();
  return made;
}

void NamespaceView::follow_jobs(bool needed) {
  jobs_needed_ = jobs_needed_ || needed;
  if (job_watch_) return;
  jobs_refused_ = false;
  job_watch_ = watch(Resource::Jobs);
  for (const auto& [uid, kept] : pods_) {
    if (const auto job = job_of(kept.pod); !job.empty()) {
      jobs_[job].step = kept.step;
      jobs_[job].view.see_pod(kept.pod, true);
    }
  }
}

std::string NamespaceView::job_of(const kube::Pod& pod) const {
  return job_watch_ ? lifecycle::job_of(pod) : std::string();
}

void NamespaceView::hear(Resource resource, kube::WatchNotice notice) {
  if (auto* applied = std::get_if<kube::PodApplied>(&notice)) {
    resource == Resource::Jobs ? apply_job(std::move(applied->pod)) : apply_pod(std::move(applied->pod));
  } else if (auto* removed = std::get_if<kube::PodRemoved>(&notice)) {
    resource == Resource::Jobs ? remove_job(*removed) : remove_pod(*removed);
  } else if (std::holds_alternative<kube::RelistBegan>(notice)) {
    listener_.gap(resource);
  } else if (std::holds_alternative<kube::Synced>(notice)) {
    if (resource == Resource::Jobs) jobs_refused_ = false;
    listener_.synced(resource);
  } else if (auto* trouble = std::get_if<kube::WatchTrouble>(&notice)) {
    const bool refused = trouble->kind == kube::WatchTrouble::Kind::Forbidden;
    if (resource == Resource::Jobs) jobs_refused_ = refused && trouble->failures >= refusals_believed;
    const bool in_vain = resource == Resource::Jobs && jobs_refused_ && !jobs_needed_;
    if (resource == Resource::Pods || jobs_needed_ || in_vain) listener_.trouble(resource, *trouble);
    if (in_vain && !jobs_needed_) job_watch_.reset();  // we are its consumer, which may do so
  }
  // Unsynced: nobody decides on it; deadlines ask for a fresh view by themselves.
}

void NamespaceView::apply_pod(kube::Pod pod) {
  const auto& meta = pod.metadata;
  const auto step = step_of(pod);
  if (const auto known = pods_.find(meta.uid); known != pods_.end() && known->second.step != step) {
    // Somebody has changed its label: its step will not hear of it here any more, and must know that.
    remove_pod({meta.namespace_, meta.name, meta.uid, std::nullopt});
  }
  if (step.empty()) return;
  pods_[meta.uid] = {step, pod};
  uids_of_[step].insert(meta.uid);
  listener_.pod_applied(step, pod);
  const auto job = job_of(pod);
  if (job.empty()) {
    listener_.applied(step, {std::move(pod), std::nullopt});
    return;
  }
  auto& of_job = jobs_[job];
  if (of_job.step.empty()) of_job.step = step;
  // A list, and what is watched from it on, may be older than what was seen before.
  if (of_job.view.see_pod(std::move(pod), !pod_watch_->unbroken()) && jobs_held_.contains(job)) tell(of_job);
}

void NamespaceView::remove_pod(const kube::PodRemoved& removed) {
  const auto known = pods_.find(removed.uid);
  if (known == pods_.end()) return;
  const auto kept = std::move(known->second);
  pods_.erase(known);
  drop(kept.step, removed.uid);
  listener_.pod_removed(kept.step, removed);
  const auto job = job_of(kept.pod);
  if (job.empty()) {
    std::optional<Workload> last;
    if (removed.last) last = Workload{*removed.last, std::nullopt};
    listener_.removed(kept.step, removed.uid, std::move(last));
    return;
  }
  const auto of_job = jobs_.find(job);
  if (of_job == jobs_.end()) return;
  of_job->second.view.lose_pod(removed.uid, removed.last);
  if (jobs_held_.contains(job)) {
    tell(of_job->second);
  } else if (const auto& parts = of_job->second.view.parts();
             std::all_of(parts.begin(), parts.end(), [](const auto& part) { return part.gone; })) {
    jobs_.erase(of_job);
  }
}

void NamespaceView::apply_job(kube::Pod job) {
  const auto uid = job.metadata.uid;
  const auto step = step_of(job);
  if (const auto known = jobs_held_.find(uid); known != jobs_held_.end() && known->second != step) {
    remove_job({job.metadata.namespace_, job.metadata.name, uid, std::nullopt});
  }
  if (step.empty()) return;
  jobs_held_[uid] = step;
  uids_of_[step].insert(uid);
  auto& kept = jobs_[uid];
  kept.step = step;
  kept.view.see_job(std::move(job), true);
  tell(kept);
}

void NamespaceView::remove_job(const kube::PodRemoved& removed) {
  if (jobs_held_.erase(removed.uid) == 0) return;
  const auto found = jobs_.find(removed.uid);
  if (removed.last) found->second.view.see_job(*removed.last, true);
  const auto kept = std::move(found->second);
  jobs_.erase(found);
  drop(kept.step, removed.uid);
  std::optional<Workload> last;
  if (removed.last) last = workload_of(kept.view);
  listener_.removed(kept.step, removed.uid, std::move(last));
}

// The listener may change what is kept: it is handed its own view.
void NamespaceView::tell(const Job& job) {
  const auto step = job.step;
  listener_.applied(step, workload_of(job.view));
}

std::vector<std::pair<std::string, Workload>> NamespaceView::workloads() const {
  std::vector<std::pair<std::string, Workload>> found;
  for (const auto& [uid, kept] : pods_) {
    if (job_of(kept.pod).empty()) found.emplace_back(kept.step, Workload{kept.pod, std::nullopt});
  }
  for (const auto& [uid, step] : jobs_held_) found.emplace_back(step, workload_of(jobs_.at(uid).view));
  return found;
}

std::vector<Workload> NamespaceView::workloads_of(const std::string& step_hash) const {
  std::vector<Workload> found;
  const auto uids = uids_of_.find(step_hash);
  if (uids == uids_of_.end()) return found;
  for (const auto& uid : uids->second) {
    if (const auto pod = pods_.find(uid); pod == pods_.end()) {
      found.push_back(workload_of(jobs_.at(uid).view));
    } else if (job_of(pod->second.pod).empty()) {
      found.push_back({pod->second.pod, std::nullopt});
    }
  }
  return found;
}

Workload NamespaceView::with_answer(const std::string& step_hash, Resource kind, kube::Pod object) const {
  if (kind == Resource::Pods) return {std::move(object), std::nullopt};
  lifecycle::JobView job;
  if (const auto uids = uids_of_.find(step_hash);
      uids != uids_of_.end() && uids->second.contains(object.metadata.uid)) {
    job = jobs_.at(object.metadata.uid).view;
  }
  job.see_job(std::move(object));
  return workload_of(job);
}

void NamespaceView::drop(const std::string& step, const std::string& uid) {
  const auto uids = uids_of_.find(step);
  uids->second.erase(uid);
  if (uids->second.empty()) uids_of_.erase(uids);
}

std::optional<kube::Instant> NamespaceView::complete_as_of(Resource kind) const {
  const auto pods = pod_watch_->synced_since();
  if (kind == Resource::Pods || !pods) return pods;
  const auto jobs = job_watch_ ? job_watch_->synced_since() : std::nullopt;
  return jobs ? std::optional(std::min(*pods, *jobs)) : std::nullopt;
}

bool NamespaceView::unbroken(Resource kind) const {
  return pod_watch_->unbroken() && (kind == Resource::Pods || (job_watch_ && job_watch_->unbroken()));
}

void NamespaceView::stop() {
  pod_watch_->stop();
  if (job_watch_) job_watch_->stop();
}

}  // namespace stepop::engine
