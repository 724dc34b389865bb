#include "nodes.hpp"

#include <algorithm>

#include "lifecycle/evidence.hpp"
#include "names.hpp"

namespace stepop::simulation {

using kube::ContainerState;
using kube::PodPhase;
using Main = PodRecord::Main;

namespace {

constexpr std::uint32_t healthy_nodes = 3;

std::string node_name(std::uint32_t node) {
  return "n" + std::to_string(node);
}

}  // namespace

void set_condition(kube::Pod& pod, const char* type, const char* status, const char* reason, const char* message) {
  auto found = std::find_if(pod.conditions.begin(), pod.conditions.end(),
                            [&](const kube::PodCondition& condition) { return condition.type == type; });
  if (found == pod.conditions.end()) {
    pod.conditions.emplace_back();
    found = pod.conditions.end() - 1;
    found->type = type;
  }
  found->status = status;
  found->reason = reason;
  found->message = message;
}

Nodes::Nodes(Agenda& agenda, ApiServer& api, ClusterObserver& observer, Trace& trace, Random random)
    : agenda_(agenda), api_(api), observer_(observer), trace_(trace), random_(random), nodes_(healthy_nodes) {}

void Nodes::say(const PodRecord& pod, const char* what) {
  if (trace_.wanted()) trace_.say("pod " + pod.object.metadata.name + " (" + pod.object.metadata.uid + "): " + what);
}

void Nodes::give_fate(PodRecord& pod) {
  auto& random = pod.random;
  auto& fate = pod.fate;
  fate.schedule_after = random.between(milliseconds(5), random.chance(10) ? seconds(3) : milliseconds(300));
  fate.admit_after = random.between(milliseconds(5), milliseconds(100));
  fate.has_init = random.chance(20);
  fate.init_time = random.between(milliseconds(50), seconds(2));
  fate.init_exit = random.chance(5) ? 1 : 0;
  fate.pull_time = random.between(milliseconds(10), seconds(2));
  switch (random.below(4)) {
    case 0:
      fate.run_time = random.between(milliseconds(5), milliseconds(50));
      break;
    case 1:
    case 2:
      fate.run_time = random.between(milliseconds(100), seconds(5));
      break;
    default:
      fate.run_time = random.between(seconds(5), seconds(60));
  }
  constexpr std::array failures{1, 2, 137, 143};
  fate.exit_code = random.chance(70) ? 0 : failures[random.below(failures.size())];
  fate.writes_result = random.chance(20);
  fate.stop_time = random.between(milliseconds(10), random.chance(20) ? seconds(40) : seconds(2));
  fate.exits_zero_on_stop = random.chance(30);
  fate.status_lag = random.between(milliseconds(2), random.chance(10) ? seconds(3) : milliseconds(200));
}

void Nodes::on_created(PodRecord& pod) {
  give_fate(pod);
  agenda_.in(pod.fate.schedule_after, *this, bind, pod.number);
}

void Nodes::on_deletion(PodRecord& pod) {
  if (pod.object.node_name.empty()) {
    // A finalizer keeps it: pod garbage collection will write that it failed.
    agenda_.in(pod.random.between(milliseconds(1), seconds(20)), *this, collect_unbound, pod.number);
    return;
  }
  agenda_.in(pod.random.between(milliseconds(1), milliseconds(100)), *this, see_deletion, pod.number);
}

// As late as a garbage collector that is behind.
void Nodes::on_beside(std::uint32_t number) {
  agenda_.in(random_.between(milliseconds(1), random_.chance(30) ? seconds(40) : seconds(1)), *this, collect_beside,
             number);
}

void Nodes::on_removed(PodRecord& pod) {
  if (has_secret(pod.step)) collect_what_stands_beside();
  if (pod.finished || pod.object.node_name.empty()) return;
  agenda_.in(pod.random.between(milliseconds(1), milliseconds(500)), *this, see_removal, pod.number);
}

void Nodes::on_job_removed(JobRecord& job) {
  if (has_secret(job.step) || has_service(job.step)) collect_what_stands_beside();
}

void Nodes::collect_what_stands_beside() {
  for (std::uint32_t i = 0; i < api_.besides(); ++i) on_beside(i);
}

bool Nodes::needs_api(std::uint32_t what) const {
  return what == admit || what == write_status || what == see_deletion || what == see_removal || what == remove_object;
}

void Nodes::on_event(const Event& event) {
  if (event.what == collect_beside) return api_.collect_beside(event.a);
  if (event.what >= node_unreachable) return on_node_event(event);
  auto& pod = api_.pods()[event.a];
  if (needs_api(event.what)) {
    auto& node = nodes_[pod.node];
    if (node.silent) {
      if (!node.deleted) node.backlog.push_back(event);
      return;
    }
  }
  switch (static_cast<What>(event.what)) {
    case bind: {
      if (!pod.exists || pod.object.metadata.deletion_timestamp) return;
      if (pod.fate.unschedulable_for > Duration(0)) {
        set_condition(pod.object, "PodScheduled", "False", "Unschedulable", "0/3 nodes are available");
        api_.publish(pod);
        agenda_.in(pod.fate.unschedulable_for, *this, bind, pod.number);
        pod.fate.unschedulable_for = Duration(0);
        return;
      }
      std::vector<std::uint32_t> fit;
      for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i].tainted && !nodes_[i].deleted) fit.push_back(i);
      }
      if (fit.empty()) {
        agenda_.in(seconds(5), *this, bind, pod.number);
        return;
      }
      pod.node = fit[pod.random.below(static_cast<std::uint32_t>(fit.size()))];
      pod.object.node_name = node_name(pod.node);
      pod.lost_node = nodes_[pod.node].silent;
      set_condition(pod.object, "PodScheduled", "True", "", "");
      say(pod, "bound");
      api_.publish(pod);
      agenda_.in(pod.fate.admit_after, *this, admit, pod.number);
      return;
    }
    case admit:
      if (pod.finished || pod.terminating || !pod.exists) return;
      pod.admitted = true;
      pod.main = Main::waiting;
      pod.waiting_reason = pod.fate.has_init ? "PodInitializing" : "ContainerCreating";
      changed(pod);
      if (pod.fate.has_init) {
        agenda_.in(pod.fate.init_time, *this, init_ends, pod.number, pod.container);
      } else {
        agenda_.in(Duration(0), *this, pull, pod.number, pod.container);
      }
      return;
    case init_ends:
      if (event.b != pod.container) return;
      pod.init_done = true;
      if (pod.fate.init_exit != 0) {
        say(pod, "init container failed");
        return finish(pod);
      }
      changed(pod);
      agenda_.in(Duration(0), *this, pull, pod.number, pod.container);
      return;
    case pull:
      if (event.b != pod.container) return;
      if (pod.fate.failing_pulls > 0) {
        if (pod.fate.failing_pulls != never_pulls) --pod.fate.failing_pulls;
        pod.waiting_reason =
            std::string_view(pod.waiting_reason) == "ErrImagePull" ? "ImagePullBackOff" : "ErrImagePull";
        pod.waiting_message.clear();
        changed(pod);
        agenda_.in(pod.random.between(seconds(1), seconds(20)), *this, pull, pod.number, pod.container);
        return;
      }
      agenda_.in(pod.fate.pull_time, *this, start, pod.number, pod.container);
      return;
    case start:
      if (event.b != pod.container) return;
      if (pod.fate.start_error) {
        say(pod, "could not be started");
        pod.main = Main::ended;
        pod.end_reason = "StartError";
        pod.exit = 128;
        return finish(pod);
      }
      if (pod.fate.failing_pulls > 0) {
        agenda_.in(Duration(0), *this, pull, pod.number, pod.container);
        return;
      }
      if (has_secret(pod.step) && !api_.secret(pod.workload_name())) {
        if (pod.waiting_message.empty()) say(pod, "misses its Secret");
        pod.waiting_reason = "CreateContainerConfigError";
        pod.waiting_message = "secret \"" + pod.workload_name() + "\" not found";
        changed(pod);
        agenda_.in(pod.random.between(seconds(10), seconds(15)), *this, start, pod.number, pod.container);
        return;
      }
      pod.waiting_message.clear();
      ++pod.starts;
      pod.main = Main::running;
      pod.started_at = agenda_.now();
      say(pod, "USER CODE STARTS");
      observer_.on_started(pod);
      changed(pod);
      agenda_.in(pod.fate.run_time, *this, container_ends, pod.number, pod.container);
      return;
    case container_ends:
      if (event.b != pod.container) return;
      return container_over(pod, pod.fate.exit_code, pod.fate.exit_code == 0 ? "Completed" : "Error");
    case stopped: {
      if (event.b != pod.container) return;
      pod.killed = true;
      const int exit = !pod.stops_in_time ? 137 : pod.fate.exits_zero_on_stop ? 0 : 143;
      return container_over(pod, exit, exit == 0 ? "Completed" : "Error");
    }
    case tell_of_memory:
      // What a kubelet could tell only when its node is heard of again, nobody can wait for.
      if (nodes_[pod.node].silent) return;
      pod.end_reason = "OOMKilled";
      return write_again(pod);
    case write_status:
      return write(pod);
    case see_deletion: {
      if (!pod.exists) return;
      pod.terminating = true;
      if (pod.main == Main::running) {
        return stop_container(pod, std::chrono::seconds(pod.object.metadata.deletion_grace_seconds.value_or(30)));
      }
      if (!pod.finished) {
        if (pod.main != Main::ended) pod.main = Main::never;
        return finish(pod);
      }
      if (pod.final_written) agenda_.in(pod.fate.status_lag, *this, remove_object, pod.number);
      return;
    }
    case see_removal:
      if (pod.finished) return;
      pod.terminating = true;
      if (pod.main == Main::running) return stop_container(pod, seconds(0));
      pod.main = Main::never;
      return finish(pod);
    case collect_unbound:
      if (!pod.exists) return;
      if (pod.object.phase == PodPhase::Pending) {
        pod.object.phase = PodPhase::Failed;
        api_.publish(pod);
      }
      return;
    case remove_object:
      if (pod.exists) {
        say(pod, "removed by its kubelet");
        api_.remove(pod, 0, Asker::cluster);
      }
      return;
    default:
      return;
  }
}

