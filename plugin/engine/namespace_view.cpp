#include "engine/namespace_view.hpp"

namespace stepop::engine {

NamespaceView::NamespaceView(boost::asio::io_context& io, kube::Client& client, std::string namespace_,
                             std::string selector, std::uint64_t seed, Listener listener)
    : listener_(std::move(listener)) {
  kube::WatchOptions options;
  options.namespace_ = std::move(namespace_);
  options.label_selector = std::move(selector);
  options.random_seed = seed;
  watch_ = std::make_unique<kube::PodWatch>(io, client, std::move(options),
                                            [this](kube::WatchNotice notice) { hear(std::move(notice)); });
  watch_->start();
}

void NamespaceView::hear(kube::WatchNotice notice) {
  if (auto* applied = std::get_if<kube::PodApplied>(&notice)) {
    const auto& meta = applied->pod.metadata;
    const std::string step{meta.labels.get(manifest::label::step)};
    if (const auto known = step_of_uid_.find(meta.uid); known != step_of_uid_.end() && known->second != step) {
      // Somebody has changed its label: its step will not hear of it here any more, and must know that.
      hear(kube::PodRemoved{meta.namespace_, meta.name, meta.uid, std::nullopt});
    }
    if (step.empty()) return;
    auto& kept = by_step_[step][meta.uid];
    kept = std::move(applied->pod);
    step_of_uid_[kept.metadata.uid] = step;
    // The listener may change this map: hand it its own view.
    const kube::Pod pod = kept;
    listener_.applied(step, pod);
  } else if (auto* removed = std::get_if<kube::PodRemoved>(&notice)) {
    const auto known = step_of_uid_.find(removed->uid);
    if (known == step_of_uid_.end()) return;
    const auto step = known->second;
    step_of_uid_.erase(known);
    const auto pods = by_step_.find(step);
    pods->second.erase(removed->uid);
    if (pods->second.empty()) by_step_.erase(pods);
    listener_.removed(step, *removed);
  } else if (std::holds_alternative<kube::RelistBegan>(notice)) {
    listener_.gap();
  } else if (auto* synced = std::get_if<kube::Synced>(&notice)) {
    listener_.synced(synced->time);
  } else if (auto* trouble = std::get_if<kube::WatchTrouble>(&notice)) {
    listener_.trouble(*trouble);
  }
  // Unsynced: nobody decides on it; deadlines ask for a fresh view by themselves.
}

std::vector<kube::Pod> NamespaceView::pods_of(const std::string& step_hash) const {
  std::vector<kube::Pod> found;
  if (const auto pods = by_step_.find(step_hash); pods != by_step_.end()) {
    for (const auto& [uid, pod] : pods->second) found.push_back(pod);
  }
  return found;
}

std::vector<std::pair<std::string, kube::Pod>> NamespaceView::pods() const {
  std::vector<std::pair<std::string, kube::Pod>> found;
  for (const auto& [step, pods] : by_step_) {
    for (const auto& [uid, pod] : pods) found.emplace_back(step, pod);
  }
  return found;
}

}  // namespace stepop::engine
