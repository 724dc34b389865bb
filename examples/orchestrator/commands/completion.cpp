#include "commands/completion.hpp"

#include <algorithm>

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

std::vector<std::string> setting_options(const CompletionWanted& wanted) {
  std::vector<std::string> options;
  const host::PluginDirectory plugins = plugins_in_reach(wanted);
  const json::object& flavor = require_flavor(plugins, wanted.flavor);
  for (const auto& property : flavor.at("config_schema").at("properties").as_object()) {
    if (property.key() != "owner") options.push_back("--" + std::string(property.key()));
  }
  return options;
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
    case Subject::run:
    case Subject::step: {
      if (!StateDirectory::is_there(wanted.state_directory)) return {};
      Journal journal(StateDirectory::open(wanted.state_directory).journal_file());
      if (wanted.subject == Subject::run) {
        for (const JournalledRun& run : journal.runs(kMostRuns)) names.push_back(run.name);
      } else {
        for (const JournalledStep& step : journal.find_run(wanted.run).steps) names.push_back(step.name);
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
  std::string text;
  for (const std::string& answer : answers) {
    if (answer.starts_with(wanted.begun)) text += wanted.prefix + answer + "\n";
  }
  if (wanted.subject == Subject::file || wanted.subject == Subject::stack_or_file) text += ":files\n";
  if (wanted.subject == Subject::directory) text += ":directories\n";
  return text;
}

}  // namespace stepop::orchestrator