void Nodes::on_node_event(const Event& event) {
  auto& node = nodes_[event.a];
  if (event.b != node.silences) return;
  const auto each_pod = [&](auto&& act) {
    for (auto& pod : api_.pods()) {
      if (pod.exists && pod.node == event.a && !pod.object.node_name.empty()) act(pod);
    }
  };
  switch (static_cast<What>(event.what)) {
    case node_unreachable:
      node.tainted = true;
      each_pod([&](PodRecord& pod) {
        const auto* ready = pod.object.condition("Ready");
        if (!ready || ready->status != "True") return;
        set_condition(pod.object, "Ready", "False", "", "");
        if (!pod.unheard_since) pod.unheard_since = agenda_.now();
        api_.publish(pod);
      });
      return;
    case node_evicts:
      each_pod([&](PodRecord& pod) {
        if (pod.object.phase == PodPhase::Succeeded || pod.object.phase == PodPhase::Failed) return;
        set_condition(pod.object, "DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting");
        pod.disrupted = true;
        say(pod, "is being deleted: its node is not heard of");
        api_.publish(pod);
        api_.remove(pod, std::nullopt, Asker::cluster);
      });
      return;
    case node_returns: {
      if (!node.silent || node.deleted) return;
      node.silent = node.tainted = false;
      if (trace_.wanted()) trace_.say("node " + node_name(event.a) + " is heard of again");
      for (const auto& missed : std::exchange(node.backlog, {})) {
        agenda_.in(random_.between(milliseconds(1), milliseconds(300)), *this, missed.what, missed.a, missed.b);
      }
      each_pod([&](PodRecord& pod) { changed(pod); });
      return;
    }
    case node_deleted:
      node.deleted = true;
      if (trace_.wanted()) trace_.say("node " + node_name(event.a) + " is deleted");
      nodes_.emplace_back();
      // Pod garbage collection ("Disruptions", DeletionByPodGC): first the status, then the object.
      each_pod([&](PodRecord& pod) {
        if (pod.object.phase != PodPhase::Succeeded && pod.object.phase != PodPhase::Failed) {
          set_condition(pod.object, "DisruptionTarget", "True", "DeletionByPodGC", "PodGC: node no longer exists");
          pod.disrupted = true;
          pod.object.phase = PodPhase::Failed;
          pod.collected = true;
          api_.publish(pod);
        }
        say(pod, "is removed by garbage collection");
        api_.remove(pod, 0, Asker::cluster);
      });
      return;
    default:
      return;
  }
}

