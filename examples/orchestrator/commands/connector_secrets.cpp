#include "commands/connector_secrets.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// The element of an array of objects whose `key` is `name`; null where there is none.
const json::object* element(const json::object& object, std::string_view array, std::string_view key,
                            const std::string& name) {
  const json::value* all = object.if_contains(array);
  if (all == nullptr || !all->is_array()) return nullptr;
  for (const json::value& one : all->get_array()) {
    if (one.is_object() && text_of(one.get_object(), key) == name) return &one.get_object();
  }
  return nullptr;
}

}  // namespace

json::array attributes_of(const host::Connectors& connectors, const std::string& type, const std::string& method) {
  const json::object types{{"types", connectors.types()}};
  const json::object* of_type = element(types, "types", "type", type);
  const json::object* of_method = of_type ? element(*of_type, "auth_methods", "auth_method", method) : nullptr;
  const json::value* attributes = of_method ? of_method->if_contains("attributes") : nullptr;
  return attributes != nullptr && attributes->is_array() ? attributes->get_array() : json::array();
}

bool is_secret(const json::array& attributes, std::string_view name) {
  const json::object all{{"attributes", attributes}};
  const json::object* attribute = element(all, "attributes", "name", std::string(name));
  const json::value* secret = attribute ? attribute->if_contains("secret") : nullptr;
  return secret != nullptr && secret->is_bool() && secret->get_bool();
}

void warn_of_plain_secrets(const std::filesystem::path& stack_file, const ServiceConnectorEntry& entry,
                           const json::array& attributes) {
  struct stat status {};
  if (::stat(stack_file.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return;
  for (const auto& attribute : entry.connector.at("configuration").as_object()) {
    const std::string name(attribute.key());
    if (!is_secret(attributes, name) || !is_plain(entry, name)) continue;
    write_text(STDERR_FILENO, "warning: " + stack_file.string() + ": service_connectors." + entry.name +
                                  ".configuration." + name +
                                  " is a plain secret in a file that others may read; chmod 600 it, or write "
                                  "${env:NAME} or ${file:PATH}\n");
  }
}

void warn_of_plain_secrets(const Stack& stack, const std::vector<std::string>& step_operators,
                           const host::PluginDirectory& plugins) {
  std::set<std::string> names;  // each once
  for (const StepOperatorEntry& entry : stack.step_operators) {
    const bool used = std::find(step_operators.begin(), step_operators.end(), entry.name) != step_operators.end();
    if (used && !entry.connector.empty()) names.insert(entry.connector);
  }
  if (names.empty()) return;
  for (const host::Plugin& plugin : plugins.plugins()) {
    if (plugin.extension(STEPOP_EXT_CONNECTORS) == nullptr) continue;
    const host::Connectors connectors(plugin);
    for (const std::string& name : names) {
      const ServiceConnectorEntry& entry = *stack.find_connector(name);
      warn_of_plain_secrets(stack.file, entry, attributes_of(connectors, entry.type, entry.auth_method));
    }
    return;
  }
}

}  // namespace stepop::orchestrator
