#include <algorithm>

#include "command_line/verbs.hpp"
#include "input/finding.hpp"
#include "input/names.hpp"

namespace stepop::orchestrator {

void add_state_directory(CLI::App& verb, std::optional<std::string>& directory) {
  verb.add_option("--state-dir", directory,
                  "Where the journal and the logs are kept\n(else $STEPOP_STATE_DIR, "
                  "$XDG_STATE_HOME/stepop, ~/.local/state/stepop)")
      ->type_name("DIR");
}

void add_plugin_directories(CLI::App& verb, std::vector<std::string>& directories) {
  verb.add_option("--plugin-dir", directories,
                  "A directory of plugins, before those of the stack and of $STEPOP_PLUGIN_PATH;\n"
                  "can be given several times")
      ->type_name("DIR")
      ->allow_extra_args(false);
}

void add_stack(CLI::App& verb, std::optional<std::string>& stack) {
  verb.add_option("--stack", stack, "A stack file, or a stack's name (else $STEPOP_STACK, the active stack)")
      ->type_name("STACK");
}

void add_output(CLI::App& verb, Output& output) {
  verb.add_option_function<std::string>(
          "-o,--output",
          [&output](const std::string& format) { output = format == "json" ? Output::json : Output::yaml; },
          "`json` or `yaml`: one document on stdout, for programs")
      ->check(CLI::IsMember({"json", "yaml"}).description(""))
      ->type_name("FORMAT");
}

namespace {

std::vector<std::string> long_options(const CLI::App& verb) {
  std::vector<std::string> names;
  for (const CLI::Option* option : verb.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

std::vector<const CLI::App*> verbs_below(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// The verb, or the group of verbs, that the arguments begin with, and how many of them name it.
const CLI::App& named_by(const CLI::App& app, const std::vector<std::string>& arguments, std::size_t& words) {
  const CLI::App* at = &app;
  for (words = 0; words < arguments.size(); ++words) {
    const auto verbs = verbs_below(*at);
    const auto named = std::find_if(verbs.begin(), verbs.end(),
                                    [&](const CLI::App* verb) { return verb->get_name() == arguments[words]; });
    if (named == verbs.end()) break;
    at = *named;
  }
  return *at;
}

// "stepop step-operator"
std::string full_name(const CLI::App& verb) {
  return (verb.get_parent() == nullptr ? "" : full_name(*verb.get_parent()) + " ") + verb.get_name();
}

void refuse_unknown_verb(const CLI::App& group, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_below(group)) names.push_back(verb->get_name());
  throw BadInput("there is no command `" + full_name(group) + " " + word + "`; " + did_you_mean(word, names));
}

void refuse_unknown_options(const CLI::App& verb, const std::vector<std::string>& arguments, std::size_t first) {
  const std::vector<std::string> known = long_options(verb);
  for (std::size_t i = first; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string name = arguments[i].substr(0, arguments[i].find('='));
    if (!name.starts_with("--") || std::find(known.begin(), known.end(), name.substr(2)) != known.end()) continue;
    const std::string meant = nearest_name(name.substr(2), known);
    throw BadInput(name + ": `" + full_name(verb) + "` has no such option; " +
                   (meant.empty() ? "`" + full_name(verb) + " --help` lists them" : "did you mean --" + meant + "?"));
  }
}

}  // namespace

void parse_command_line(CLI::App& app, const std::vector<Verb>& verbs, const std::vector<std::string>& arguments) {
  std::vector<std::string> known = arguments;
  std::size_t words = 0;
  const CLI::App& at = named_by(app, arguments, words);
  const auto verb = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& one) { return one.app == &at; });
  if (verb == verbs.end()) {
    if (words < arguments.size() && !arguments[words].starts_with("-")) refuse_unknown_verb(at, arguments[words]);
    refuse_unknown_options(at, arguments, words);
  } else if (verb->settings == nullptr) {
    refuse_unknown_options(at, arguments, words);
  } else {
    const auto behind = arguments.begin() + static_cast<long>(words);
    SplitArguments split = split_key_values({behind, arguments.end()}, long_options(at));
    *verb->settings = std::move(split.settings);
    known.assign(arguments.begin(), behind);
    known.insert(known.end(), split.known.begin(), split.known.end());
  }
  std::reverse(known.begin(), known.end());  // as CLI11 takes them
  app.parse(std::move(known));
}

std::string usage_error(const CLI::App& app, const std::vector<std::string>& arguments, const CLI::ParseError& error) {
  std::size_t words = 0;
  const CLI::App& at = named_by(app, arguments, words);
  const std::string help = "; `" + full_name(at) + " --help` shows how to call it";
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !verbs_below(at).empty())
    return "a command is missing" + help;
  return error.what() + help;
}

}  // namespace stepop::orchestrator