void Nodes::changed(PodRecord& pod) {
  agenda_.in(pod.fate.status_lag, *this, write_status, pod.number);
}

void Nodes::finish(PodRecord& pod) {
  pod.finished = true;
  ++pod.container;
  changed(pod);
}

void Nodes::stop_container(PodRecord& pod, Duration grace) {
  ++pod.container;
  const auto takes = std::min(pod.fate.stop_time, grace);
  pod.stops_in_time = takes >= pod.fate.stop_time;
  agenda_.in(takes, *this, stopped, pod.number, pod.container);
}

void Nodes::container_over(PodRecord& pod, int exit, const char* reason) {
  pod.main = Main::ended;
  pod.exit = exit;
  pod.end_reason = reason;
  pod.ended_at = agenda_.now();
  if (trace_.wanted()) {
    say(pod, ("user code ends, exit " + std::to_string(exit) + (pod.killed ? " (stopped)" : "")).c_str());
  }
  finish(pod);
}

void Nodes::write(PodRecord& pod) {
  if (!pod.exists) return;
  if (pod.final_written || (!pod.admitted && !pod.finished)) return;
  auto& object = pod.object;
  const bool undisturbed = !object.metadata.deletion_timestamp && !pod.disrupted && pod.fail_reason[0] == 0;
  fill_status(pod);
  pod.acknowledged = true;
  if (pod.finished) {
    pod.final_written = true;
    pod.final_at = agenda_.now();
    pod.clean_end = undisturbed && !pod.killed;
    say(pod, "final status written");
  }
  api_.publish(pod);
  if (pod.final_written && object.metadata.deletion_timestamp) {
    agenda_.in(pod.fate.status_lag, *this, remove_object, pod.number);
  }
}

