#include "api_server.hpp"

#include <algorithm>

#include "manifest/labels.hpp"
#include "names.hpp"

namespace stepop::simulation {

using Type = kube::WatchLine::Type;

Reply Reply::of(std::shared_ptr<const kube::Pod> pod) {
  Reply reply;
  reply.kind = Kind::pod;
  reply.pod = std::move(pod);
  return reply;
}

Reply Reply::of(int code, std::string reason, std::string message) {
  Reply reply;
  reply.kind = Kind::status;
  reply.status.code = code;
  reply.status.reason = std::move(reason);
  reply.status.message = std::move(message);
  return reply;
}

Reply Reply::nothing(bool may_have_reached_server) {
  Reply reply;
  reply.kind = Kind::no_answer;
  reply.may_have_reached_server = may_have_reached_server;
  return reply;
}

namespace {

Reply other_uid() {
  return Reply::of(409, "Conflict", "Precondition failed: UID in precondition: x, UID in object meta: y");
}

Reply modified() {
  return Reply::of(409, "Conflict", "the object has been modified");
}

Reply not_found(kube::Resource resource) {
  return Reply::of(404, "NotFound", resource == kube::Resource::Jobs ? "jobs.batch not found" : "pods not found");
}

}  // namespace

bool matches_owner(const kube::Pod& pod) {
  return pod.metadata.labels.get(manifest::label::owner) == owner_name;
}

kube::Timestamp ApiServer::wall(Instant at) const {
  // Any date will do, but not the epoch, which has a meaning.
  constexpr auto beginning = std::chrono::seconds(1'700'000'000);
  return kube::Timestamp(
      std::chrono::duration_cast<kube::Timestamp::duration>(at.time_since_epoch() + wall_offset_ + beginning));
}

namespace {

template <class Records>
auto* newest_of_name(Records& records, std::string_view name) {
  const auto found = std::find_if(records.rbegin(), records.rend(), [&](const auto& record) {
    return record.exists && record.object.metadata.name == name;
  });
  return found == records.rend() ? nullptr : &*found;
}

}  // namespace

PodRecord* ApiServer::find(std::string_view name) {
  return newest_of_name(pods_, name);
}

JobRecord* ApiServer::find_job(std::string_view name) {
  return newest_of_name(jobs_, name);
}

StoredObject* ApiServer::find_stored(Resource resource, std::string_view name) {
  if (resource == Resource::Jobs) return find_job(name);
  return find(name);
}

void ApiServer::store(StoredObject& stored, kube::Pod object) {
  stored.object = std::move(object);
  auto& metadata = stored.object.metadata;
  metadata.uid = (stored.resource == Resource::Jobs ? "j" : "u") + std::to_string(stored.number);
  metadata.namespace_ = namespace_name;
  metadata.creation_timestamp = wall(agenda_.now());
  stored.exists = true;
}

Reply ApiServer::create(kube::Pod object, std::uint32_t step, std::uint32_t attempt, Random random) {
  if (find(object.metadata.name)) return Reply::of(409, "AlreadyExists", "pods already exists");
  const auto number = static_cast<std::uint32_t>(pods_.size());
  auto& pod = pods_.emplace_back(number, step, attempt, random.fork(number));
  object.phase = kube::PodPhase::Pending;
  store(pod, std::move(object));
  record(pod, Type::Added);
  observer_.on_created(pod);
  return Reply::of(pod.published);
}

Reply ApiServer::create_job(kube::Pod object, std::uint32_t step, std::uint32_t attempt, Random random) {
  if (find_job(object.metadata.name)) return Reply::of(409, "AlreadyExists", "jobs.batch already exists");
  const auto number = static_cast<std::uint32_t>(jobs_.size());
  auto& job = jobs_.emplace_back(Resource::Jobs, number, step, attempt, random.fork(number));
  job.pod_metadata.labels = object.metadata.labels;
  job.pod_metadata.annotations = object.metadata.annotations;
  job.completions = static_cast<std::uint32_t>(object.completions.value_or(1));
  store(job, std::move(object));
  record(job, Type::Added);
  observer_.on_job_created(job);
  return Reply::of(job.published);
}

void ApiServer::create_pod_of(JobRecord& job, std::uint32_t index, kube::Pod object) {
  const auto number = static_cast<std::uint32_t>(pods_.size());
  auto& pod = pods_.emplace_back(number, job.step, job.attempt, job.random.fork(number));
  pod.job = &job;
  pod.index = index;
  job.pods.push_back(&pod);
  object.phase = kube::PodPhase::Pending;
  store(pod, std::move(object));
  record(pod, Type::Added);
  observer_.on_created(pod);
}

Reply ApiServer::create_beside(Beside kind, std::string name, std::string owner, std::uint32_t step) {
  if (beside(kind, name)) return Reply::of(409, "AlreadyExists", "it already exists");
  besides_.push_back({kind, std::move(name), std::move(owner), true, agenda_.now(), step});
  observer_.on_beside(besides() - 1);
  return {};
}

Reply ApiServer::give_beside(Beside kind, std::string_view name, std::string owner) {
  auto* found = const_cast<BesideRecord*>(beside(kind, name));
  if (!found) return Reply::of(404, "NotFound", "not found");
  found->owner = std::move(owner);
  observer_.on_beside(static_cast<std::uint32_t>(found - besides_.data()));
  return {};
}

const BesideRecord* ApiServer::beside(Beside kind, std::string_view name) const {
  const auto found = std::find_if(besides_.begin(), besides_.end(), [&](const BesideRecord& one) {
    return one.exists && one.kind == kind && one.name == name;
  });
  return found == besides_.end() ? nullptr : &*found;
}

bool ApiServer::remove_secret(std::string_view name) {
  auto* found = const_cast<BesideRecord*>(secret(name));
  if (found) found->exists = false;
  return found != nullptr;
}

void ApiServer::collect_beside(std::uint32_t number) {
  auto& one = besides_[number];
  const auto owns = [&](const StoredObject& stored) {
    return stored.exists && stored.object.metadata.uid == one.owner;
  };
  if (!one.exists || std::any_of(pods_.begin(), pods_.end(), owns) || std::any_of(jobs_.begin(), jobs_.end(), owns)) {
    return;
  }
  one.exists = false;
  observer_.on_beside_collected(one);
}

Reply ApiServer::get(Resource resource, std::string_view name) const {
  const auto* stored = const_cast<ApiServer*>(this)->find_stored(resource, name);
  return stored ? Reply::of(stored->published) : not_found(resource);
}

Reply ApiServer::list_pods_of(std::string_view job_uid) const {
  Reply reply;
  reply.kind = Reply::Kind::pods;
  for (const auto& pod : pods_) {
    if (pod.exists && pod.job && pod.job->object.metadata.uid == job_uid) reply.pods.push_back(pod.published);
  }
  return reply;
}

Reply ApiServer::patch(Resource resource, std::string_view name, std::string_view uid,
                       std::string_view resource_version, Meta meta, std::string_view key, std::string_view value) {
  auto* stored = find_stored(resource, name);
  if (!stored) return not_found(resource);
  auto& metadata = stored->object.metadata;
  if (metadata.uid != uid) return other_uid();
  if (!resource_version.empty() && metadata.resource_version != resource_version) return modified();
  auto& map = meta == Meta::annotation ? metadata.annotations : metadata.labels;
  if (map.get(key) == value) return Reply::of(stored->published);  // nothing changes, no new version
  map.set(std::string(key), std::string(value));
  publish(*stored);
  return Reply::of(stored->published);
}

Reply ApiServer::remove(std::string_view name, std::string_view uid, std::string_view resource_version,
                        std::optional<std::int64_t> grace, Asker asker) {
  auto* pod = find(name);
  if (!pod) return not_found(Resource::Pods);
  if (!uid.empty() && pod->object.metadata.uid != uid) return other_uid();
  if (!resource_version.empty() && pod->object.metadata.resource_version != resource_version) return modified();
  remove(*pod, grace, asker);
  return Reply::of(pod->published);
}

Reply ApiServer::remove_job(std::string_view name, std::string_view uid, std::string_view resource_version,
                            Propagation propagation, Asker asker) {
  auto* job = find_job(name);
  if (!job) return not_found(Resource::Jobs);
  if (!uid.empty() && job->object.metadata.uid != uid) return other_uid();
  if (!resource_version.empty() && job->object.metadata.resource_version != resource_version) return modified();
  remove(*job, propagation, asker);
  return job->exists ? Reply::of(job->published) : Reply();  // a Status Success when it went at once
}

void ApiServer::note_delete(StoredObject& stored, Asker asker) {
  if (stored.first_delete == Asker::nobody) stored.first_delete = asker;
  if (asker == Asker::somebody) stored.deleted_by_somebody = true;
  if (asker == Asker::stepop) stored.deleted_by_stepop = true;
}

// "Pod Lifecycle", Termination of Pods; the pod strategy's CheckGracefulDelete: a pod without a node, and one that has
// ended, go at once, unless a finalizer keeps them.
void ApiServer::remove(PodRecord& pod, std::optional<std::int64_t> grace, Asker asker) {
  note_delete(pod, asker);
  if (!pod.unheard_since) pod.unheard_since = agenda_.now();
  auto& metadata = pod.object.metadata;
  const bool unbound = pod.object.node_name.empty();
  pod.deleted_unbound |= unbound;
  const bool over = pod.object.phase == kube::PodPhase::Succeeded || pod.object.phase == kube::PodPhase::Failed;
  const auto period = unbound || over ? 0 : grace.value_or(pod.object.termination_grace_seconds.value_or(30));
  const bool shortens = !metadata.deletion_timestamp || period < metadata.deletion_grace_seconds.value_or(0);
  if (shortens) {
    metadata.deletion_timestamp = wall(agenda_.now() + std::chrono::seconds(period));
    metadata.deletion_grace_seconds = period;
    publish(pod);
  }
  if (period == 0 && metadata.finalizers.empty()) {
    erase(pod);
  } else if (shortens) {
    observer_.on_deletion(pod);
  }
}

// In the foreground it stays until the garbage collector has seen its pods go. What a Job's deletion means for them, whoever
// asked for it has asked for.
void ApiServer::remove(JobRecord& job, Propagation propagation, Asker asker) {
  note_delete(job, asker);
  if (propagation == Propagation::background) return erase(job);
  auto& metadata = job.object.metadata;
  if (metadata.deletion_timestamp) return;
  metadata.deletion_timestamp = wall(agenda_.now());
  metadata.deletion_grace_seconds = 0;
  publish(job);
}

void ApiServer::drop_finalizer(PodRecord& pod) {
  auto& metadata = pod.object.metadata;
  if (metadata.finalizers.empty()) return;
  metadata.finalizers.clear();
  if (metadata.deletion_timestamp && metadata.deletion_grace_seconds == 0) {
    erase(pod);
  } else {
    publish(pod);
  }
}

void ApiServer::publish(StoredObject& stored) {
  if (matches_owner(stored.object)) {
    record(stored, stored.in_view ? Type::Modified : Type::Added);
  } else if (stored.in_view) {
    record(stored, Type::Deleted);  // to the watch it is gone
  } else {
    stored.object.metadata.resource_version = std::to_string(++revision_);
    stored.published = std::make_shared<const kube::Pod>(stored.object);
  }
  if (stored.resource == Resource::Jobs) {
    observer_.on_job_changed(static_cast<JobRecord&>(stored));
  } else if (auto* job = static_cast<PodRecord&>(stored).job) {
    observer_.on_job_changed(*job);
  }
}

void ApiServer::erase(PodRecord& pod) {
  pod.exists = false;
  pod.removed = true;
  pod.removed_at = agenda_.now();
  pod.deleted_unbound |= pod.object.node_name.empty();
  pod.forced = !pod.confirmed_stopped();
  if (pod.in_view) record(pod, Type::Deleted);
  observer_.on_removed(pod);
  if (pod.job) observer_.on_job_changed(*pod.job);
}

void ApiServer::erase(JobRecord& job) {
  job.exists = false;
  job.removed = true;
  job.removed_at = agenda_.now();
  if (job.in_view) record(job, Type::Deleted);
  observer_.on_job_removed(job);
  observer_.on_job_changed(job);
}

void ApiServer::record(StoredObject& stored, Type type) {
  stored.object.metadata.resource_version = std::to_string(++revision_);
  auto told = std::make_shared<kube::Pod>(type == Type::Deleted && stored.exists ? *stored.published : stored.object);
  told->metadata.resource_version = stored.object.metadata.resource_version;
  // To a watch whose selector it does not match any more it is deleted, and looks as it did before.
  stored.published = type == Type::Deleted && stored.exists ? std::make_shared<const kube::Pod>(stored.object) : told;
  stored.in_view = type != Type::Deleted;
  auto& history = histories_[index_of(stored.resource)];
  history.push_back({revision_, type, stored.number, std::move(told), agenda_.now()});
  observer_.on_change(stored.resource, history.size() - 1);
}

std::size_t ApiServer::after(Resource resource, std::uint64_t revision) const {
  const auto& history = this->history(resource);
  const auto first =
      std::upper_bound(history.begin(), history.end(), revision,
                       [](std::uint64_t value, const Change& change) { return value < change.revision; });
  return static_cast<std::size_t>(first - history.begin());
}

std::vector<std::shared_ptr<const kube::Pod>> ApiServer::list(Resource resource, std::uint64_t revision) const {
  std::vector<std::shared_ptr<const kube::Pod>> newest(resource == Resource::Jobs ? jobs_.size() : pods_.size());
  for (const auto& change : history(resource)) {
    if (change.revision > revision) break;
    newest[change.number] = change.type == Type::Deleted ? nullptr : change.state;
  }
  std::erase(newest, nullptr);
  return newest;
}

}  // namespace stepop::simulation
