#pragma once

#include <vector>

#include "agenda.hpp"
#include "api_server.hpp"
#include "trace.hpp"

namespace stepop::simulation {

// Scheduler, kubelets, node controller and garbage collector: they decide what really happens to a pod, keep the true
// account of it in its PodRecord, and write to the API server what each of them would write there
// ("Pod Lifecycle", "Disruptions", "Node-pressure Eviction", "Taints and Tolerations").
class Nodes : public Handler {
 public:
  Nodes(Agenda& agenda, ApiServer& api, ClusterObserver& observer, Trace& trace, Random random);

  void on_created(PodRecord& pod);
  void on_deletion(PodRecord& pod);
  void on_removed(PodRecord& pod);
  void on_job_removed(JobRecord& job);
  void on_beside(std::uint32_t number);
  void on_event(const Event& event) override;

  // Faults. Each says whether it could strike.
  bool hold_unscheduled(PodRecord& pod, Duration how_long);
  bool fail_pulls(PodRecord& pod, std::uint32_t times);
  bool fail_start(PodRecord& pod);
  bool kill_for_memory(PodRecord& pod);
  bool preempt(PodRecord& pod);
  bool evict(PodRecord& pod);
  bool evict_for_pressure(PodRecord& pod, bool exits_zero);
  bool restart_kubelet(PodRecord& pod, bool without_statuses);
  // `returns_after` nothing: never; its Node is deleted after `deleted_after`.
  struct Silence {
    Duration unreachable_after;
    Duration evicted_after_that;  // the pods' toleration; negative: they tolerate it for ever
    std::optional<Duration> returns_after;
    Duration deleted_after;
  };
  bool silence_node(PodRecord& pod, const Silence& silence);
  // Whatever is silent still is heard of again.
  void recover();

 private:
  enum What : std::uint32_t {
    bind,
    admit,
    init_ends,
    pull,
    start,
    container_ends,
    stopped,
    tell_of_memory,
    write_status,
    see_deletion,
    see_removal,
    remove_object,
    collect_beside,
    collect_unbound,
    node_unreachable,
    node_evicts,
    node_returns,
    node_deleted,
  };
  struct Node {
    bool silent = false;
    bool tainted = false;
    bool deleted = false;
    std::uint32_t silences = 0;
    Silence silence{};
    std::vector<Event> backlog;  // what its kubelet could not say or hear
  };

  void give_fate(PodRecord& pod);
  void collect_what_stands_beside();
  void on_node_event(const Event& event);
  bool needs_api(std::uint32_t what) const;
  void changed(PodRecord& pod);
  void finish(PodRecord& pod);
  void stop_container(PodRecord& pod, Duration grace);
  void container_over(PodRecord& pod, int exit, const char* reason);
  void write(PodRecord& pod);
  void write_again(PodRecord& pod);
  void fill_status(PodRecord& pod);
  void say(const PodRecord& pod, const char* what);

  Agenda& agenda_;
  ApiServer& api_;
  ClusterObserver& observer_;
  Trace& trace_;
  Random random_;
  std::vector<Node> nodes_;
};

// What a person sees of a pod: set or replaced.
void set_condition(kube::Pod& pod, const char* type, const char* status, const char* reason, const char* message);

}  // namespace stepop::simulation
