#pragma once

#include <cstdint>

#include "kube/pod.hpp"
#include "lifecycle/report.hpp"

namespace stepop::lifecycle {

// The container that runs the step's command; the manifest gives it this name.
inline constexpr std::string_view main_container = "main";

// The container was started for real: running, or terminated with a start time. containerd gives a container
// that could not be started the start time 0 (1970), the kubelet gives one it never saw none at all.
bool really_started(const kube::ContainerState& state);

// What the views of one pod have proved so far. Facts are only ever added.
class Evidence {
 public:
  void observe(const kube::Pod& pod);
  // A view was skipped: events between the last view and the next were not seen one by one.
  void gap();
  // After a gap: the pod is still there.
  void still_there() { unseen_since_gap_ = false; }

  bool main_started() const { return main_started_; }
  // A kubelet that had told of the pod's containers tells of none: it was restarted and rejects the pod. How it ended, the
  // pod's terminal phase will say; what its containers say until then is how that kubelet stops them.
  bool rejected() const { return rejected_; }
  // The watch has missed something since the pod was bound to a node.
  bool gap_since_binding() const { return gap_since_binding_; }
  // Nothing at all has been seen of the pod since the last gap.
  bool unseen_since_gap() const { return unseen_since_gap_; }

  // `last` is the kubelet's final status (a terminal phase, or a terminated main container).
  UserCodeRan after_final_status(const kube::Pod& last) const;
  // The pod is gone, and `last` is the last that was seen of it. `whole` says that `last` is its very last state.
  UserCodeRan after_vanishing(const kube::Pod& last, bool whole) const;
  // It still exists.
  UserCodeRan so_far() const;

 private:
  bool seen_ = false;
  bool bound_ = false;
  bool main_started_ = false;
  bool main_had_container_id_ = false;
  bool acknowledged_ = false;  // a kubelet has told of its containers while it was alive
  bool rejected_ = false;
  std::uint64_t newest_version_ = 0;  // of what was seen
  bool gap_since_binding_ = false;
  bool unseen_since_gap_ = false;
};

}  // namespace stepop::lifecycle
