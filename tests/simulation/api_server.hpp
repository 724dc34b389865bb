#pragma once

#include <array>
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
  enum class Kind : std::uint8_t { done, pod, pods, status, no_answer };
  Kind kind = Kind::done;
  std::shared_ptr<const kube::Pod> pod{};  // or a Job
  std::vector<std::shared_ptr<const kube::Pod>> pods{};
  kube::Status status{};
  bool may_have_reached_server = true;
  Instant made_at{};  // the answer is the truth of this moment

  static Reply of(std::shared_ptr<const kube::Pod> pod);
  static Reply of(int code, std::string reason, std::string message);
  static Reply nothing(bool may_have_reached_server);
};

// An entry of the history that watches read: as it looks to a watch of our owner's pods, or Jobs.
struct Change {
  std::uint64_t revision = 0;
  kube::WatchLine::Type type = kube::WatchLine::Type::Added;
  std::uint32_t number = 0;
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
  virtual void on_job_created(JobRecord&) {}
  // It, or a pod of it, is not what it was.
  virtual void on_job_changed(JobRecord&) {}
  virtual void on_job_removed(JobRecord&) {}
  // A Secret or a Service was made, or given to another.
  virtual void on_beside(std::uint32_t number) = 0;
  virtual void on_beside_collected(const BesideRecord&) {}
  // The truth, not the object: user code runs.
  virtual void on_started(const PodRecord& pod) = 0;
  // A new entry of the history.
  virtual void on_change(kube::Resource resource, std::size_t index) = 0;

 protected:
  ~ClusterObserver() = default;
};

// What the owner references say of an object's own: it goes when they have gone, or before them ("Garbage Collection").
enum class Propagation : std::uint8_t { foreground, background };

// The pods and Jobs of one namespace, as a Kubernetes API server stores them: uid, resourceVersion, preconditions, graceful
// deletion ("Kubernetes API Concepts"; "Pod Lifecycle", Termination of Pods; "Finalizers"), and the history that watches follow.
// Everything happens at once here; the network is elsewhere.
class ApiServer {
 public:
  ApiServer(const Agenda& agenda, ClusterObserver& observer) : agenda_(agenda), observer_(observer) {}

  using Resource = kube::Resource;

  // `object` as the client sent it. 409 when the name is taken.
  Reply create(kube::Pod object, std::uint32_t step, std::uint32_t attempt, Random random);
  Reply create_job(kube::Pod object, std::uint32_t step, std::uint32_t attempt, Random random);
  // As the Job controller does.
  void create_pod_of(JobRecord& job, std::uint32_t index, kube::Pod object);
  using Beside = BesideRecord::Kind;
  // A Secret or Service that belongs to the workload of this uid, which may be gone. 409 when the name is taken.
  Reply create_beside(Beside kind, std::string name, std::string owner, std::uint32_t step);
  // A patch of its owner reference.
  Reply give_beside(Beside kind, std::string_view name, std::string owner);
  Reply get(Resource resource, std::string_view name) const;
  // By the label that the Job controller writes.
  Reply list_pods_of(std::string_view job_uid) const;
  // A merge patch of one annotation or label; `resource_version` empty: no precondition.
  enum class Meta { annotation, label };
  Reply patch(Resource resource, std::string_view name, std::string_view uid, std::string_view resource_version,
              Meta meta, std::string_view key, std::string_view value);
  // `uid`, `resource_version` empty: no precondition. `grace` in seconds; empty: the pod's own.
  Reply remove(std::string_view name, std::string_view uid, std::string_view resource_version,
               std::optional<std::int64_t> grace, Asker asker);
  Reply remove_job(std::string_view name, std::string_view uid, std::string_view resource_version,
                   Propagation propagation, Asker asker);

  // For the cluster's own components: change `pod.object`, then publish it.
  void publish(StoredObject& stored);
  void erase(PodRecord& pod);
  void erase(JobRecord& job);
  // The Job controller's, which kept the pod until its end was counted.
  void drop_finalizer(PodRecord& pod);
  // A controller's or a person's DELETE.
  void remove(PodRecord& pod, std::optional<std::int64_t> grace, Asker asker);
  void remove(JobRecord& job, Propagation propagation, Asker asker);

  PodRecord* find(std::string_view name);
  JobRecord* find_job(std::string_view name);
  // Null when there is none.
  const BesideRecord* beside(Beside kind, std::string_view name) const;
  const BesideRecord* secret(std::string_view name) const { return beside(Beside::secret, name); }
  // A person's DELETE. False when there is none.
  bool remove_secret(std::string_view name);
  // The garbage collector looks at it: without its owner it goes ("Garbage Collection").
  void collect_beside(std::uint32_t number);
  std::uint32_t besides() const { return static_cast<std::uint32_t>(besides_.size()); }
  std::deque<PodRecord>& pods() { return pods_; }
  const std::deque<PodRecord>& pods() const { return pods_; }
  std::deque<JobRecord>& jobs() { return jobs_; }
  const std::deque<JobRecord>& jobs() const { return jobs_; }

  std::uint64_t revision() const { return revision_; }
  const std::vector<Change>& history(Resource resource) const { return histories_[index_of(resource)]; }
  // The index of the first entry after `revision`.
  std::size_t after(Resource resource, std::uint64_t revision) const;
  bool compacted(std::uint64_t revision) const { return revision < compacted_; }
  void compact() { compacted_ = revision_; }
  // What a list shows of `revision`.
  std::vector<std::shared_ptr<const kube::Pod>> list(Resource resource, std::uint64_t revision) const;

  // The cluster's wall clock.
  kube::Timestamp wall(Instant at) const;
  void jump_clock(Duration by) { wall_offset_ += by; }

 private:
  static constexpr std::size_t index_of(Resource resource) { return static_cast<std::size_t>(resource); }
  StoredObject* find_stored(Resource resource, std::string_view name);
  void store(StoredObject& stored, kube::Pod object);
  void record(StoredObject& stored, kube::WatchLine::Type type);
  void note_delete(StoredObject& stored, Asker asker);

  const Agenda& agenda_;
  ClusterObserver& observer_;
  std::deque<PodRecord> pods_;
  std::deque<JobRecord> jobs_;
  std::vector<BesideRecord> besides_;
  std::array<std::vector<Change>, 2> histories_;  // by resource
  std::uint64_t revision_ = 100;
  std::uint64_t compacted_ = 0;
  Duration wall_offset_{0};
};

// A step's pod or Job matches the watch of its owner.
bool matches_owner(const kube::Pod& pod);

}  // namespace stepop::simulation
