#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <stepop/host_connectors.hpp>

#include "commands/commands.hpp"
#include "commands/connector_secrets.hpp"
#include "commands/stack_editing.hpp"
#include "input/names.hpp"
#include "input/yaml_text.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// To ask a cloud: a few answers, each of them quick.
constexpr std::chrono::seconds kPatience{60};
// As ZenML shows a secret.
constexpr const char* kHidden = "[HIDDEN]";

void say(const std::string& line) {
  write_text(STDOUT_FILENO, line + "\n");
}

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// Of the first plugin that has service connectors.
std::optional<host::Connectors> find_connectors(const host::PluginDirectory& plugins) {
  for (const host::Plugin& plugin : plugins.plugins()) {
    if (plugin.extension(STEPOP_EXT_CONNECTORS) != nullptr) return host::Connectors(plugin);
  }
  return std::nullopt;
}

host::Connectors require_connectors(const host::PluginDirectory& plugins) {
  if (auto found = find_connectors(plugins)) return std::move(*found);
  throw BadInput("no plugin with service connectors was found; give --plugin-dir DIR or set STEPOP_PLUGIN_PATH");
}

const ServiceConnectorEntry& require_connector(const Stack& stack, const std::string& name) {
  if (const ServiceConnectorEntry* entry = stack.find_connector(name)) return *entry;
  throw BadInput("there is no service connector \"" + name + "\" in the stack " + stack.file + "; " +
                 (stack.service_connectors.empty() ? "it has none" : did_you_mean(name, stack.connector_names())));
}

// As a JSON Schema, so that the command line's values are read as a flavor's are.
json::object schema_of(const json::array& attributes) {
  json::object properties;
  for (const json::value& attribute : attributes) {
    const std::string type = text_of(attribute.as_object(), "type");
    properties[text_of(attribute.as_object(), "name")] = json::object{{"type", type == "text"   ? "string"
                                                                               : type == "list" ? "array"
                                                                                                : type}};
  }
  return {{"properties", std::move(properties)}};
}

// A call to the plugin; what it complains of is bad input at `place`.
template <class Call>
auto judged(const std::string& place, Call&& call) {
  try {
    return call();
  } catch (const host::Error& error) {
    std::vector<Finding> findings;
    for (const host::Finding& told : error.findings()) {
      std::string path = told.path;
      constexpr std::string_view inside = "configuration.";
      if (place == "--" && path.starts_with(inside))
        path = path.substr(inside.size());
      else if (place == "--")
        std::replace(path.begin(), path.end(), '_', '-');  // an option of ours
      if (!path.empty()) path = place + path;
      findings.push_back({"", {}, path, told.message, told.hint});
    }
    if (findings.empty()) findings.push_back({"", {}, "", error.what(), ""});
    throw BadInput(std::move(findings));
  }
}

json::object resolved_or_bad(const ServiceConnectorEntry& entry, const Stack& stack) {
  std::vector<LateError> missing;
  json::object connector = resolved(entry, process_environment(), missing);
  std::vector<Finding> findings;
  for (const LateError& error : missing) {
    findings.push_back(
        {stack.file, entry.place, child_path("service_connectors", entry.name) + "." + error.path, error.what, ""});
  }
  if (!findings.empty()) throw BadInput(std::move(findings));
  return connector;
}

std::string auth_methods(const json::object& type) {
  std::vector<std::string> names;
  if (const json::value* methods = type.if_contains("auth_methods"); methods != nullptr && methods->is_array()) {
    for (const json::value& method : methods->get_array()) names.push_back(text_of(method.as_object(), "auth_method"));
  }
  return listed(names);
}

void write_resources(const json::array& resources, const std::string& resource_type) {
  std::vector<std::vector<Cell>> rows{{{"RESOURCE TYPE"}, {"RESOURCE NAME"}, {"LOCATION"}, {"STATUS"}, {"VERSION"}}};
  for (const json::value& resource : resources) {
    const json::object& one = resource.as_object();
    rows.push_back({{resource_type},
                    {text_of(one, "resource_id")},
                    {text_of(one, "location")},
                    {text_of(one, "status")},
                    {text_of(one, "version")}});
  }
  write_table(std::move(rows));
}

// The clusters that a connector reaches: its own, where it names one.
json::array resources_of(const host::Connectors& connectors, const json::object& connector, const std::string& id) {
  const std::string one = id.empty() ? text_of(connector, "resource_id") : id;
  if (!one.empty()) return {connectors.describe_resource(connector, one, kPatience)};
  return connectors.list_resources(connector, "kubernetes-cluster", kPatience);
}

