#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kube/pod.hpp"
#include "random.hpp"

namespace stepop::simulation {

// What a pod will do when nothing disturbs it.
struct Fate {
  Duration schedule_after{0};
  Duration unschedulable_for{0};
  Duration admit_after{0};
  bool has_init = false;
  Duration init_time{0};
  int init_exit = 0;
  Duration pull_time{0};
  std::uint32_t failing_pulls = 0;  // before one works; never_pulls: none does
  bool start_error = false;
  Duration run_time{0};
  int exit_code = 0;
  bool writes_result = false;
  Duration stop_time{0};  // what its code needs after SIGTERM
  bool exits_zero_on_stop = false;
  Duration status_lag{0};  // from what happens to what the kubelet writes
};
inline constexpr std::uint32_t never_pulls = 1'000'000;

enum class Asker : std::uint8_t { nobody, stepop, somebody, cluster };

// One Secret, or Service. What it holds is nobody's concern here.
struct BesideRecord {
  enum class Kind : std::uint8_t { secret, service };
  Kind kind = Kind::secret;
  std::string name{};
  std::string owner{};  // the uid of its workload
  bool exists = true;
  Instant made_at{};
  std::uint32_t step = 0;
};

// What the API server holds of a pod or a Job, and who had it removed.
struct StoredObject {
  StoredObject(kube::Resource resource_, std::uint32_t number_, std::uint32_t step_, std::uint32_t attempt_,
               Random random_)
      : resource(resource_), number(number_), step(step_), attempt(attempt_), random(random_) {}

  kube::Resource resource;
  std::uint32_t number;
  std::uint32_t step;
  std::uint32_t attempt;
  Random random;

  kube::Pod object{};
  bool exists = false;
  bool in_view = false;  // its labels match what the operators watch
  std::shared_ptr<const kube::Pod> published{};

  Asker first_delete = Asker::nobody;
  bool deleted_by_somebody = false;
  bool deleted_by_stepop = false;
  bool removed = false;
  Instant removed_at{};
  bool relabelled = false;  // by somebody: it may not be known for what it is any more
};

struct PodRecord;

// One Job.
struct JobRecord : StoredObject {
  using StoredObject::StoredObject;

  kube::ObjectMeta pod_metadata{};  // of its pod template
  std::uint32_t completions = 1;
  std::vector<PodRecord*> pods{};
  bool sync_planned = false;     // its controller is about to look at it
  bool collect_planned = false;  // the garbage collector is
};

// One pod: the object that the API server holds, and what really happened, which only its kubelet knows.
struct PodRecord : StoredObject {
  PodRecord(std::uint32_t number_, std::uint32_t step_, std::uint32_t attempt_, Random random_)
      : StoredObject(kube::Resource::Pods, number_, step_, attempt_, random_) {}

  Fate fate{};
  JobRecord* job = nullptr;  // that made it
  std::uint32_t index = 0;   // of several, which

  const StoredObject& workload() const { return job ? static_cast<const StoredObject&>(*job) : *this; }
  // What its Secret is named like.
  const std::string& workload_name() const { return workload().object.metadata.name; }

  // The kubelet's own account.
  enum class Main : std::uint8_t { unknown, waiting, running, ended, never };
  Main main = Main::unknown;
  const char* waiting_reason = "";
  std::string waiting_message{};
  const char* end_reason = "";
  std::uint32_t container = 0;  // counts what may become of the container; what was planned for an older one lapses
  std::uint32_t node = 0;
  bool admitted = false;
  bool init_done = false;
  bool terminating = false;  // the kubelet has begun to stop it
  bool stops_in_time = true;
  bool finished = false;      // stopped, for good
  bool acknowledged = false;  // a first status was written
  bool final_written = false;
  const char* fail_reason = "";  // of the pod: Evicted, …
  const char* fail_message = "";
  const char* disruption = "";  // that the kubelet writes
  bool without_statuses = false;
  Instant started_at{}, ended_at{};

  // The truth, for the invariants.
  std::uint32_t starts = 0;  // of the main container
  std::optional<int> exit{};
  bool killed = false;  // it did not end by itself
  bool out_of_memory = false;
  bool clean_end = false;                  // its final status was written while nothing had asked for its end
  bool disrupted = false;                  // by the cluster, in the API
  bool forced = false;                     // removed before its kubelet had confirmed anything
  bool deleted_unbound = false;            // no node will ever take it
  bool secret_deleted = false;             // by somebody
  bool collected = false;                  // by garbage collection, its node being gone
  bool lost_node = false;                  // its node was silent at some time
  std::optional<Instant> unheard_since{};  // its deletion was asked for, or its node was marked unreachable
  Instant final_at{};

  // What invariant 1 asks for before there may be another.
  bool confirmed_stopped() const { return final_written || deleted_unbound; }
};

}  // namespace stepop::simulation
