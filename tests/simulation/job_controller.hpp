#pragma once

#include "agenda.hpp"
#include "api_server.hpp"
#include "trace.hpp"

namespace stepop::simulation {

// Whoever works on Jobs in kube-controller-manager: the Job controller ("Jobs"), the TTL-after-finished controller ("Automatic
// Cleanup for Finished Jobs") and, for a Job's pods, the garbage collector ("Garbage Collection"). Of Jobs as stepop makes
// them: one pod, or an Indexed one of as many pods as completions; no retry (`backoffLimit: 0`), no replacement before a pod has
// failed (`podReplacementPolicy: Failed`).
class JobController : public Handler {
 public:
  JobController(Agenda& agenda, ApiServer& api, Trace& trace);

  // The Job, or one of its pods, was made, changed or removed.
  void on_changed(JobRecord& job);
  void on_event(const Event& event) override;

 private:
  enum What : std::uint32_t { sync, collect, expire };

  void sync_job(JobRecord& job);
  void create_pod(JobRecord& job, std::uint32_t index);
  // Says whether all are made.
  bool create_pods(JobRecord& job);
  // Says whether the Job was changed.
  bool write_condition(JobRecord& job, const char* type, const char* reason, const char* message);
  void collect_of(JobRecord& job);
  void say(const JobRecord& job, const char* what);

  Agenda& agenda_;
  ApiServer& api_;
  Trace& trace_;
};

}  // namespace stepop::simulation