json::object as_document(const ServiceConnectorEntry& entry, const LoadedStack& loaded, const json::array& attributes) {
  json::object document = to_json(loaded.document.root).at("service_connectors").at(entry.name).as_object();
  json::object shown;
  if (const json::value* written = document.if_contains("configuration"); written != nullptr && written->is_object()) {
    for (const auto& attribute : written->get_object()) {
      const bool hidden = is_plain(entry, std::string(attribute.key())) &&
                          (attributes.empty() || is_secret(attributes, attribute.key()));
      shown[attribute.key()] = hidden ? json::value(kHidden) : attribute.value();
    }
  }
  document["configuration"] = std::move(shown);
  document["name"] = entry.name;
  return document;
}

}  // namespace

int register_service_connector(const ConnectorCommand& command) {
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack, true);
  std::optional<host::Connectors> connectors;
  json::object written{{"type", command.type}, {"auth_method", command.auth_method}};
  StackEdit edit;
  edit.readers = Readers::owner;
  edit.may_begin = true;
  edit.changes = [&](const Stack& before, const YamlDocument&) -> std::vector<StackChange> {
    if (before.find_connector(command.name) != nullptr) {
      throw BadInput(in_words(chosen) + " has a service connector \"" + command.name +
                     "\" already; delete it first with: stepop service-connector delete " + command.name);
    }
    connectors = require_connectors(plugins_of(command.options, before));
    written["resource_type"] = command.resource_type;
    if (!command.resource_id.empty()) written["resource_id"] = command.resource_id;
    if (command.expiration_seconds) written["expiration_seconds"] = *command.expiration_seconds;
    if (!command.expires_at.empty()) written["expires_at"] = command.expires_at;
    written["configuration"] =
        typed_values(command.settings, schema_of(attributes_of(*connectors, command.type, command.auth_method)));
    return {{{"service_connectors", command.name}, written}};
  };
  json::array resources;
  edit.judge = [&](const Stack& after) {
    // Its plain texts stand in no file yet: those of the command line are taken.
    ServiceConnectorEntry entry = require_connector(after, command.name);
    json::object& late = entry.connector["configuration"].as_object();
    for (const auto& attribute : written.at("configuration").as_object()) {
      if (is_plain(entry, std::string(attribute.key()))) late[attribute.key()] = attribute.value();
    }
    const json::object connector = resolved_or_bad(entry, after);
    judged("--", [&] {
      connectors->validate(connector);
      if (command.verify) resources = resources_of(*connectors, connector, "");
    });
  };
  const bool begun = change_stack(chosen, edit);
  say("registered the service connector " + command.name + " in " + in_words(chosen) + (begun ? ", a new one" : "") +
      (command.verify ? "; it has access to:" : ""));
  if (command.verify) write_resources(resources, command.resource_type);
  return 0;
}

int list_service_connectors(const ConnectorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  // Which attributes are secret only the plugin knows; without it all of them might be.
  const std::optional<host::Connectors> connectors = find_connectors(plugins_of(command.options, loaded.stack));
  json::array documents;
  std::vector<std::vector<Cell>> rows{
      {{"NAME"}, {"TYPE"}, {"AUTH METHOD"}, {"RESOURCE TYPES"}, {"RESOURCE NAME"}, {"EXPIRES AT"}}};
  for (const ServiceConnectorEntry& entry : loaded.stack.service_connectors) {
    documents.emplace_back(as_document(
        entry, loaded, connectors ? attributes_of(*connectors, entry.type, entry.auth_method) : json::array()));
    const std::string id = text_of(entry.connector, "resource_id");
    rows.push_back({{entry.name},
                    {entry.type},
                    {entry.auth_method},
                    {"kubernetes-cluster"},
                    {id.empty() ? "<multiple>" : id},
                    {text_of(entry.connector, "expires_at")}});
  }
  if (command.options.output != Output::text)
    write_document(command.options.output, documents);
  else if (documents.empty())
    write_text(STDERR_FILENO, in_words(loaded.chosen) + " has no service connectors\n");
  else
    write_table(std::move(rows));
  return 0;
}

