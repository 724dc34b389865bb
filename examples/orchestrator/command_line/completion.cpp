#include "command_line/completion.hpp"

#include <algorithm>
#include <map>

namespace stepop::orchestrator {
namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App* verb) { return !verb->get_name().empty(); });
}

const CLI::App* verb_named(const CLI::App& app, const std::string& name) {
  for (const CLI::App* verb : verbs_of(app)) {
    if (verb->get_name() == name) return verb;
  }
  return nullptr;
}

const CLI::Option* option_named(const CLI::App& app, const std::string& word) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (word == "--" + name) return option;
    }
    for (const std::string& name : option->get_snames()) {
      if (word == "-" + name) return option;
    }
  }
  return nullptr;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& app) {
  std::vector<const CLI::Option*> positionals;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) positionals.push_back(option);
  }
  return positionals;
}

std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : option.get_lnames().front();
}

// By the word under which the help shows it.
Subject subject_of(const CLI::App& verb, const CLI::Option& option) {
  static const std::map<std::string, Subject> kSubjects{
      {"stack", Subject::stack_or_file},
      {"config", Subject::file},
      {"state-dir", Subject::directory},
      {"plugin-dir", Subject::directory},
      {"resume", Subject::run},
      {"flavor", Subject::flavor},
      {"remove", Subject::configured},
      {"connector", Subject::service_connector},
      {"type", Subject::connector_type},
      {"connector-type", Subject::connector_type},
      {"auth-method", Subject::auth_method},
      {"resource-type", Subject::word},
      {"step_operator", Subject::step_operator},
      {"output", Subject::word},
      {"schema", Subject::word},
      {"PIPELINE", Subject::file},
      {"RUN", Subject::run},
      {"STEP", Subject::step},
      {"FLAVOR", Subject::flavor},
      {"SHELL", Subject::word},
  };
  const std::string name = option.get_positional() ? option.get_name(true) : long_name(option);
  if (name == "NAME") {
    if (verb.get_name() == "register" || verb.get_name() == "install") return Subject::nothing;
    const CLI::App* group = verb.get_parent();
    const std::string what = group == nullptr ? "" : group->get_name();
    return what == "stack" ? Subject::stack
                           : (what == "service-connector" ? Subject::service_connector : Subject::step_operator);
  }
  const auto found = kSubjects.find(name);
  return found == kSubjects.end() ? Subject::nothing : found->second;
}

std::vector<std::string> words_of(const CLI::Option& option) {
  const std::string name = option.get_positional() ? option.get_name(true) : long_name(option);
  if (name == "SHELL") return {"bash", "zsh"};
  if (name == "schema") return {"configuration", "request", "settings"};
  if (name == "resource-type") return {"kubernetes-cluster"};
  if (name == "output") return {"json", "yaml"};
  return {};
}

void note_option(const CLI::Option& option, const std::string& value, CompletionWanted& wanted) {
  const std::string name = long_name(option);
  if (name == "stack") wanted.stack = value;
  if (name == "state-dir") wanted.state_directory = value;
  if (name == "plugin-dir") wanted.plugin_directories.push_back(value);
  if (name == "flavor") wanted.flavor = value;
  if (name == "type") wanted.connector_type = value;
  if (name == "auth-method") wanted.auth_method = value;
}

void want_value(const CLI::App& verb, const CLI::Option& option, CompletionWanted& wanted) {
  wanted.subject = subject_of(verb, option);
  wanted.words = words_of(option);
}

}  // namespace

CompletionWanted wanted_completion(const CLI::App& app, const std::vector<std::string>& words) {
  CompletionWanted wanted;
  if (words.empty()) return wanted;
  const CLI::App* verb = &app;
  std::vector<std::string> positionals;
  std::vector<const CLI::Option*> used;
  const CLI::Option* waiting = nullptr;  // an option whose value comes next
  std::string unknown;                   // a plugin's --KEY, whose value comes next
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "=") continue;  // bash makes three words of --stack=FILE
    const std::size_t equals = word.find('=');
    if (waiting != nullptr) {
      note_option(*waiting, word, wanted);
      waiting = nullptr;
    } else if (!unknown.empty()) {
      unknown.clear();
    } else if (word.size() > 1 && word[0] == '-') {
      const CLI::Option* option = option_named(*verb, word.substr(0, equals));
      if (option != nullptr) used.push_back(option);
      if (option != nullptr && equals != word.npos)
        note_option(*option, word.substr(equals + 1), wanted);
      else if (option != nullptr && takes_value(*option))
        waiting = option;
      if (option == nullptr && equals == word.npos && word.starts_with("--")) unknown = word.substr(2);
    } else if (const CLI::App* next = positionals.empty() ? verb_named(*verb, word) : nullptr) {
      verb = next;
    } else {
      positionals.push_back(word);
    }
  }
  if (!positionals.empty()) wanted.name = positionals.front();
  wanted.begun = words.back() == "=" ? "" : words.back();
  const std::size_t equals = wanted.begun.find('=');
  if (waiting != nullptr) {
    want_value(*verb, *waiting, wanted);
  } else if (!unknown.empty()) {
    wanted.subject = Subject::value;
    wanted.setting = unknown;
  } else if (wanted.begun.starts_with("--") && equals != wanted.begun.npos) {
    wanted.prefix = wanted.begun.substr(0, equals + 1);
    if (const CLI::Option* option = option_named(*verb, wanted.begun.substr(0, equals)))
      want_value(*verb, *option, wanted);
    wanted.begun.erase(0, equals + 1);
  } else if (wanted.begun.starts_with("-")) {
    for (const CLI::Option* option : verb->get_options()) {
      const bool again = takes_value(*option) && option->get_items_expected_max() > 1;
      if (!again && std::find(used.begin(), used.end(), option) != used.end()) continue;
      for (const std::string& name : option->get_lnames()) wanted.words.push_back("--" + name);
    }
    const bool has_settings = verb->get_parent() != nullptr && verb->get_parent()->get_name() != "stack";
    if (has_settings && (verb->get_name() == "register" || verb->get_name() == "update"))
      wanted.subject = Subject::setting;
  } else if (const auto verbs = verbs_of(*verb); !verbs.empty()) {
    for (const CLI::App* next : verbs) wanted.words.push_back(next->get_name());
  } else if (const auto places = positionals_of(*verb); !places.empty()) {
    const bool last_repeats = places.back()->get_items_expected_max() > 1;
    if (positionals.size() < places.size() || last_repeats)
      want_value(*verb, *places[std::min(positionals.size(), places.size() - 1)], wanted);
  }
  return wanted;
}

}  // namespace stepop::orchestrator
