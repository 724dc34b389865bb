#include <unistd.h>

#include <algorithm>

#include "commands/commands.hpp"
#include "commands/stack_editing.hpp"
#include "host/plugin_search.hpp"
#include "input/names.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

std::vector<std::filesystem::path> directories_in_reach(const StackOptions& options) {
  try {
    return plugin_search(options.plugin_directories, load_stack(options.stack).stack.plugin_directories);
  } catch (const BadInput&) {
    if (options.stack) throw;
    return plugin_search(options.plugin_directories, {});
  }
}

// As in stepop.h: major in the high half.
std::string abi_text(std::uint32_t version) {
  return std::to_string(version >> 16) + "." + std::to_string(version & 0xffff);
}

json::object as_document(const host::Plugin& plugin) {
  json::array flavors;
  for (const std::string& flavor : plugin.flavors()) flavors.emplace_back(flavor);
  json::array extensions;
  if (const json::value* known = plugin.description().if_contains("extensions"); known && known->is_array())
    extensions = known->get_array();
  return {{"name", plugin.name()},
          {"version", plugin.version()},
          {"abi", abi_text(plugin.abi_version())},
          {"flavors", std::move(flavors)},
          {"extensions", std::move(extensions)},
          {"file", plugin.file().string()},
          {"loaded", true}};
}

}  // namespace

int list_integrations(const IntegrationCommand& command) {
  const auto directories = directories_in_reach(command.options);
  const host::PluginDirectory plugins = host::PluginDirectory::load(directories);
  if (command.options.output != Output::text) {
    json::array documents;
    for (const host::Plugin& plugin : plugins.plugins()) documents.emplace_back(as_document(plugin));
    for (const host::Problem& problem : plugins.problems()) {
      documents.emplace_back(json::object{
          {"file", problem.file.string()}, {"loaded", false}, {"message", problem.why}, {"hint", problem.hint}});
    }
    write_document(command.options.output, documents);
    return 0;
  }
  std::vector<std::vector<Cell>> rows{{{"PLUGIN"}, {"VERSION"}, {"ABI"}, {"FLAVORS"}, {"FILE"}}};
  for (const host::Plugin& plugin : plugins.plugins())
    rows.push_back({{plugin.name()},
                    {plugin.version()},
                    {abi_text(plugin.abi_version())},
                    {listed(plugin.flavors())},
                    {plugin.file().string()}});
  if (rows.size() > 1) write_table(std::move(rows));
  for (const host::Problem& problem : plugins.problems())
    write_text(STDERR_FILENO, "not loaded: " + problem.text() + "\n");
  if (plugins.plugins().empty()) {
    std::vector<std::string> looked;
    for (const auto& directory : directories) looked.push_back(directory.string());
    write_text(STDERR_FILENO, "no plugin was found" + (looked.empty() ? std::string() : " in " + listed(looked)) +
                                  "; give --plugin-dir DIR or set STEPOP_PLUGIN_PATH\n");
  }
  return 0;
}

// There is nothing to download: a plugin is one file in a plugin directory. So this tells whether it is there.
int install_integrations(const IntegrationCommand& command) {
  const auto directories = directories_in_reach(command.options);
  const host::PluginDirectory plugins = host::PluginDirectory::load(directories);
  bool all = true;
  for (const std::string& name : command.names) {
    const auto& known = plugins.plugins();
    const auto found = std::find_if(known.begin(), known.end(), [&](const host::Plugin& plugin) {
      return plugin.name() == name || plugin.flavor(name) != nullptr;
    });
    if (found != known.end()) {
      write_text(STDOUT_FILENO, name + " is here: " + found->file().string() + "\n");
      continue;
    }
    all = false;
    std::vector<std::string> looked;
    for (const auto& directory : directories) looked.push_back(directory.string());
    std::string line = "error: no plugin has the flavor \"" + name + "\"; copy its library into a plugin directory";
    if (!looked.empty()) line += ": " + listed(looked);
    write_text(STDERR_FILENO, line + "\n");
  }
  return all ? 0 : kBadInput;
}

}  // namespace stepop::orchestrator
