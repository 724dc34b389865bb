#include "kube/pod.hpp"

#include <algorithm>

namespace stepop::kube {

namespace {

template <class T, class Member>
const T* find_by(const std::vector<T>& list, Member member, std::string_view value) noexcept {
  const auto found = std::find_if(list.begin(), list.end(), [&](const T& item) { return item.*member == value; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const std::string* StringMap::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.first == key) return &entry.second;
  }
  return nullptr;
}

std::string_view StringMap::get(std::string_view key) const noexcept {
  const std::string* value = find(key);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

void StringMap::set(std::string key, std::string value) {
  for (Entry& entry : entries_) {
    if (entry.first == key) {
      entry.second = std::move(value);
      return;
    }
  }
  entries_.emplace_back(std::move(key), std::move(value));
}

std::string_view kind_name(Resource resource) noexcept {
  return resource == Resource::Jobs ? "Job" : "Pod";
}

std::string_view phase_name(PodPhase phase) noexcept {
  switch (phase) {
    case PodPhase::None:
      return "";
    case PodPhase::Pending:
      return "Pending";
    case PodPhase::Running:
      return "Running";
    case PodPhase::Succeeded:
      return "Succeeded";
    case PodPhase::Failed:
      return "Failed";
    case PodPhase::Unknown:
      return "Unknown";
  }
  return "";
}

const PodCondition* Pod::condition(std::string_view type) const noexcept {
  return find_by(conditions, &PodCondition::type, type);
}

const ContainerStatus* Pod::container_status(std::string_view name) const noexcept {
  return find_by(container_statuses, &ContainerStatus::name, name);
}

const ContainerStatus* Pod::init_container_status(std::string_view name) const noexcept {
  return find_by(init_container_statuses, &ContainerStatus::name, name);
}

}  // namespace stepop::kube