// What was final is corrected.
void Nodes::write_again(PodRecord& pod) {
  if (!pod.exists || !pod.final_written) return;
  fill_status(pod);
  api_.publish(pod);
}

void Nodes::fill_status(PodRecord& pod) {
  auto& object = pod.object;
  object.start_time = api_.wall(agenda_.now());
  if (pod.disruption[0] != 0) set_condition(object, "DisruptionTarget", "True", pod.disruption, pod.fail_message);
  if (pod.fail_reason[0] != 0) {
    object.reason = pod.fail_reason;
    object.message = pod.fail_message;
  }
  const bool succeeded = pod.main == Main::ended && pod.exit == 0 && pod.fail_reason[0] == 0;
  if (pod.finished) {
    object.phase = succeeded ? PodPhase::Succeeded : PodPhase::Failed;
  } else {
    object.phase = pod.main == Main::running ? PodPhase::Running : PodPhase::Pending;
  }
  const bool ready = pod.main == Main::running;
  set_condition(object, "Ready", ready ? "True" : "False", ready ? "" : "ContainersNot", "");
  set_condition(object, "ContainersReady", ready ? "True" : "False", ready ? "" : "ContainersNot", "");
  if (pod.without_statuses) {
    object.container_statuses.clear();
    object.init_container_statuses.clear();
    return;
  }
  if (object.container_statuses.empty()) object.container_statuses.emplace_back();
  auto& status = object.container_statuses.front();
  status.name = lifecycle::main_container;
  auto& state = status.state;
  state = {};
  switch (pod.main) {
    case Main::unknown:
    case Main::waiting:
      state.kind = ContainerState::Kind::Waiting;
      state.reason = pod.waiting_reason;
      state.message = pod.waiting_message;
      break;
    case Main::running:
      state.kind = ContainerState::Kind::Running;
      state.started_at = api_.wall(pod.started_at);
      status.container_id = "c" + std::to_string(pod.number);
      break;
    case Main::ended:
      state.kind = ContainerState::Kind::Terminated;
      state.reason = pod.end_reason;
      state.exit_code = pod.exit.value_or(0);
      state.container_id = status.container_id = "c" + std::to_string(pod.number);
      if (pod.starts > 0) {
        state.started_at = api_.wall(pod.started_at);
        if (pod.fate.writes_result && state.exit_code == 0) state.message = "{\"a\":1}";
      } else {
        state.started_at = kube::Timestamp();  // containerd's word for a container that could not be started
      }
      state.finished_at = api_.wall(pod.starts > 0 ? pod.ended_at : agenda_.now());
      break;
    case Main::never:
      // Every waiting container of a pod without init containers ends so; with them it waits for ever
      // ("Pod Lifecycle", Termination of Pods).
      if (pod.fate.has_init && !pod.init_done) {
        state.kind = ContainerState::Kind::Waiting;
        state.reason = "PodInitializing";
      } else {
        state.kind = ContainerState::Kind::Terminated;
        state.reason = "ContainerStatusUnknown";
        state.message = "The container could not be located when the pod was terminated";
        state.exit_code = 137;
      }
      break;
  }
  if (pod.fate.has_init) {
    if (object.init_container_statuses.empty()) object.init_container_statuses.emplace_back();
    auto& init = object.init_container_statuses.front();
    init.name = "init";
    init.state = {};
    if (pod.init_done) {
      init.state.kind = ContainerState::Kind::Terminated;
      init.state.exit_code = pod.fate.init_exit;
      init.state.started_at = init.state.finished_at = api_.wall(agenda_.now());
    } else if (pod.finished) {
      init.state.kind = ContainerState::Kind::Terminated;
      init.state.exit_code = 137;
      init.state.started_at = init.state.finished_at = api_.wall(agenda_.now());
    } else {
      init.state.kind = ContainerState::Kind::Running;
      init.state.started_at = api_.wall(agenda_.now());
    }
  }
}

