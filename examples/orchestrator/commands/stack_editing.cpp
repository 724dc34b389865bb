#include "commands/stack_editing.hpp"

#include <algorithm>

#include "commands/run_input.hpp"
#include "host/open_operators.hpp"
#include "host/plugin_search.hpp"
#include "input/mapping_reader.hpp"
#include "input/names.hpp"
#include "input/secret.hpp"
#include "run/state_directory.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

Stack as_stack(const YamlDocument& document, const ChosenStack& chosen) {
  return read_stack(document, chosen.file.parent_path(), process_environment());
}

std::string name_for_new(const ChosenStack& chosen) {
  return chosen.name ? *chosen.name : chosen.file.stem().string();
}

}  // namespace

LoadedStack load_stack(const ChosenStack& chosen) {
  LoadedStack loaded{chosen, parse_yaml(chosen.shown, read_text_file(chosen.shown)), {}};
  loaded.stack = as_stack(loaded.document, chosen);
  return loaded;
}

LoadedStack load_stack(const std::optional<std::string>& chosen) {
  return load_stack(choose_stack(ConfigurationDirectory::of_this_process(), chosen));
}

std::string in_words(const ChosenStack& chosen) {
  return "the stack " + (chosen.name ? *chosen.name + " (" + chosen.shown + ")" : chosen.shown);
}

host::PluginDirectory plugins_of(const StackOptions& options, const Stack& stack) {
  return host::PluginDirectory::load(plugin_search(options.plugin_directories, stack.plugin_directories));
}

const StepOperatorEntry& require_step_operator(const Stack& stack, const std::string& name) {
  if (const StepOperatorEntry* entry = stack.find(name)) return *entry;
  throw BadInput("there is no step operator \"" + name + "\" in the stack " + stack.file + "; " +
                 (stack.step_operators.empty() ? "it has none" : did_you_mean(name, stack.names())));
}

bool change_stack(const ChosenStack& chosen, const StackEdit& edit) {
  bool begun = false;
  const auto change = [&](const std::optional<std::string>& there) {
    begun = !there;
    if (begun && !edit.may_begin) read_text_file(chosen.shown);  // says what is wrong with it
    const std::string before = there ? *there : new_stack_text(name_for_new(chosen));
    const YamlDocument document = parse_yaml(chosen.shown, before);
    std::string after = edited_stack(chosen.shown, before, edit.changes(as_stack(document, chosen), document));
    // Also what the changes broke between them.
    const Stack stack = as_stack(parse_yaml(chosen.shown, after), chosen);
    if (edit.judge) edit.judge(stack);
    return after;
  };
  edit_file(chosen.file, change, edit.readers);
  return begun;
}

void judge_step_operator(const Stack& after, const std::string& name, const std::vector<std::string>& given,
                         const host::PluginDirectory& plugins, const StackOptions& options) {
  const std::string owner = StateDirectory::open(options.state_directory).owner();
  const std::string inside = child_path("step_operators", name) + ".configuration.";
  const auto where_given = [&](Finding finding) {
    // Places are those of a text that is in no file yet.
    finding.place = {};
    if (!finding.path.starts_with(inside)) return finding;
    const std::string path = finding.path.substr(inside.size());
    const std::string key = path.substr(0, path.find_first_of(".["));
    if (std::find(given.begin(), given.end(), key) == given.end()) return finding;
    finding.file.clear();
    finding.path = "--" + path;
    return finding;
  };
  std::vector<Finding> later;
  try {
    open_operators(after, {name}, plugins, owner, nullptr, &later);
  } catch (const BadInput& bad) {
    std::vector<Finding> findings = bad.findings();
    for (Finding& finding : findings) finding = where_given(std::move(finding));
    throw BadInput(std::move(findings));
  }
  for (Finding& finding : later) warn(where_given(std::move(finding)));
}

const json::object& require_flavor(const host::PluginDirectory& plugins, const std::string& flavor) {
  for (const host::Plugin& plugin : plugins.plugins()) {
    if (const json::object* found = plugin.flavor(flavor)) return *found;
  }
  std::string found;
  for (const host::Plugin& plugin : plugins.plugins()) {
    for (const std::string& name : plugin.flavors())
      found += (found.empty() ? "found " : ", ") + name + " (from " + plugin.file().string() + ")";
  }
  std::vector<Finding> findings{
      {"",
       {},
       "",
       "no plugin has the flavor \"" + flavor + "\"",
       found.empty() ? "no plugin was found; give --plugin-dir DIR or set STEPOP_PLUGIN_PATH" : found}};
  if (const auto meant = nearest_name(flavor, plugins.flavors()); !meant.empty())
    findings.front().hint = "did you mean \"" + meant + "\"? " + findings.front().hint;
  for (const host::Problem& problem : plugins.problems())
    findings.push_back({problem.file.string(), {}, "", problem.why, problem.hint});
  throw BadInput(std::move(findings));
}

json::object written_entry(const std::string& flavor, json::object configuration) {
  json::object entry{{"flavor", flavor}};
  if (!configuration.empty()) entry["configuration"] = std::move(configuration);
  return entry;
}

json::object written_entry(const YamlDocument& document, const std::string& name) {
  return to_json(document.root).at("step_operators").at(name).as_object();
}

json::object shown_entry(const YamlDocument& document, const std::string& name) {
  json::object entry = written_entry(document, name);
  if (json::value* configuration = entry.if_contains("configuration"))
    *configuration = without_secrets(std::move(configuration->as_object()));
  return entry;
}

}  // namespace stepop::orchestrator
