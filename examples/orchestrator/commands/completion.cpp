#include "commands/completion.hpp"

#include <algorithm>
#include <stdexcept>
#include <stepop/host_connectors.hpp>

#include "commands/stack_editing.hpp"
#include "run/journal.hpp"
#include "run/state_directory.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// A shell shows no more anyway.
constexpr std::size_t kMostRuns = 50;

constexpr const char* kBash = R"sh(# stepop for bash:  source <(stepop completion bash)
_stepop() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default ;;
      :directories) compopt -o dirnames ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _stepop stepop
)sh";

constexpr const char* kZsh = R"sh(#compdef stepop
# stepop for zsh:  source <(stepop completion zsh), or this text as a file _stepop in your fpath
_stepop() {
  local line
  local -a found
  for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files ;;
      :directories) _files -/ ;;
      ?*) found+=("$line") ;;
    esac
  done
  (( ${#found} )) && compadd -a found
}
if [ "${funcstack[1]}" = "_stepop" ]; then _stepop; else compdef _stepop stepop; fi
)sh";

StackOptions options_of(const CompletionWanted& wanted) {
  return {wanted.stack, wanted.plugin_directories, wanted.state_directory, Output::text};
}

host::PluginDirectory plugins_in_reach(const CompletionWanted& wanted) {
  try {
    return plugins_of(options_of(wanted), load_stack(wanted.stack).stack);
  } catch (const BadInput&) {
    return plugins_of(options_of(wanted), {});
  }
}

// "", where the step operator is not there yet, or is not asked about.
std::string flavor_of(const CompletionWanted& wanted) {
  if (!wanted.flavor.empty() || wanted.name.empty()) return wanted.flavor;
  const Stack stack = load_stack(wanted.stack).stack;
  const StepOperatorEntry* entry = stack.find(wanted.name);
  return entry == nullptr ? "" : entry->flavor;
}

json::object settings_of_flavor(const CompletionWanted& wanted) {
  const host::PluginDirectory plugins = plugins_in_reach(wanted);
  json::object properties = require_flavor(plugins, flavor_of(wanted)).at("config_schema").at("properties").as_object();
  // The host's own, and what `connect` writes.
  for (const char* other : {"owner", "connector", "connector_resource_id"}) properties.erase(other);
  return properties;
}

// The element whose member `key` is `name`. Throws where there is none.
const json::object& named(const json::array& all, std::string_view key, const std::string& name) {
  for (const json::value& one : all) {
    if (std::string(one.at(key).as_string()) == name) return one.as_object();
  }
  throw std::out_of_range(name);
}

std::vector<std::string> texts(const json::array& all, std::string_view key, const std::string& before = "") {
  std::vector<std::string> found;
  for (const json::value& one : all) found.push_back(before + std::string(one.at(key).as_string()));
  return found;
}

json::array connector_types(const CompletionWanted& wanted) {
  const host::PluginDirectory plugins = plugins_in_reach(wanted);
  for (const host::Plugin& plugin : plugins.plugins()) {
    if (plugin.extension(STEPOP_EXT_CONNECTORS) != nullptr) return host::Connectors(plugin).types();
  }
  return {};
}

json::array auth_methods(const CompletionWanted& wanted) {
  const json::array types = connector_types(wanted);
  return named(types, "type", wanted.connector_type).at("auth_methods").as_array();
}

std::vector<std::string> setting_options(const CompletionWanted& wanted) {
  if (!wanted.connector_type.empty()) {
    const json::array methods = auth_methods(wanted);
    return texts(named(methods, "auth_method", wanted.auth_method).at("attributes").as_array(), "name", "--");
  }
  std::vector<std::string> options;
  for (const auto& property : settings_of_flavor(wanted)) options.push_back("--" + std::string(property.key()));
  return options;
}

std::vector<std::string> values_of_setting(const CompletionWanted& wanted) {
  const json::object settings = settings_of_flavor(wanted);
  const json::object& schema = settings.at(wanted.setting).as_object();
  std::vector<std::string> values;
  if (const json::value* words = schema.if_contains("enum")) {
    for (const json::value& word : words->as_array()) {
      if (word.is_string()) values.emplace_back(word.get_string());
    }
  } else if (const json::value* type = schema.if_contains("type"); type != nullptr && *type == "boolean") {
    values = {"true", "false"};
  }
  return values;
}

std::vector<std::string> keys_of(const json::object& object) {
  std::vector<std::string> keys;
  for (const auto& member : object) keys.emplace_back(member.key());
  return keys;
}

std::vector<std::string> names_of(const CompletionWanted& wanted) {
  std::vector<std::string> names;
  switch (wanted.subject) {
    case Subject::stack:
    case Subject::stack_or_file:
      return ConfigurationDirectory::of_this_process().stacks();
    case Subject::step_operator:
      return load_stack(wanted.stack).stack.names();
    case Subject::flavor:
      return plugins_in_reach(wanted).flavors();
    case Subject::setting:
      return setting_options(wanted);
    case Subject::value:
      return values_of_setting(wanted);
    case Subject::configured:
      return keys_of(require_step_operator(load_stack(wanted.stack).stack, wanted.name).configuration);
    case Subject::service_connector:
      return load_stack(wanted.stack).stack.connector_names();
    case Subject::connector_type:
      return texts(connector_types(wanted), "type");
    case Subject::auth_method:
      return texts(auth_methods(wanted), "auth_method");
    case Subject::run:
    case Subject::step: {
      if (!StateDirectory::is_there(wanted.state_directory)) return {};
      Journal journal(StateDirectory::open(wanted.state_directory).journal_file());
      if (wanted.subject == Subject::run) {
        for (const JournalledRun& run : journal.runs(kMostRuns)) names.push_back(run.name);
      } else {
        for (const JournalledStep& step : journal.find_run(wanted.name).steps) names.push_back(step.name);
      }
      return names;
    }
    default:
      return {};
  }
}

}  // namespace

std::string completion_script(const std::string& shell) {
  return shell == "zsh" ? kZsh : kBash;
}

std::string completion_answers(const CompletionWanted& wanted) {
  std::vector<std::string> answers = wanted.words;
  try {
    for (std::string& name : names_of(wanted)) answers.push_back(std::move(name));
  } catch (const std::exception&) {
  }
  const bool unknown_value = wanted.subject == Subject::value && answers.empty();
  std::string text;
  for (const std::string& answer : answers) {
    if (answer.starts_with(wanted.begun)) text += wanted.prefix + answer + "\n";
  }
  if (unknown_value || wanted.subject == Subject::file || wanted.subject == Subject::stack_or_file) text += ":files\n";
  if (wanted.subject == Subject::directory) text += ":directories\n";
  return text;
}

}  // namespace stepop::orchestrator