int describe_service_connector(const ConnectorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  const ServiceConnectorEntry& entry = require_connector(loaded.stack, command.name);
  const host::Connectors connectors = require_connectors(plugins_of(command.options, loaded.stack));
  const json::array attributes = attributes_of(connectors, entry.type, entry.auth_method);
  warn_of_plain_secrets(loaded.chosen.file, entry, attributes);
  const json::object document = as_document(entry, loaded, attributes);
  if (command.options.output != Output::text) {
    write_document(command.options.output, document);
    return 0;
  }
  std::vector<std::vector<Cell>> rows{{{"PROPERTY"}, {"VALUE"}}, {{"name"}, {entry.name}}};
  for (const auto& member : document) {
    if (member.key() == "name" || member.key() == "configuration") continue;
    rows.push_back({{std::string(member.key())}, {flow_text(member.value())}});
  }
  rows.push_back({{"stack"}, {loaded.chosen.file.string()}});
  for (const auto& attribute : document.at("configuration").as_object()) {
    const json::value& value = attribute.value();
    rows.push_back({{"configuration." + std::string(attribute.key())},
                    {value.is_string() ? std::string(value.get_string()) : flow_text(value)}});
  }
  write_table(std::move(rows));
  return 0;
}

int verify_service_connector(const ConnectorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  const ServiceConnectorEntry& entry = require_connector(loaded.stack, command.name);
  const host::Connectors connectors = require_connectors(plugins_of(command.options, loaded.stack));
  warn_of_plain_secrets(loaded.chosen.file, entry, attributes_of(connectors, entry.type, entry.auth_method));
  const json::object connector = resolved_or_bad(entry, loaded.stack);
  const std::string place = child_path("service_connectors", entry.name) + ".";
  const json::object identity = judged(place, [&] { return connectors.verify(connector, kPatience); });
  const json::array resources = judged(place, [&] { return resources_of(connectors, connector, command.resource_id); });
  if (command.options.output != Output::text) {
    json::object document = identity;
    document["name"] = entry.name;
    document["resources"] = resources;
    write_document(command.options.output, document);
    return 0;
  }
  const std::string who = text_of(identity, "identity"), until = text_of(identity, "expires_at");
  say("the service connector " + entry.name + " is valid" + (who.empty() ? "" : ", as " + who) +
      (until.empty() ? "" : ", until " + until) + "; it has access to:");
  write_resources(resources, command.resource_type);
  return 0;
}

int delete_service_connector(const ConnectorCommand& command) {
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack);
  StackEdit edit;
  edit.changes = [&](const Stack& before, const YamlDocument&) -> std::vector<StackChange> {
    require_connector(before, command.name);
    for (const StepOperatorEntry& entry : before.step_operators) {
      if (entry.connector == command.name)
        throw BadInput("the step operator " + entry.name + " reaches its cluster by the service connector " +
                       command.name + "; first: stepop step-operator disconnect " + entry.name);
    }
    return {{{"service_connectors", command.name}, std::nullopt}};
  };
  change_stack(chosen, edit);
  say("deleted the service connector " + command.name + " from " + in_words(chosen));
  return 0;
}

int list_connector_types(const ConnectorCommand& command) {
  const Stack none;
  const host::PluginDirectory plugins = [&] {
    try {
      return plugins_of(command.options, load_stack(command.options.stack).stack);
    } catch (const BadInput&) {
      if (command.options.stack) throw;
      return plugins_of(command.options, none);
    }
  }();
  const json::array types = require_connectors(plugins).types();
  if (command.options.output != Output::text) {
    write_document(command.options.output, types);
    return 0;
  }
  std::vector<std::vector<Cell>> rows{{{"NAME"}, {"TYPE"}, {"RESOURCE TYPES"}, {"AUTH METHODS"}}};
  for (const json::value& type : types) {
    const json::object& one = type.as_object();
    rows.push_back({{text_of(one, "title")}, {text_of(one, "type")}, {"kubernetes-cluster"}, {auth_methods(one)}});
  }
  write_table(std::move(rows));
  return 0;
}

