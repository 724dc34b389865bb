// Shell completion: the script that a shell reads, and the answers that it asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace stepop::orchestrator {

// What a word is about, when it is no verb and no option.
enum class Subject {
  nothing,
  word,  // one of `words`
  file,
  directory,
  stack,
  stack_or_file,
  step_operator,
  flavor,
  setting,     // a key of the flavor's configuration, or of the connector's, as an option: --KEY
  value,       // of the setting `setting`
  configured,  // a key that the step operator's configuration has
  service_connector,
  connector_type,
  auth_method,
  run,
  step,
};

struct CompletionWanted {
  std::vector<std::string> words;  // verbs, options or values that are known here already
  Subject subject = Subject::nothing;
  std::string prefix;  // what stands before the value in the same word: "--stack="
  std::string begun;   // how the value begins
  // What the words before say, for those that are not known here.
  std::optional<std::string> stack;
  std::optional<std::string> state_directory;
  std::vector<std::string> plugin_directories;
  std::string flavor;
  std::string name;  // the first word that is no verb and no option: a run's name, or what the verb is about
  std::string connector_type;
  std::string auth_method;
  std::string setting;  // the key that waits for its value
};

// "bash" or "zsh". The script calls `stepop __complete WORD...` for each answer.
std::string completion_script(const std::string& shell);

// A line an answer. `:files` and `:directories` tell the shell to offer those too. What cannot be found out is left out:
// a shell has no place for an error.
std::string completion_answers(const CompletionWanted&);

}  // namespace stepop::orchestrator
