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

PodRecord* ApiServer::find(std::string_view name) {
  for (auto pod = pods_.rbegin(); pod != pods_.rend(); ++pod) {
    if (pod->exists && pod->object.metadata.name == name) return &*pod;
  }
  return nullptr;
}

Reply ApiServer::create(kube::Pod object, std::uint32_t step, std::uint32_t attempt, Random random) {
  if (find(object.metadata.name)) return Reply::of(409, "AlreadyExists", "pods already exists");
  const auto number = static_cast<std::uint32_t>(pods_.size());
  auto& pod = pods_.emplace_back(number, step, attempt, random.fork(number));
  pod.object = std::move(object);
  pod.object.metadata.uid = "u" + std::to_string(number);
  pod.object.metadata.namespace_ = namespace_name;
  pod.object.metadata.creation_timestamp = wall(agenda_.now());
  pod.object.phase = kube::PodPhase::Pending;
  pod.exists = true;
  record(pod, Type::Added);
  observer_.on_created(pod);
  return Reply::of(pod.published);
}

Reply ApiServer::create_secret(std::string name, std::string owner) {
  if (secret(name)) return Reply::of(409, "AlreadyExists", "secrets already exists");
  secrets_.push_back({std::move(name), std::move(owner), true, agenda_.now()});
  observer_.on_secret(secrets() - 1);
  return {};
}

const SecretRecord* ApiServer::secret(std::string_view name) const {
  const auto found = std::find_if(secrets_.begin(), secrets_.end(),
                                  [&](const SecretRecord& one) { return one.exists && one.name == name; });
  return found == secrets_.end() ? nullptr : &*found;
}

bool ApiServer::remove_secret(std::string_view name) {
  auto* found = const_cast<SecretRecord*>(secret(name));
  if (found) found->exists = false;
  return found != nullptr;
}

void ApiServer::collect_secret(std::uint32_t number) {
  auto& one = secrets_[number];
  const bool owned = std::any_of(pods_.begin(), pods_.end(), [&](const PodRecord& pod) {
    return pod.exists && pod.object.metadata.uid == one.owner;
  });
  if (!owned) one.exists = false;
}

Reply ApiServer::get(std::string_view name) const {
  const auto* pod = const_cast<ApiServer*>(this)->find(name);
  return pod ? Reply::of(pod->published) : Reply::of(404, "NotFound", "pods not found");
}

Reply ApiServer::patch(std::string_view name, std::string_view uid, std::string_view resource_version, Meta meta,
                       std::string_view key, std::string_view value) {
  auto* pod = find(name);
  if (!pod) return Reply::of(404, "NotFound", "pods not found");
  auto& metadata = pod->object.metadata;
  if (metadata.uid != uid) return other_uid();
  if (!resource_version.empty() && metadata.resource_version != resource_version) {
    return Reply::of(409, "Conflict", "the object has been modified");
  }
  auto& map = meta == Meta::annotation ? metadata.annotations : metadata.labels;
  if (map.get(key) == value) return Reply::of(pod->published);  // nothing changes, no new version
  map.set(std::string(key), std::string(value));
  publish(*pod);
  return Reply::of(pod->published);
}

Reply ApiServer::remove(std::string_view name, std::string_view uid, std::string_view resource_version,
                        std::optional<std::int64_t> grace, Asker asker) {
  auto* pod = find(name);
  if (!pod) return Reply::of(404, "NotFound", "pods not found");
  if (!uid.empty() && pod->object.metadata.uid != uid) return other_uid();
  if (!resource_version.empty() && pod->object.metadata.resource_version != resource_version) {
    return Reply::of(409, "Conflict", "the object has been modified");
  }
  remove(*pod, grace, asker);
  return Reply::of(pod->published);
}

// "Pod Lifecycle", Termination of Pods; the pod strategy's CheckGracefulDelete: a pod without a node, and one that has
// ended, go at once.
void ApiServer::remove(PodRecord& pod, std::optional<std::int64_t> grace, Asker asker) {
  if (pod.first_delete == Asker::nobody) pod.first_delete = asker;
  if (asker == Asker::somebody) pod.deleted_by_somebody = true;
  if (asker == Asker::stepop) pod.deleted_by_stepop = true;
  if (!pod.unheard_since) pod.unheard_since = agenda_.now();
  auto& metadata = pod.object.metadata;
  const bool unbound = pod.object.node_name.empty();
  const bool over = pod.object.phase == kube::PodPhase::Succeeded || pod.object.phase == kube::PodPhase::Failed;
  const auto period = unbound || over ? 0 : grace.value_or(pod.object.termination_grace_seconds.value_or(30));
  const bool shortens = !metadata.deletion_timestamp || period < metadata.deletion_grace_seconds.value_or(0);
  if (shortens) {
    metadata.deletion_timestamp = wall(agenda_.now() + std::chrono::seconds(period));
    metadata.deletion_grace_seconds = period;
    publish(pod);
  }
  if (period == 0) {
    erase(pod);
  } else if (shortens) {
    observer_.on_deletion(pod);
  }
}

void ApiServer::publish(PodRecord& pod) {
  const bool matches = matches_owner(pod.object);
  if (matches) return record(pod, pod.in_view ? Type::Modified : Type::Added);
  if (pod.in_view) return record(pod, Type::Deleted);  // to the watch it is gone
  pod.object.metadata.resource_version = std::to_string(++revision_);
  pod.published = std::make_shared<const kube::Pod>(pod.object);
}

void ApiServer::erase(PodRecord& pod) {
  pod.exists = false;
  pod.removed = true;
  pod.removed_at = agenda_.now();
  pod.removed_unbound = pod.object.node_name.empty();
  pod.forced = !pod.confirmed_stopped();
  if (pod.in_view) record(pod, Type::Deleted);
  observer_.on_removed(pod);
}

void ApiServer::record(PodRecord& pod, Type type) {
  pod.object.metadata.resource_version = std::to_string(++revision_);
  auto told = std::make_shared<kube::Pod>(type == Type::Deleted && pod.exists ? *pod.published : pod.object);
  told->metadata.resource_version = pod.object.metadata.resource_version;
  // To a watch whose selector it does not match any more it is deleted, and looks as it did before.
  pod.published = type == Type::Deleted && pod.exists ? std::make_shared<const kube::Pod>(pod.object) : told;
  pod.in_view = type != Type::Deleted;
  history_.push_back({revision_, type, pod.number, std::move(told), agenda_.now()});
  observer_.on_change(history_.size() - 1);
}

std::size_t ApiServer::after(std::uint64_t revision) const {
  const auto first =
      std::upper_bound(history_.begin(), history_.end(), revision,
                       [](std::uint64_t value, const Change& change) { return value < change.revision; });
  return static_cast<std::size_t>(first - history_.begin());
}

std::vector<std::shared_ptr<const kube::Pod>> ApiServer::list(std::uint64_t revision) const {
  std::vector<std::shared_ptr<const kube::Pod>> newest(pods_.size());
  for (const auto& change : history_) {
    if (change.revision > revision) break;
    newest[change.pod] = change.type == Type::Deleted ? nullptr : change.state;
  }
  std::erase(newest, nullptr);
  return newest;
}

}  // namespace stepop::simulation