int list_connector_resources(const ConnectorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  const host::Connectors connectors = require_connectors(plugins_of(command.options, loaded.stack));
  json::array documents;
  bool all_fine = true;
  std::vector<std::vector<Cell>> rows{{{"CONNECTOR NAME"}, {"CONNECTOR TYPE"}, {"RESOURCE TYPE"}, {"RESOURCE NAMES"}}};
  for (const ServiceConnectorEntry& entry : loaded.stack.service_connectors) {
    if (!command.connector_type.empty() && entry.type != command.connector_type) continue;
    json::object document{{"name", entry.name}, {"type", entry.type}, {"resource_type", command.resource_type}};
    std::vector<std::string> cells;
    try {
      const json::object connector = resolved_or_bad(entry, loaded.stack);
      json::array resources = judged("", [&] { return resources_of(connectors, connector, command.resource_id); });
      for (const json::value& resource : resources) cells.push_back(text_of(resource.as_object(), "resource_id"));
      if (cells.empty()) cells.emplace_back("(none)");
      document["resources"] = std::move(resources);
    } catch (const BadInput& bad) {
      // One that fails hides none of the others.
      all_fine = false;
      cells.push_back("error: " + std::string(bad.what()));
      document["error"] = bad.what();
    }
    documents.push_back(std::move(document));
    bool first = true;
    for (std::string& cell : cells) {
      rows.push_back({{first ? entry.name : ""},
                      {first ? entry.type : ""},
                      {first ? command.resource_type : ""},
                      {std::move(cell)}});
      first = false;
    }
  }
  if (command.options.output != Output::text)
    write_document(command.options.output, documents);
  else if (rows.size() == 1)
    write_text(STDERR_FILENO, in_words(loaded.chosen) + " has no service connectors\n");
  else
    write_table(std::move(rows));
  return all_fine ? 0 : kNotWell;
}

std::string cluster_of(const Connection& connection, const Stack& stack, const host::PluginDirectory& plugins) {
  const ServiceConnectorEntry& entry = require_connector(stack, connection.connector);
  if (!connection.verify) return connection.resource_id;
  const json::object connector = resolved_or_bad(entry, stack);
  const host::Connectors connectors = require_connectors(plugins);
  return judged("", [&] {
    const json::array resources = resources_of(connectors, connector, connection.resource_id);
    if (resources.size() == 1) return text_of(resources.front().as_object(), "resource_id");
    std::vector<std::string> ids;
    for (const json::value& resource : resources) ids.push_back(text_of(resource.as_object(), "resource_id"));
    throw BadInput(ids.empty() ? "the service connector " + entry.name + " reaches no cluster"
                               : "the service connector " + entry.name + " reaches " + std::to_string(ids.size()) +
                                     " clusters; say which with --resource-id: " + listed(ids));
  });
}

int connect_step_operator(const ConnectorCommand& command) {
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack);
  std::optional<host::PluginDirectory> plugins;
  std::string cluster;
  StackEdit edit;
  edit.changes = [&](const Stack& before, const YamlDocument&) {
    const StepOperatorEntry& step_operator = require_step_operator(before, command.name);
    plugins = plugins_of(command.options, before);
    cluster = cluster_of({command.connector, command.resource_id, command.verify}, before, *plugins);
    std::vector<StackChange> changes{
        {{"step_operators", command.name, "connector"}, json::value(json::string(command.connector))}};
    if (!cluster.empty())
      changes.push_back(
          {{"step_operators", command.name, "connector_resource_id"}, json::value(json::string(cluster))});
    else if (!step_operator.connector_resource_id.empty())
      changes.push_back({{"step_operators", command.name, "connector_resource_id"}, std::nullopt});
    return changes;
  };
  edit.judge = [&](const Stack& after) { judge_step_operator(after, command.name, {}, *plugins, command.options); };
  change_stack(chosen, edit);
  say("connected the step operator " + command.name + " to the service connector " + command.connector +
      (cluster.empty() ? "" : " and its cluster " + cluster) + " in " + in_words(chosen));
  return 0;
}

int disconnect_step_operator(const ConnectorCommand& command) {
  const ChosenStack chosen = choose_stack(ConfigurationDirectory::of_this_process(), command.options.stack);
  StackEdit edit;
  edit.changes = [&](const Stack& before, const YamlDocument&) {
    const StepOperatorEntry& entry = require_step_operator(before, command.name);
    if (entry.connector.empty()) throw BadInput("the step operator " + command.name + " has no service connector");
    std::vector<StackChange> changes{{{"step_operators", command.name, "connector"}, std::nullopt}};
    if (!entry.connector_resource_id.empty())
      changes.push_back({{"step_operators", command.name, "connector_resource_id"}, std::nullopt});
    return changes;
  };
  change_stack(chosen, edit);
  say("disconnected the step operator " + command.name + " from its service connector in " + in_words(chosen));
  return 0;
}

}  // namespace stepop::orchestrator
