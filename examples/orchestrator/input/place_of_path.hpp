#pragma once

#include <optional>
#include <string_view>

#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

// The deepest part of a path that is there.
struct DeepestOfPath {
  std::size_t depth = 0;  // how many of its names and indexes
  Place place;
  const YamlValue* value = nullptr;  // null when depth is 0
};
DeepestOfPath deepest_of_path(const YamlValue& root, std::string_view path);

// The value that is there; null when a part of the path is not.
const YamlValue* value_at_path(const YamlValue& root, std::string_view path);

// Where a value stands that somebody else names by its path, e.g.
// `pod_settings.tolerations[0].key`: a plugin's findings name places in JSON that was made of the
// file. None when the first name is not there; else the place of the deepest part that is.
std::optional<Place> place_of_path(const YamlValue& root, std::string_view path);

}  // namespace stepop::orchestrator