// ---- faults

bool Nodes::hold_unscheduled(PodRecord& pod, Duration how_long) {
  if (!pod.exists || !pod.object.node_name.empty()) return false;
  pod.fate.unschedulable_for = how_long;
  return true;
}

bool Nodes::fail_pulls(PodRecord& pod, std::uint32_t times) {
  if (!pod.exists || pod.finished || pod.terminating || pod.main == Main::running || pod.main == Main::ended) {
    return false;
  }
  pod.fate.failing_pulls = times;
  return true;
}

bool Nodes::fail_start(PodRecord& pod) {
  if (!pod.exists || pod.finished || pod.terminating || pod.main == Main::running || pod.main == Main::ended) {
    return false;
  }
  pod.fate.start_error = true;
  return true;
}

bool Nodes::kill_for_memory(PodRecord& pod) {
  if (pod.main != Main::running) return false;
  ++pod.container;
  pod.out_of_memory = true;
  // The runtime hears of the exit and of the kernel's kill by two ways.
  const bool heard_later = pod.random.chance(50);
  container_over(pod, 137, heard_later ? "Error" : "OOMKilled");
  if (heard_later) {
    agenda_.in(pod.random.between(milliseconds(1), seconds(2)), *this, tell_of_memory, pod.number);
  }
  return true;
}

