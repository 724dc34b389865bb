#include "input/stack_file.hpp"

#include <boost/json/array.hpp>

#include "input/late_text.hpp"
#include "input/names.hpp"
#include "input/secret.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

void read_plugin_directories(const YamlValue& value, const std::filesystem::path& base, FileReading& reading,
                             Stack& stack) {
  const std::string path = "plugin_directories";
  if (value.kind != YamlValue::Kind::sequence) {
    reading.complain(value.place, path, "found " + what_it_is(value) + ", expected a list of directories");
    return;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const std::string item_path = path + "[" + std::to_string(i) + "]";
    const auto text = read_string(value.items[i], item_path, reading);
    if (!text) continue;
    // Whether it is there is for the loading of plugins to say, with what each directory holds.
    stack.plugin_directories.push_back((base / *text).lexically_normal());
  }
}

json::object read_configuration(const YamlValue& value, const std::string& path, FileReading& reading) {
  json::object configuration;
  const MappingReader mapping(value, path, reading);
  for (const YamlMember& member : value.members) {
    const std::string inside = child_path(path, member.name);
    configuration[member.name] = member.name == kSecrets ? json::value(read_secrets(member.value, inside, reading))
                                                         : read_late_value(member.value, inside, reading);
  }
  return configuration;
}

void read_step_operator(const YamlMember& member, FileReading& reading, Stack& stack) {
  const std::string path = child_path("step_operators", member.name);
  check_name(member.name, member.place, path, reading);
  MappingReader mapping(member.value, path, reading);
  StepOperatorEntry entry;
  entry.name = member.name;
  entry.place = member.place;
  entry.flavor_place = member.place;
  if (mapping.is_mapping()) {
    entry.flavor = mapping.take_required_string("flavor").value_or("");
    if (const YamlMember* flavor = mapping.take("flavor")) entry.flavor_place = flavor->value.place;
    if (const YamlMember* configuration = mapping.take("configuration")) {
      const std::string inside = child_path(path, "configuration");
      entry.configuration = read_configuration(configuration->value, inside, reading);
      if (entry.configuration.contains("owner")) {
        reading.complain(configuration->value.place, child_path(inside, "owner"),
                         "stepop gives its own owner id, which belongs to one state directory and "
                         "not into a file that people share",
                         "remove it");
      }
    }
    entry.connector = mapping.take_string("connector").value_or("");
    entry.connector_resource_id = mapping.take_string("connector_resource_id").value_or("");
    const ServiceConnectorEntry* known = stack.find_connector(entry.connector);
    if (const YamlMember* connector = mapping.take("connector"); connector != nullptr && known == nullptr) {
      reading.complain(connector->value.place, child_path(path, "connector"),
                       "\"" + entry.connector + "\" is no service connector of this stack",
                       did_you_mean(entry.connector, stack.connector_names()));
    }
    if (const YamlMember* id = mapping.take("connector_resource_id"); id != nullptr && entry.connector.empty())
      reading.complain(id->place, child_path(path, "connector_resource_id"), "there is no connector beside it");
    mapping.finish();
  }
  stack.step_operators.push_back(std::move(entry));
}

}  // namespace

const StepOperatorEntry* Stack::find(const std::string& step_operator) const {
  for (const StepOperatorEntry& entry : step_operators) {
    if (entry.name == step_operator) return &entry;
  }
  return nullptr;
}

const ServiceConnectorEntry* Stack::find_connector(const std::string& name) const {
  for (const ServiceConnectorEntry& entry : service_connectors) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::vector<std::string> Stack::connector_names() const {
  std::vector<std::string> names;
  for (const ServiceConnectorEntry& entry : service_connectors) names.push_back(entry.name);
  return names;
}

std::vector<std::string> Stack::names() const {
  std::vector<std::string> names;
  for (const StepOperatorEntry& entry : step_operators) names.push_back(entry.name);
  return names;
}

Stack read_stack(const YamlDocument& document, const std::filesystem::path& base, const Environment& environment) {
  FileReading reading{document.file, environment, {}, base};
  Stack stack;
  stack.file = document.file;
  MappingReader root(document.root, "", reading);
  if (root.is_mapping()) {
    stack.name = root.take_required_string("name").value_or("");
    if (const YamlMember* directories = root.take("plugin_directories")) {
      read_plugin_directories(directories->value, base, reading, stack);
    }
    if (const YamlMember* connectors = root.take("service_connectors"))
      stack.service_connectors = read_service_connectors(connectors->value, reading);
    if (const YamlMember* entries = root.take_required("step_operators", "a mapping of names to step operators")) {
      if (entries->value.kind != YamlValue::Kind::mapping) {
        reading.complain(entries->value.place, "step_operators",
                         "found " + what_it_is(entries->value) + ", expected a mapping of names to step operators");
      }
      for (const YamlMember& member : entries->value.members) read_step_operator(member, reading, stack);
    }
    if (const YamlMember* chosen = root.take("default_step_operator")) {
      stack.default_step_operator = root.take_string("default_step_operator").value_or("");
      if (!stack.default_step_operator.empty() && stack.find(stack.default_step_operator) == nullptr) {
        reading.complain(chosen->value.place, "default_step_operator",
                         "\"" + stack.default_step_operator + "\" is no step operator of this stack",
                         did_you_mean(stack.default_step_operator, stack.names()));
      }
    }
    root.finish();
  }
  if (!reading.findings.empty()) throw BadInput(std::move(reading.findings));
  return stack;
}

json::object to_json(const Stack& stack) {
  json::array directories;
  for (const auto& directory : stack.plugin_directories) directories.emplace_back(directory.string());
  json::array entries;
  for (const StepOperatorEntry& entry : stack.step_operators) {
    json::object written{{"name", entry.name}, {"flavor", entry.flavor}, {"configuration", entry.configuration}};
    if (!entry.connector.empty()) {
      written["connector"] = entry.connector;
      written["connector_resource_id"] = entry.connector_resource_id;
    }
    entries.emplace_back(std::move(written));
  }
  return {{"file", stack.file},
          {"name", stack.name},
          {"default_step_operator", stack.default_step_operator},
          {"plugin_directories", std::move(directories)},
          {"service_connectors", to_json(stack.service_connectors)},
          {"step_operators", std::move(entries)}};
}

Stack stack_from_json(const json::object& object) {
  Stack stack;
  stack.file = std::string(object.at("file").as_string());
  stack.name = std::string(object.at("name").as_string());
  if (const json::value* chosen = object.if_contains("default_step_operator"))
    stack.default_step_operator = std::string(chosen->as_string());
  for (const json::value& directory : object.at("plugin_directories").as_array())
    stack.plugin_directories.emplace_back(std::string(directory.as_string()));
  if (const json::value* connectors = object.if_contains("service_connectors"))  // runs of earlier days have none
    stack.service_connectors = service_connectors_from_json(connectors->as_array());
  for (const json::value& value : object.at("step_operators").as_array()) {
    const json::object& entry = value.as_object();
    StepOperatorEntry step_operator;
    step_operator.name = std::string(entry.at("name").as_string());
    step_operator.flavor = std::string(entry.at("flavor").as_string());
    step_operator.configuration = entry.at("configuration").as_object();
    if (const json::value* connector = entry.if_contains("connector")) {
      step_operator.connector = std::string(connector->as_string());
      step_operator.connector_resource_id = std::string(entry.at("connector_resource_id").as_string());
    }
    stack.step_operators.push_back(std::move(step_operator));
  }
  return stack;
}

}  // namespace stepop::orchestrator
