#include "input/place_of_path.hpp"

#include <charconv>
#include <string>

namespace stepop::orchestrator {
namespace {

// The next name or index of a path, without dots, brackets and quotes; empty at its end.
std::string next_part(std::string_view& path) {
  while (!path.empty() && (path.front() == '.' || path.front() == '[' || path.front() == ']')) path.remove_prefix(1);
  std::string part;
  if (!path.empty() && (path.front() == '"' || path.front() == '\'')) {
    const char quote = path.front();
    const std::size_t end = path.find(quote, 1);
    part = path.substr(1, end == path.npos ? path.npos : end - 1);
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
    return part;
  }
  const std::size_t end = path.find_first_of(".[]");
  part = path.substr(0, end);
  path.remove_prefix(end == path.npos ? path.size() : end);
  return part;
}

const YamlMember* member_named(const YamlValue& mapping, std::string_view name) {
  for (const YamlMember& member : mapping.members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

}  // namespace

namespace {

// `whole`: whether all of the path is there.
DeepestOfPath follow(const YamlValue& root, std::string_view path, bool& whole) {
  DeepestOfPath deepest;
  whole = false;
  const YamlValue* at = &root;
  const auto reach = [&](Place place, const YamlValue& value) {
    deepest = {deepest.depth + 1, place, &value};
    at = &value;
  };
  for (std::string part = next_part(path); !part.empty(); part = next_part(path)) {
    if (at->kind == YamlValue::Kind::mapping) {
      const YamlMember* member = member_named(*at, part);
      if (member == nullptr) return deepest;
      reach(member->place, member->value);
    } else if (at->kind == YamlValue::Kind::sequence) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (error != std::errc{} || end != part.data() + part.size() || index >= at->items.size()) return deepest;
      reach(at->items[index].place, at->items[index]);
    } else {
      return deepest;
    }
  }
  whole = true;
  return deepest;
}

}  // namespace

DeepestOfPath deepest_of_path(const YamlValue& root, std::string_view path) {
  bool whole = false;
  return follow(root, path, whole);
}

const YamlValue* value_at_path(const YamlValue& root, std::string_view path) {
  bool whole = false;
  const DeepestOfPath deepest = follow(root, path, whole);
  return whole ? deepest.value : nullptr;
}

std::optional<Place> place_of_path(const YamlValue& root, std::string_view path) {
  const DeepestOfPath deepest = deepest_of_path(root, path);
  if (deepest.depth == 0) return std::nullopt;
  return deepest.place;
}

}  // namespace stepop::orchestrator
