#include <algorithm>
#include <utility>

#include "engine/engine_step.hpp"
#include "engine/policy.hpp"
#include "kube/pod_watch.hpp"

// Engine: what the cluster says to it, and `attach`, which is answered from that.

namespace stepop::engine {

using lifecycle::Origin;

namespace {

// "Jobs in namespace zenml": a watch that works says nothing of the other one.
std::string watch_name(const std::string& namespace_, kube::Resource resource) {
  return (resource == kube::Resource::Jobs ? "Jobs" : "pods") + (" in namespace " + namespace_);
}

bool concerns(kube::Resource watched, kube::Resource kind) {
  return watched == kube::Resource::Pods || kind == kube::Resource::Jobs;
}

}  // namespace

manifest::Marks marks_of(const kube::Pod& pod) {
  const auto lookup = [](const kube::StringMap& map) {
    return [&map](std::string_view key) -> std::optional<std::string_view> {
      const auto* found = map.find(key);
      return found ? std::optional<std::string_view>(*found) : std::nullopt;
    };
  };
  return manifest::marks_of(lookup(pod.metadata.labels), lookup(pod.metadata.annotations));
}

NamespaceView& Engine::view_of(const std::string& namespace_) {
  auto& view = namespaces_[namespace_];
  if (!view) {
    NamespaceView::Listener listener;
    listener.applied = [this, namespace_](const std::string& hash, const Workload& workload) {
      if (auto* step = step_of(hash, namespace_)) on_applied(*step, workload);
    };
    listener.removed = [this, namespace_](const std::string& hash, const std::string& uid,
                                          std::optional<Workload> last) {
      if (auto* step = step_of(hash, namespace_)) on_removed(*step, uid, std::move(last));
    };
    listener.pod_applied = [this, namespace_](const std::string& hash, const kube::Pod& pod) {
      if (auto* step = step_of(hash, namespace_)) on_pod_applied(*step, pod);
    };
    listener.pod_removed = [this, namespace_](const std::string& hash, const kube::PodRemoved& removed) {
      if (auto* step = step_of(hash, namespace_)) on_pod_removed(*step, removed);
    };
    listener.gap = [this, namespace_](kube::Resource resource) { on_gap(namespace_, resource); };
    listener.synced = [this, namespace_](kube::Resource resource) { on_synced(namespace_, resource); };
    listener.trouble = [this, namespace_](kube::Resource resource, const kube::WatchTrouble& trouble) {
      on_trouble(namespace_, resource, trouble);
    };
    kube::WatchFactory watches = [this](kube::WatchOptions options, kube::Watch::Consumer consumer) {
      return std::make_unique<kube::PodWatch>(io_, client_, std::move(options), std::move(consumer));
    };
    view = std::make_unique<NamespaceView>(std::move(watches), namespace_, manifest::owner_selector(self_.owner),
                                           self_.seed, std::move(listener));
  }
  return *view;
}

Engine::Step* Engine::step_of(const std::string& step_hash, const std::string& namespace_) {
  const auto id = id_of_hash_.find(step_hash);
  auto* step = id == id_of_hash_.end() ? nullptr : find(id->second);
  return step && step->namespace_ == namespace_ ? step : nullptr;
}

void Engine::on_applied(Step& step, const Workload& workload) {
  if (!step.request) step.kind = workload.job ? kube::Resource::Jobs : kube::Resource::Pods;
  perform(step, step.machine.on_pod(now(), read(step, workload)));
}

void Engine::on_removed(Step& step, const std::string& uid, std::optional<Workload> last) {
  std::optional<lifecycle::PodView> view;
  if (last) view = read(step, std::move(*last));
  perform(step, step.machine.on_removed(now(), uid, std::move(view)));
}

// Before the machine goes on to another attempt.
void Engine::on_pod_applied(Step& step, const kube::Pod& pod) {
  for (auto& log : step.logs) log->on_pod(marks_of(pod).attempt.value_or(0), pod);
}

void Engine::on_pod_removed(Step& step, const kube::PodRemoved& removed) {
  // One that only lost its labels is still there.
  const bool gone = !removed.last || removed.last->metadata.deletion_timestamp;
  for (auto& log : step.logs) {
    if (removed.last) log->on_pod(marks_of(*removed.last).attempt.value_or(0), *removed.last);
    if (gone) log->on_gone(removed.uid);
  }
}

std::vector<std::string> Engine::steps_in(const std::string& namespace_) const {
  std::vector<std::string> ids;
  for (const auto& [id, step] : steps_) {
    if (step->namespace_ == namespace_) ids.push_back(id);
  }
  return ids;
}

// What happens to the watch of Jobs is nothing to a bare pod.
void Engine::on_gap(const std::string& namespace_, kube::Resource resource) {
  for (const auto& id : steps_in(namespace_)) {
    auto* step = find(id);
    if (step && concerns(resource, step->kind)) perform(*step, step->machine.on_gap(now()));
  }
}

void Engine::on_synced(const std::string& namespace_, kube::Resource resource) {
  last_trouble_.erase(watch_name(namespace_, resource));
  const auto& view = view_of(namespace_);
  take_in_whoever_waits(namespace_);
  for (const auto& id : steps_in(namespace_)) {
    auto* step = find(id);
    if (!step || !concerns(resource, step->kind) || !view.unbroken(step->kind)) continue;
    if (const auto time = view.complete_as_of(step->kind)) perform(*step, step->machine.on_synced(now(), *time));
  }
}

void Engine::on_trouble(const std::string& namespace_, kube::Resource resource, const kube::WatchTrouble& trouble) {
  using Kind = kube::WatchTrouble::Kind;
  if (trouble.kind == Kind::Unauthorized || trouble.kind == Kind::Forbidden) {
    kube::Status status;
    status.code = trouble.status;
    status.message = trouble.message;
    for (const auto& id : steps_in(namespace_)) {
      auto* step = find(id);
      if (step && concerns(resource, step->kind)) perform(*step, step->machine.on_view_refused(now(), status));
    }
  }
  if (resource == kube::Resource::Jobs && view_of(namespace_).jobs_are_refused()) {
    // Who may not know of Jobs has none.
    for (const auto& id : steps_in(namespace_)) {
      if (auto* step = find(id); step && !step->request) step->kind = kube::Resource::Pods;
    }
    on_synced(namespace_, kube::Resource::Pods);
  }
  const auto ids = steps_in(namespace_);
  const bool needed =
      std::any_of(ids.begin(), ids.end(), [&](const auto& id) { return concerns(resource, find(id)->kind); });
  if (resource == kube::Resource::Jobs && !needed) return;
  const std::string watch = watch_name(namespace_, resource);
  auto& told = last_trouble_[watch];
  if (told == trouble.message) return;
  told = trouble.message;
  events_.warning("", "WatchTrouble", "Watching " + watch + ": " + trouble.message);
}

// ---- attach -----------------------------------------------------------------------------------------------

void Engine::take_in(Attachment& attachment, const std::string& namespace_) {
  const auto& filter = attachment.filter;
  for (auto& [hash, workload] : view_of(namespace_).workloads()) {
    const auto& pod = workload.pod;
    const auto marks = marks_of(pod);
    if (marks.owner != self_.owner || marks.step_run_id.empty()) continue;
    const auto& ids = filter.step_run_ids;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), marks.step_run_id) == ids.end()) continue;
    const bool labelled = std::all_of(filter.labels.begin(), filter.labels.end(), [&](const auto& label) {
      const auto* value = pod.metadata.labels.find(label.first);
      return value && *value == label.second;
    });
    if (!labelled) continue;
    const auto& found = attachment.found;
    if (std::find(found.begin(), found.end(), marks.step_run_id) != found.end()) continue;
    attachment.found.push_back(marks.step_run_id);
    if (auto* known = find(marks.step_run_id)) {
      if (attachment.own) perform(*known, known->machine.own(now()));
      continue;
    }
    auto& step =
        add(marks.step_run_id, hash, namespace_, workload.job ? kube::Resource::Jobs : kube::Resource::Pods,
            lifecycle::StepMachine(Origin::attached, attachment.own, policy_of(marks), self_.seed + next_serial_));
    step.request_hash = marks.request_hash;

    begin(step);
  }
}

void Engine::take_in_whoever_waits(const std::string& namespace_) {
  const auto& view = view_of(namespace_);
  if (!view.complete_as_of(kube::Resource::Pods)) return;
  if (!view.complete_as_of(kube::Resource::Jobs) && !view.jobs_are_refused()) return;
  for (auto& attachment : attachments_) {
    if (attachment.waiting_for.erase(namespace_)) take_in(attachment, namespace_);
  }
  tell_attached();
}

// Once the namespaces are known, and each step that was found has been told of.
void Engine::tell_attached() {
  const auto untold = [this](const std::string& id) {
    const auto* step = find(id);
    return step && step->untold_end;
  };
  std::erase_if(attachments_, [&](const Attachment& attachment) {
    if (!attachment.waiting_for.empty()) return false;
    if (std::any_of(attachment.found.begin(), attachment.found.end(), untold)) return false;
    events_.attached(attachment.ticket, attachment.found);
    return true;
  });
}

}  // namespace stepop::engine
