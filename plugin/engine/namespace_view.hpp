#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kube/watch.hpp"
#include "lifecycle/workload.hpp"
#include "manifest/labels.hpp"

namespace stepop::engine {

// A bare pod, or a Job with its pods as one pod.
struct Workload {
  kube::Pod pod;
  std::optional<lifecycle::JobView> job;
};

// What one namespace holds of our owner's workloads: a watch of pods, from the first step that needs one of Jobs too, and the
// newest view of each workload, by step. A create asks here first. No I/O of its own: the watches do that. THREADS: the loop's.
class NamespaceView {
 public:
  using Resource = kube::Resource;

  // Everything is told on the loop, never from within a member of this class. `step_hash` is that of the object's label.
  struct Listener {
    std::function<void(const std::string& step_hash, const Workload&)> applied;
    // `last`: its last state, when that is known.
    std::function<void(const std::string& step_hash, const std::string& uid, std::optional<Workload> last)> removed;
    // Each pod as it is, a Job's too, and before what it makes of its workload.
    std::function<void(const std::string& step_hash, const kube::Pod&)> pod_applied;
    std::function<void(const std::string& step_hash, const kube::PodRemoved&)> pod_removed;
    std::function<void(Resource)> gap;
    std::function<void(Resource)> synced;
    std::function<void(Resource, const kube::WatchTrouble&)> trouble;
  };

  NamespaceView(kube::WatchFactory watches, std::string namespace_, std::string selector, std::uint64_t seed,
                Listener listener);

  // Idempotent. Before it, a Job's pod counts as a pod. `needed`: a step is a Job; else an account that may not follow Jobs is
  // left in peace.
  void follow_jobs(bool needed);

  std::vector<Workload> workloads_of(const std::string& step_hash) const;
  // What the answer to a call says, which is of the workload's own object alone.
  Workload with_answer(const std::string& step_hash, Resource kind, kube::Pod object) const;
  // Every one that is there, for `attach`.
  std::vector<std::pair<std::string, Workload>> workloads() const;
  // The watch shows this pod, or Job.
  bool holds(const std::string& uid) const { return pods_.contains(uid) || jobs_held_.contains(uid); }
  // Of what a step of this kind needs to know: a Job's, both watches.
  std::optional<kube::Instant> complete_as_of(Resource kind) const;
  // This account may not follow Jobs, and it is not that the API server has only just started.
  bool jobs_are_refused() const { return jobs_refused_; }
  // Changes are seen one by one.
  bool unbroken(Resource kind) const;
  void stop();

 private:
  struct Kept {
    std::string step;
    kube::Pod pod;
  };
  struct Job {
    std::string step;
    lifecycle::JobView view;
  };

  std::unique_ptr<kube::Watch> watch(Resource resource);
  void hear(Resource resource, kube::WatchNotice notice);
  void apply_pod(kube::Pod pod);
  void apply_job(kube::Pod job);
  void remove_pod(const kube::PodRemoved& removed);
  void remove_job(const kube::PodRemoved& removed);
  void tell(const Job& job);
  void drop(const std::string& step, const std::string& uid);
  // The Job that it belongs to, when Jobs are followed.
  std::string job_of(const kube::Pod& pod) const;

  kube::WatchFactory watches_;
  kube::WatchOptions options_;
  Listener listener_;
  std::unordered_map<std::string, Kept> pods_;              // by uid
  std::unordered_map<std::string, Job> jobs_;               // by uid; one whose pods came first has no Job yet
  std::unordered_map<std::string, std::string> jobs_held_;  // uid -> step: what the watch of Jobs shows
  std::unordered_map<std::string, std::unordered_set<std::string>> uids_of_;  // step -> its pods and held Jobs
  std::unique_ptr<kube::Watch> pod_watch_;
  std::unique_ptr<kube::Watch> job_watch_;
  bool jobs_refused_ = false;
  bool jobs_needed_ = false;
};

}  // namespace stepop::engine
