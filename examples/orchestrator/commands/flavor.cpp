#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <functional>

#include "commands/stack_editing.hpp"
#include "input/yaml_text.hpp"
#include "screen/progress.hpp"
#include "screen/style.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Plugins of the stack where there is one; of the usual directories in any case.
host::PluginDirectory plugins_in_reach(const StackOptions& options) {
  try {
    return plugins_of(options, load_stack(options.stack).stack);
  } catch (const BadInput&) {
    if (options.stack) throw;
    return plugins_of(options, {});
  }
}

std::string text_of(const json::object& object, const char* member) {
  const json::value* value = object.if_contains(member);
  return value && value->is_string() ? std::string(value->get_string()) : "";
}

std::string joined(const json::array& words, const std::function<std::string(const json::value&)>& text) {
  std::vector<std::string> known;
  std::string line;
  for (const json::value& word : words) {
    std::string one = text(word);
    // An alternative that is null only says that it may be left out.
    if (one == "null" || std::find(known.begin(), known.end(), one) != known.end()) continue;
    line += (line.empty() ? "" : "|") + one;
    known.push_back(std::move(one));
  }
  return line;
}

// "string", "on_success|never|always", "list of Toleration"
std::string type_of(const json::value& schema) {
  if (!schema.is_object()) return "any";
  const json::object& object = schema.get_object();
  if (const std::string named = text_of(object, "$ref"); !named.empty()) return named.substr(named.rfind('/') + 1);
  if (const json::value* words = object.if_contains("enum"); words && words->is_array()) {
    return joined(words->get_array(), [](const json::value& word) {
      return word.is_string() ? std::string(word.get_string()) : json::serialize(word);
    });
  }
  if (const json::value* types = object.if_contains("anyOf"); types && types->is_array())
    return joined(types->get_array(), type_of);
  const json::value* type = object.if_contains("type");
  if (type == nullptr) return "any";
  if (const json::array* types = type->if_array())
    return joined(*types, [](const json::value& one) { return type_of(json::object{{"type", one}}); });
  if (*type == "object") return "mapping";
  if (*type != "array") return text_of(object, "type");
  const json::value* items = object.if_contains("items");
  return "list of " + (items ? type_of(*items) : "any");
}

struct Setting {
  std::string name, type, fallback, meaning;
};

void add_settings(const json::object& schema, const std::string& prefix, std::vector<Setting>& settings) {
  const json::value* properties = schema.if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return;
  for (const auto& property : properties->get_object()) {
    // The host's own.
    if (prefix.empty() && property.key() == "owner") continue;
    // What has no description is Kubernetes' own, and described there.
    if (!property.value().is_object() || !property.value().get_object().contains("description")) continue;
    const json::object& inside = property.value().get_object();
    const std::string name = prefix + std::string(property.key());
    const json::value* fallback = inside.if_contains("default");
    settings.push_back({name, type_of(inside), fallback ? flow_text(*fallback) : "", text_of(inside, "description")});
    add_settings(inside, name + ".", settings);
  }
}

// A terminal is never as wide as all of them in a table.
void show_on_terminal(const std::vector<Setting>& settings) {
  constexpr std::size_t kIndent = 4;
  const Style style = style_of(STDOUT_FILENO);
  const std::size_t columns = std::max<std::size_t>(terminal_size(STDOUT_FILENO).columns, 2 * kIndent) - kIndent;
  std::vector<std::string> lines;
  for (const Setting& setting : settings) {
    lines.push_back(style.bold(setting.name) + "  " + setting.type +
                    (setting.fallback.empty() ? "" : ", default " + setting.fallback));
    for (const std::string& line : wrapped(setting.meaning, columns)) lines.push_back(std::string(kIndent, ' ') + line);
  }
  write_lines(STDOUT_FILENO, lines);
}

void show_in_table(const std::vector<Setting>& settings) {
  std::vector<std::vector<Cell>> rows{{{"SETTING"}, {"TYPE"}, {"DEFAULT"}, {"MEANING"}}};
  for (const Setting& setting : settings)
    rows.push_back({{setting.name}, {setting.type}, {setting.fallback}, {setting.meaning}});
  write_table(std::move(rows));
}

}  // namespace

int list_flavors(const FlavorCommand& command) {
  const host::PluginDirectory plugins = plugins_in_reach(command.options);
  json::array documents;
  std::vector<std::vector<Cell>> rows{{{"FLAVOR"}, {"PLUGIN"}, {"VERSION"}, {"DESCRIPTION"}}};
  for (const host::Plugin& plugin : plugins.plugins()) {
    for (const std::string& name : plugin.flavors()) {
      const std::string description = text_of(*plugin.flavor(name), "description");
      documents.emplace_back(json::object{{"name", name},
                                          {"plugin", plugin.name()},
                                          {"version", plugin.version()},
                                          {"file", plugin.file().string()},
                                          {"description", description}});
      rows.push_back({{name}, {plugin.name()}, {plugin.version()}, {description}});
    }
  }
  if (command.options.output != Output::text)
    write_document(command.options.output, documents);
  else if (rows.size() == 1)
    write_text(STDERR_FILENO, "no plugin was found; give --plugin-dir DIR or set STEPOP_PLUGIN_PATH\n");
  else
    write_table(std::move(rows));
  return 0;
}

int describe_flavor(const FlavorCommand& command) {
  const host::PluginDirectory plugins = plugins_in_reach(command.options);
  const json::object& flavor = require_flavor(plugins, command.name);
  const host::Plugin plugin = plugins.find(command.name);
  if (!command.schema.empty()) {
    const std::string member = (command.schema == "configuration" ? "config" : command.schema) + "_schema";
    write_document(command.options.output == Output::yaml ? Output::yaml : Output::json, flavor.at(member));
    return 0;
  }
  if (command.options.output != Output::text) {
    json::object document = flavor;
    document["plugin"] = plugin.name();
    document["version"] = plugin.version();
    document["file"] = plugin.file().string();
    write_document(command.options.output, document);
    return 0;
  }
  std::string head = command.name;
  if (const std::string description = text_of(flavor, "description"); !description.empty()) head += ": " + description;
  write_text(STDOUT_FILENO,
             head + "\n" + plugin.name() + " " + plugin.version() + " (" + plugin.file().string() + ")\n\n");
  std::vector<Setting> settings;
  if (const json::value* schema = flavor.if_contains("config_schema"); schema && schema->is_object())
    add_settings(schema->get_object(), "", settings);
  if (::isatty(STDOUT_FILENO) == 1)
    show_on_terminal(settings);
  else
    show_in_table(settings);
  return 0;
}

}  // namespace stepop::orchestrator
