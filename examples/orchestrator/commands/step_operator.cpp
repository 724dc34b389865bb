#include <unistd.h>

#include <algorithm>

#include "commands/commands.hpp"
#include "commands/drive_run.hpp"
#include "commands/stack_editing.hpp"
#include "input/names.hpp"
#include "input/yaml_text.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

const json::object& config_schema(const json::object& flavor) {
  static const json::object none;
  const json::value* schema = flavor.if_contains("config_schema");
  return schema && schema->is_object() ? schema->get_object() : none;
}

std::vector<std::string> keys_of(const std::vector<KeyValue>& settings) {
  std::vector<std::string> keys;
  for (const KeyValue& setting : settings) keys.push_back(setting.key);
  return keys;
}

json::object as_document(const StepOperatorEntry& entry, const LoadedStack& loaded) {
  json::object document{{"name", entry.name},
                        {"flavor", entry.flavor},
                        {"default", entry.name == loaded.stack.default_step_operator},
                        {"configuration", json::object()}};
  const json::object shown = shown_entry(loaded.document, entry.name);
  for (const char* member : {"configuration", "connector", "connector_resource_id"}) {
    if (const json::value* written = shown.if_contains(member)) document[member] = *written;
  }
  return document;
}

// "prod, cluster blue"; "" for a step operator without a service connector.
std::string connection_of(const StepOperatorEntry& entry) {
  return entry.connector + (entry.connector_resource_id.empty() ? "" : ", cluster " + entry.connector_resource_id);
}

void say(const std::string& line) {
  write_text(STDOUT_FILENO, line + "\n");
}

}  // namespace

int register_step_operator(const StepOperatorCommand& command) {
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack, true);
  std::optional<host::PluginDirectory> plugins;
  StackEdit edit;
  edit.may_begin = true;
  edit.changes = [&](const Stack& before, const YamlDocument&) -> std::vector<StackChange> {
    if (before.find(command.name) != nullptr) {
      throw BadInput(in_words(chosen) + " has a step operator \"" + command.name +
                     "\" already; change it with: stepop step-operator update " + command.name + " --KEY VALUE");
    }
    plugins = plugins_of(command.options, before);
    const json::object& flavor = require_flavor(*plugins, command.flavor);
    json::object configuration = typed_values(command.settings, config_schema(flavor));
    json::object entry = written_entry(command.flavor, std::move(configuration));
    if (!command.connection.connector.empty()) {
      const std::string cluster = cluster_of(command.connection, before, *plugins);
      entry["connector"] = command.connection.connector;
      if (!cluster.empty()) entry["connector_resource_id"] = cluster;
    }
    return {{{"step_operators", command.name}, std::move(entry)}};
  };
  edit.judge = [&](const Stack& after) {
    judge_step_operator(after, command.name, keys_of(command.settings), *plugins, command.options);
  };
  const bool begun = change_stack(chosen, edit);
  say("registered the step operator " + command.name + " in " + in_words(chosen) + (begun ? ", a new one" : ""));
  return 0;
}

int update_step_operator(const StepOperatorCommand& command) {
  if (command.settings.empty() && command.removed.empty())
    throw BadInput("there is nothing to update; give --KEY VALUE or --remove KEY");
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack);
  std::optional<host::PluginDirectory> plugins;
  StackEdit edit;
  edit.changes = [&](const Stack& before, const YamlDocument&) {
    const StepOperatorEntry& entry = require_step_operator(before, command.name);
    plugins = plugins_of(command.options, before);
    const json::object values = typed_values(command.settings, config_schema(require_flavor(*plugins, entry.flavor)));
    const MemberPath inside{"step_operators", command.name, "configuration"};
    const auto at = [&](std::string_view key) {
      MemberPath path = inside;
      path.emplace_back(key);
      return path;
    };
    std::vector<StackChange> changes;
    for (const std::string& key : command.removed) {
      if (!entry.configuration.contains(key)) {
        std::vector<std::string> known;
        for (const auto& member : entry.configuration) known.emplace_back(member.key());
        throw BadInput("--remove: the step operator " + command.name + " has no \"" + key + "\"; " +
                       (known.empty() ? "its configuration is empty" : did_you_mean(key, known)));
      }
      if (values.contains(key)) throw BadInput("--remove " + key + ": it is given a value too");
      changes.push_back({at(key), std::nullopt});
    }
    for (const auto& value : values) changes.push_back({at(value.key()), value.value()});
    return changes;
  };
  edit.judge = [&](const Stack& after) {
    judge_step_operator(after, command.name, keys_of(command.settings), *plugins, command.options);
  };
  change_stack(chosen, edit);
  say("updated the step operator " + command.name + " in " + in_words(chosen));
  return 0;
}

