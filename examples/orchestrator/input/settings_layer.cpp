#include "input/settings_layer.hpp"

#include <algorithm>
#include <set>

#include "input/names.hpp"
#include "input/secret.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

constexpr std::string_view kStepOperator = "step_operator";

// What follows "step_operator." or "step_operator:"; "" for another key.
std::string behind(std::string_view key, char separator) {
  if (!key.starts_with(kStepOperator) || key.size() <= kStepOperator.size() || key[kStepOperator.size()] != separator)
    return "";
  return std::string(key.substr(kStepOperator.size() + 1));
}

json::value read_setting(const YamlMember& member, const std::string& parent, FileReading& reading) {
  const std::string path = child_path(parent, member.name);
  if (member.name == kSecrets) return read_secrets(member.value, path, reading);
  return read_json(member.value, path, reading);
}

// As read_json_object, but for secrets: those are kept as sources.
json::object read_settings_object(const YamlValue& value, const std::string& path, FileReading& reading) {
  json::object settings;
  const MappingReader mapping(value, path, reading);
  for (const YamlMember& member : value.members) settings[member.name] = read_setting(member, path, reading);
  return settings;
}

void look_for(const std::vector<SettingsLayer::Keyed>& keyed, const std::string& what,
              const std::vector<std::string>& known, const std::string& file, const Stack& stack,
              UnusedSettings& result) {
  for (const SettingsLayer::Keyed& one : keyed) {
    if (std::find(known.begin(), known.end(), one.name) != known.end()) continue;
    Finding finding{file, one.place, one.path,
                    "no step operator of the stack " + stack.name + " (" + stack.file + ") has the " + what + " \"" +
                        one.name + "\"",
                    ""};
    if (const auto meant = nearest_name(one.name, known); !meant.empty()) {
      finding.hint = "did you mean \"" + meant + "\"?";
      result.mistakes.push_back(std::move(finding));
    } else {
      finding.hint = "these settings are not used";
      result.unused.push_back(std::move(finding));
    }
  }
}

}  // namespace

SettingsLayer read_settings(const YamlValue& value, const std::string& path, BareSettings bare, FileReading& reading) {
  SettingsLayer layer;
  layer.file = reading.file;
  const MappingReader mapping(value, path, reading);
  json::object under_key;
  for (const YamlMember& member : value.members) {
    const std::string inside = child_path(path, member.name);
    const std::string flavor = behind(member.name, '.');
    const std::string step_operator = behind(member.name, ':');
    if (member.name == kStepOperator) {
      under_key = read_settings_object(member.value, inside, reading);
    } else if (!flavor.empty()) {
      layer.by_flavor.push_back({flavor, read_settings_object(member.value, inside, reading), inside, member.place});
    } else if (!step_operator.empty()) {
      layer.by_step_operator.push_back(
          {step_operator, read_settings_object(member.value, inside, reading), inside, member.place});
    } else if (bare == BareSettings::refused || !nearest_name(member.name, {std::string(kStepOperator)}).empty()) {
      reading.complain(member.place, inside, "unknown key",
                       "expected step_operator, step_operator.FLAVOR or step_operator:NAME");
    } else {
      layer.all[member.name] = read_setting(member, path, reading);
    }
  }
  layer.all = merged_settings(layer.all, under_key);
  return layer;
}

json::object merged_settings(const json::object& under, const json::object& over) {
  json::object merged = under;
  for (const auto& member : over) {
    json::value* existing = merged.if_contains(member.key());
    if (existing != nullptr && existing->is_object() && member.value().is_object()) {
      *existing = merged_settings(existing->as_object(), member.value().as_object());
    } else {
      merged[member.key()] = member.value();
    }
  }
  return merged;
}

json::object settings_for(const std::vector<SettingsLayer>& layers, const StepOperatorEntry& entry) {
  json::object settings;
  for (const SettingsLayer& layer : layers) {
    settings = merged_settings(settings, layer.all);
    for (const SettingsLayer::Keyed& keyed : layer.by_flavor) {
      if (keyed.name == entry.flavor) settings = merged_settings(settings, keyed.settings);
    }
    for (const SettingsLayer::Keyed& keyed : layer.by_step_operator) {
      if (keyed.name == entry.name) settings = merged_settings(settings, keyed.settings);
    }
  }
  return settings;
}

std::vector<std::string> settings_keys(const StepOperatorEntry& entry) {
  const std::string base(kStepOperator);
  return {base + ":" + entry.name, base + "." + entry.flavor, base};
}

UnusedSettings unused_settings(const SettingsLayer& layer, const Stack& stack) {
  std::set<std::string> flavors;
  for (const StepOperatorEntry& entry : stack.step_operators) flavors.insert(entry.flavor);
  UnusedSettings result;
  look_for(layer.by_flavor, "flavor", {flavors.begin(), flavors.end()}, layer.file, stack, result);
  look_for(layer.by_step_operator, "name", stack.names(), layer.file, stack, result);
  return result;
}

}  // namespace stepop::orchestrator
