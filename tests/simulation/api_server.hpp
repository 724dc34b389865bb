#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agenda.hpp"
#include "kube/pod_parser.hpp"
#include "kube/status.hpp"
#include "pod_record.hpp"

namespace stepop::simulation {

// What the API server says to one call.
struct Reply {
  enum class Kind : std::uint8_t { done, pod, status, no_answer };
  Kind kind = Kind::done;
  std::shared_ptr<const kube::Pod> pod{};
  kube::Status status{};
  bool may_have_reached_server = true;
  Instant made_at{};  // the answer is the truth of this moment

  static Reply of(std::shared_ptr<const kube::Pod> pod);
  static Reply of(int code, std::string reason, std::string message);
  static Reply nothing(bool may_have_reached_server);
};

// An entry of the history that watches read: as it looks to a watch of our owner's pods.
struct Change {
  std::uint64_t revision = 0;
  kube::WatchLine::Type type = kube::WatchLine::Type::Added;
  std::uint32_t pod = 0;
  std::shared_ptr<const kube::Pod> state{};
  Instant made_at{};
};

// Who must know of what the API server stores.
class ClusterObserver {
 public:
  virtual void on_created(PodRecord& pod) = 0;
  // Its deletion was asked for, or its grace shortened.
  virtual void on_deletion(PodRecord& pod) = 0;
  virtual void on_removed(PodRecord& pod) = 0;
  virtual void on_secret(std::uint32_t number) = 0;
  // The truth, not the object: user code runs.
  virtual void on_started(const PodRecord& pod) = 0;
  // A new entry of the history.
  virtual void on_change(std::size_t index) = 0;

 protected:
  ~ClusterObserver() = default;
};

// The pods of one namespace, as a Kubernetes API server stores them: uid, resourceVersion, preconditions, graceful
// deletion ("Kubernetes API Concepts"; "Pod Lifecycle", Termination of Pods), and the history that watches follow.
// Everything happens at once here; the network is elsewhere.
class ApiServer {
 public:
  ApiServer(const Agenda& agenda, ClusterObserver& observer) : agenda_(agenda), observer_(observer) {}

  // `object` as the client sent it. 409 when the name is taken.
  Reply create(kube::Pod object, std::uint32_t step, std::uint32_t attempt, Random random);
  // A Secret that belongs to the pod of this uid, which may be gone. 409 when the name is taken.
  Reply create_secret(std::string name, std::string owner);
  Reply get(std::string_view name) const;
  // A merge patch of one annotation or label; `resource_version` empty: no precondition.
  enum class Meta { annotation, label };
  Reply patch(std::string_view name, std::string_view uid, std::string_view resource_version, Meta meta,
              std::string_view key, std::string_view value);
  // `uid`, `resource_version` empty: no precondition. `grace` in seconds; empty: the pod's own.
  Reply remove(std::string_view name, std::string_view uid, std::string_view resource_version,
               std::optional<std::int64_t> grace, Asker asker);

  // For the cluster's own components: change `pod.object`, then publish it.
  void publish(PodRecord& pod);
  void erase(PodRecord& pod);
  // A controller's or a person's DELETE.
  void remove(PodRecord& pod, std::optional<std::int64_t> grace, Asker asker);

  PodRecord* find(std::string_view name);
  // Null when there is none.
  const SecretRecord* secret(std::string_view name) const;
  // A person's DELETE. False when there is none.
  bool remove_secret(std::string_view name);
  // The garbage collector looks at it: without its owner it goes ("Garbage Collection").
  void collect_secret(std::uint32_t number);
  std::uint32_t secrets() const { return static_cast<std::uint32_t>(secrets_.size()); }
  std::deque<PodRecord>& pods() { return pods_; }
  const std::deque<PodRecord>& pods() const { return pods_; }

  std::uint64_t revision() const { return revision_; }
  const std::vector<Change>& history() const { return history_; }
  // The index of the first entry after `revision`.
  std::size_t after(std::uint64_t revision) const;
  bool compacted(std::uint64_t revision) const { return revision < compacted_; }
  void compact() { compacted_ = revision_; }
  // What a list shows of `revision`.
  std::vector<std::shared_ptr<const kube::Pod>> list(std::uint64_t revision) const;

  // The cluster's wall clock.
  kube::Timestamp wall(Instant at) const;
  void jump_clock(Duration by) { wall_offset_ += by; }

 private:
  void record(PodRecord& pod, kube::WatchLine::Type type);

  const Agenda& agenda_;
  ClusterObserver& observer_;
  std::deque<PodRecord> pods_;
  std::vector<SecretRecord> secrets_;
  std::vector<Change> history_;
  std::uint64_t revision_ = 100;
  std::uint64_t compacted_ = 0;
  Duration wall_offset_{0};
};

// A step's pod matches the watch of its owner.
bool matches_owner(const kube::Pod& pod);

}  // namespace stepop::simulation
