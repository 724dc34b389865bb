#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/timestamp.hpp"

namespace stepop::kube {

/// A small map of strings in the order they came: labels, annotations, node selectors.
class StringMap {
 public:
  using Entry = std::pair<std::string, std::string>;

  StringMap() = default;
  StringMap(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// The value, or null when there is none. Points into this map.
  const std::string* find(std::string_view key) const noexcept;
  /// The value, or an empty view.
  std::string_view get(std::string_view key) const noexcept;
  /// Sets or replaces.
  void set(std::string key, std::string value);

  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }
  bool operator==(const StringMap&) const = default;

 private:
  std::vector<Entry> entries_{};
};

struct OwnerReference {
  std::string kind{};
  std::string name{};
  std::string uid{};
  bool controller = false;
  bool operator==(const OwnerReference&) const = default;
};

struct ObjectMeta {
  std::string name{};
  std::string namespace_{};
  std::string uid{};
  /// Opaque: compared for equality only, and only within one uid.
  std::string resource_version{};
  StringMap labels{};
  StringMap annotations{};
  std::optional<Timestamp> creation_timestamp{};
  /// When the object is to be gone: the request to delete it plus the grace period.
  std::optional<Timestamp> deletion_timestamp{};
  std::optional<std::int64_t> deletion_grace_seconds{};
  std::vector<OwnerReference> owner_references{};
  std::vector<std::string> finalizers{};
  bool operator==(const ObjectMeta&) const = default;
};

/// From the spec.
struct Container {
  std::string name{};
  std::string image{};
  /// Quantity as written, e.g. `512Mi`; empty when there is none.
  std::string memory_limit{};
  std::string memory_request{};
  /// Of an init container: `Always` makes it a sidecar. Else empty.
  std::string restart_policy{};
  bool operator==(const Container&) const = default;
};

/// Of a container: exactly one of the three, or None when the status says nothing.
/// ("Pod Lifecycle", container states.)
struct ContainerState {
  enum class Kind { None, Waiting, Running, Terminated };
  Kind kind = Kind::None;
  std::string reason{};                    ///< Waiting, Terminated: ImagePullBackOff, OOMKilled, Completed, …
  std::string message{};                   ///< Waiting, Terminated; the termination message of a terminated one
  std::int32_t exit_code = 0;              ///< Terminated
  std::int32_t signal = 0;                 ///< Terminated; most runtimes say 128+n in exit_code instead
  std::optional<Timestamp> started_at{};   ///< Running, Terminated (absent: it never started)
  std::optional<Timestamp> finished_at{};  ///< Terminated
  std::string container_id{};              ///< Terminated
  bool operator==(const ContainerState&) const = default;
};

struct ContainerStatus {
  std::string name{};
  bool ready = false;
  std::int32_t restart_count = 0;
  std::string image{};
  std::string container_id{};
  std::optional<bool> started{};
  ContainerState state{};
  ContainerState last_state{};
  bool operator==(const ContainerStatus&) const = default;
};

/// Pod conditions by type: PodScheduled, Initialized, ContainersReady, Ready, DisruptionTarget,
/// PodReadyToStartContainers.
struct PodCondition {
  std::string type{};
  std::string status{};  ///< True, False, Unknown
  std::string reason{};
  std::string message{};
  std::optional<Timestamp> last_transition{};
  bool operator==(const PodCondition&) const = default;
};

enum class PodPhase {
  None,  ///< absent, or a phase this code does not know
  Pending,
  Running,
  Succeeded,
  Failed,
  Unknown,  ///< the API's own `Unknown`: the node cannot be reached
};

std::string_view phase_name(PodPhase phase) noexcept;

/// What a watch may follow.
enum class Resource {
  Pods,
  Jobs,  ///< read into a Pod: what the two have in common (metadata, conditions), `suspended` and `completions`
};

/// `Pod`, `Job`.
std::string_view kind_name(Resource resource) noexcept;

/// What a step's life is read from: the fields of a pod that matter to it, as the API server said
/// them. Absent, null and wrongly typed fields are all at their defaults.
struct Pod {
  ObjectMeta metadata{};

  // spec
  std::string node_name{};  ///< empty: not bound to a node
  std::string restart_policy{};
  std::string service_account_name{};
  std::optional<std::int64_t> active_deadline_seconds{};
  std::optional<std::int64_t> termination_grace_seconds{};
  std::vector<std::string> scheduling_gates{};  ///< names; a queue holds the pod while there are any
  std::vector<Container> init_containers{};
  std::vector<Container> containers{};
  std::optional<std::int64_t> completions{};  ///< of a Job: how many of its pods are to succeed
  bool suspended = false;  ///< of a Job: a queue, or somebody, keeps it from making its pods ("Jobs", Suspending a Job)

  // status
  PodPhase phase = PodPhase::None;
  std::string reason{};  ///< Evicted, DeadlineExceeded, NodeLost, OutOfcpu, …
  std::string message{};
  std::vector<PodCondition> conditions{};
  std::optional<Timestamp> start_time{};  ///< when the kubelet acknowledged the pod
  std::string pod_ip{};
  std::string host_ip{};
  std::vector<ContainerStatus> init_container_statuses{};
  std::vector<ContainerStatus> container_statuses{};

  /// The condition of this type, or null.
  const PodCondition* condition(std::string_view type) const noexcept;
  /// The status of the container with this name, or null.
  const ContainerStatus* container_status(std::string_view name) const noexcept;
  const ContainerStatus* init_container_status(std::string_view name) const noexcept;

  bool operator==(const Pod&) const = default;
};

}  // namespace stepop::kube
