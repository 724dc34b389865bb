#include <algorithm>

#include "command_line/verbs.hpp"

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

void add_json_output(CLI::App& verb, bool& json) {
  verb.add_option_function<std::string>(
          "-o,--output", [&json](const std::string& format) { json = format == "json"; },
          "`json`: one JSON document on stdout")
      ->check(CLI::IsMember({"json"}).description(""))
      ->type_name("FORMAT");
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

// The verb that the arguments begin with, and how many of them name it.
const Verb* verb_of(const CLI::App& app, const std::vector<Verb>& verbs, const std::vector<std::string>& arguments,
                    std::size_t& words) {
  const CLI::App* at = &app;
  for (words = 0; words < arguments.size(); ++words) {
    const auto named =
        at->get_subcommands([&](const CLI::App* candidate) { return candidate->get_name() == arguments[words]; });
    if (named.empty()) break;
    at = named.front();
  }
  const auto found = std::find_if(verbs.begin(), verbs.end(), [&](const Verb& verb) { return verb.app == at; });
  return found == verbs.end() ? nullptr : &*found;
}

}  // namespace

void parse_command_line(CLI::App& app, const std::vector<Verb>& verbs, const std::vector<std::string>& arguments) {
  std::vector<std::string> known = arguments;
  std::size_t words = 0;
  if (const Verb* verb = verb_of(app, verbs, arguments, words); verb != nullptr && verb->settings != nullptr) {
    const auto behind = arguments.begin() + static_cast<long>(words);
    SplitArguments split = split_key_values({behind, arguments.end()}, long_options(*verb->app));
    *verb->settings = std::move(split.settings);
    known.assign(arguments.begin(), behind);
    known.insert(known.end(), split.known.begin(), split.known.end());
  }
  std::reverse(known.begin(), known.end());  // as CLI11 takes them
  app.parse(std::move(known));
}

}  // namespace stepop::orchestrator