bool Nodes::preempt(PodRecord& pod) {
  if (!pod.exists || pod.object.node_name.empty() || pod.final_written || pod.collected) return false;
  set_condition(pod.object, "DisruptionTarget", "True", "PreemptionByScheduler", "preempting to accommodate another");
  pod.disrupted = true;
  api_.publish(pod);
  api_.remove(pod, std::nullopt, Asker::cluster);
  return true;
}

bool Nodes::evict(PodRecord& pod) {
  if (!pod.exists || pod.final_written || pod.collected) return false;
  set_condition(pod.object, "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting");
  pod.disrupted = true;
  api_.publish(pod);
  api_.remove(pod, std::nullopt, Asker::cluster);
  return true;
}

bool Nodes::evict_for_pressure(PodRecord& pod, bool exits_zero) {
  if (!pod.exists || pod.finished || pod.object.node_name.empty() || nodes_[pod.node].silent || !pod.admitted) {
    return false;
  }
  pod.fail_reason = "Evicted";
  pod.fail_message = "The node was low on resource: memory.";
  pod.disruption = "TerminationByKubelet";
  pod.fate.exits_zero_on_stop = exits_zero;
  pod.terminating = true;
  if (pod.main == Main::running) {
    stop_container(pod, seconds(1));
  } else {
    pod.main = Main::never;
    finish(pod);
  }
  return true;
}

bool Nodes::restart_kubelet(PodRecord& pod, bool without_statuses) {
  if (!pod.exists || pod.finished || pod.object.node_name.empty() || nodes_[pod.node].silent) return false;
  // A kubelet tells of a pod before it starts anything of it; one restarted in between is not simulated.
  if (pod.starts > 0 && !pod.acknowledged) return false;
  pod.fail_reason = "Evicted";
  pod.fail_message = "Pod was rejected: The node had condition: [MemoryPressure].";
  pod.without_statuses = without_statuses || !pod.admitted;
  pod.terminating = true;
  if (pod.main == Main::running) {
    ++pod.container;
    pod.killed = true;
    container_over(pod, 137, "Error");
  } else {
    pod.main = Main::never;
    finish(pod);
  }
  return true;
}

bool Nodes::silence_node(PodRecord& pod, const Silence& silence) {
  if (!pod.exists || pod.object.node_name.empty() || pod.final_written || nodes_[pod.node].silent) return false;
  auto& node = nodes_[pod.node];
  node.silent = true;
  node.silence = silence;
  ++node.silences;
  for (auto& other : api_.pods()) {
    if (other.node == pod.node && !other.object.node_name.empty()) other.lost_node = true;
  }
  if (trace_.wanted()) trace_.say("node " + node_name(pod.node) + " is not heard of any more");
  agenda_.in(silence.unreachable_after, *this, node_unreachable, pod.node, node.silences);
  if (silence.evicted_after_that >= Duration(0)) {
    agenda_.in(silence.unreachable_after + silence.evicted_after_that, *this, node_evicts, pod.node, node.silences);
  }
  if (silence.returns_after) {
    agenda_.in(*silence.returns_after, *this, node_returns, pod.node, node.silences);
  } else {
    agenda_.in(silence.deleted_after, *this, node_deleted, pod.node, node.silences);
  }
  return true;
}

void Nodes::recover() {
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].silent && !nodes_[i].deleted && nodes_[i].silence.returns_after) {
      agenda_.in(Duration(0), *this, node_returns, i, nodes_[i].silences);
    }
  }
}

}  // namespace stepop::simulation