int delete_step_operator(const StepOperatorCommand& command) {
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack);
  bool was_default = false;
  StackEdit edit;
  edit.changes = [&](const Stack& before, const YamlDocument&) {
    require_step_operator(before, command.name);
    std::vector<StackChange> changes{{{"step_operators", command.name}, std::nullopt}};
    was_default = before.default_step_operator == command.name;
    if (was_default) changes.push_back({{"default_step_operator"}, std::nullopt});
    return changes;
  };
  change_stack(chosen, edit);
  say("deleted the step operator " + command.name + (was_default ? ", which was the default," : "") + " from " +
      in_words(chosen));
  return 0;
}

int list_step_operators(const StepOperatorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  if (command.options.output != Output::text) {
    json::array documents;
    for (const StepOperatorEntry& entry : loaded.stack.step_operators)
      documents.emplace_back(as_document(entry, loaded));
    write_document(command.options.output, documents);
    return 0;
  }
  if (loaded.stack.step_operators.empty()) {
    write_text(STDERR_FILENO, in_words(loaded.chosen) + " has no step operators\n");
    return 0;
  }
  const auto& entries = loaded.stack.step_operators;
  const bool connected =
      std::any_of(entries.begin(), entries.end(), [](const StepOperatorEntry& e) { return !e.connector.empty(); });
  std::vector<std::vector<Cell>> rows{{{"DEFAULT"}, {"NAME"}, {"FLAVOR"}}};
  if (connected) rows.back().push_back({"CONNECTOR"});
  rows.back().push_back({"CONFIGURATION"});
  for (const StepOperatorEntry& entry : entries) {
    const json::object document = as_document(entry, loaded);
    rows.push_back({{document.at("default").as_bool() ? "*" : ""}, {entry.name}, {entry.flavor}});
    if (connected) rows.back().push_back({connection_of(entry)});
    rows.back().push_back({entry.configuration.empty() ? "" : flow_text(document.at("configuration"))});
  }
  write_table(std::move(rows));
  return 0;
}

int describe_step_operator(const StepOperatorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  const StepOperatorEntry& entry = require_step_operator(loaded.stack, command.name);
  const host::PluginDirectory plugins = plugins_of(command.options, loaded.stack);
  std::string file;
  for (const host::Plugin& plugin : plugins.plugins()) {
    if (plugin.flavor(entry.flavor) != nullptr) file = plugin.file().string();
  }
  json::object document = as_document(entry, loaded);
  document["stack"] = loaded.stack.name;
  document["stack_file"] = loaded.chosen.file.string();
  document["plugin"] = file.empty() ? json::value(nullptr) : json::value(json::string(file));
  if (command.options.output != Output::text) {
    write_document(command.options.output, document);
    return 0;
  }
  std::vector<std::vector<Cell>> rows{{{"STEP OPERATOR"}, {entry.name}},
                                      {{"stack"}, {loaded.stack.name + " (" + loaded.chosen.file.string() + ")"}},
                                      {{"default"}, {document.at("default").as_bool() ? "yes" : "no"}},
                                      {{"flavor"}, {entry.flavor}},
                                      {{"plugin"}, {file.empty() ? "not found" : file}}};
  if (!entry.connector.empty()) rows.push_back({{"service connector"}, {connection_of(entry)}});
  for (const auto& member : document.at("configuration").as_object())
    rows.push_back({{std::string(member.key())}, {flow_text(member.value())}});
  write_table(std::move(rows));
  return 0;
}

}  // namespace stepop::orchestrator
