#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kube/pod.hpp"
#include "lifecycle/evidence.hpp"

namespace stepop::lifecycle {

// A step is one workload: a pod, or a Job with its pods. StepMachine reads both as one pod; what makes a Job one is here. Pure.

// A Job, and the newest that was seen of each of its pods.
class JobView {
 public:
  // Of the pods of a completion index (0 for a Job that is not Indexed) only the newest counts: an earlier one was removed
  // by others, and the Job controller made another.
  struct Part {
    std::uint32_t index = 0;
    kube::Pod pod;
    bool gone = false;
    bool whole = false;      // it is gone, and this is its very last state
    bool completed = false;  // it was seen to have ended before its deletion was asked for
  };

  // False when something newer of it was seen: streams may repeat themselves. `listed`: it may truly be older (etcd was
  // restored).
  bool see_job(kube::Pod job, bool listed = false);
  bool see_pod(kube::Pod pod, bool listed = false);
  // It has left the view; `last` is its last state, when that is known.
  void lose_pod(const std::string& uid, std::optional<kube::Pod> last);
  // These are all that there are.
  void list_pods(std::vector<kube::Pod> pods);

  const std::optional<kube::Pod>& job() const { return job_; }
  const std::vector<Part>& parts() const { return parts_; }
  // The pods that count, by index.
  std::vector<const Part*> newest() const;
  // How many there are in the end.
  std::size_t expected() const;
  // The pod whose end is the step's, and whose log is looked at first: of those that ended badly the one that was not stopped
  // for another's failure, and of such the one that ended first; else that of the first index. Null while there is none.
  const kube::Pod* leading() const;

  // Its controller says that it is complete or has failed: its pods have stopped, as far as anybody can tell.
  bool is_over() const;
  // It says that it is, or will be: what deletes it after that does not decide how it ends.
  bool is_decided() const;
  // Not all of its pods are known, and its controller may make those that are not.
  bool may_make_more() const;
  // A pod is known that has not ended and is not gone.
  bool has_living_pods() const;
  // Each of its pods was seen, and its kubelet has said that it stopped, or none ever had it.
  bool all_stopped() const;

  // As one pod. It has the Job's metadata, so that marks are read from the Job and preconditions name it; and the status and
  // spec of one pod: of the first that has not started, else of the first that has not ended, else of the first whose end
  // nobody saw, else of the leading one; of none while one has yet to be made, or never was. It is being deleted when that
  // pod is; when only the Job is, unless its pod has ended: SIGTERM comes with the pod's deletion. REQUIRES: job().
  kube::Pod as_one() const;
  // The pod that as_one shows; null when that is nobody's.
  const kube::Pod* pod_shown() const;
  // Its index; nothing when it is nobody's, or there is only one.
  std::optional<std::uint32_t> index_shown() const;

 private:
  bool makes_no_more() const;
  const Part* leading_part() const;
  const Part* shown() const;

  std::optional<kube::Pod> job_;
  std::vector<Part> parts_;  // in the order in which they were first seen
};

// The uid of the Job that made this pod; empty for a pod of nobody's.
std::string job_of(const kube::Pod& pod);
// "Indexed Job": the label that the Job controller writes.
std::uint32_t completion_index(const kube::Pod& pod);

// What the views of a workload have proved so far: of a bare pod, its Evidence; of a Job, that of each of its pods.
class WorkloadEvidence {
 public:
  // `parts`: of a Job.
  void observe(const kube::Pod& whole, const std::optional<JobView>& job);
  void gap();
  void still_there();

  // Some main container was started; each of them was.
  bool main_started() const;
  bool all_started() const;
  // Of the leading pod.
  bool rejected() const;
  bool unseen_since_gap() const;

  UserCodeRan after_final_status(const kube::Pod& last) const;
  UserCodeRan after_vanishing(const kube::Pod& last, bool whole) const;
  UserCodeRan so_far() const;

 private:
  struct Part {
    Evidence evidence;
    kube::Pod last;
  };
  UserCodeRan of_the_unseen() const;

  bool is_job_ = false;
  std::size_t expected_ = 1;
  Evidence pod_;
  std::vector<Part> parts_;
  std::string leading_;
};

}  // namespace stepop::lifecycle
