// The command line: verbs, their options and their help. What a verb does is in commands/.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/output.hpp"
#include "input/key_values.hpp"

namespace stepop::orchestrator {

struct Verb {
  CLI::App* app = nullptr;
  std::function<int()> call;  // returns the exit status
  // Where `--KEY VALUE` of a plugin go; null for a verb that knows all its options.
  std::vector<KeyValue>* settings = nullptr;
};

std::vector<Verb> run_verbs(CLI::App&);    // run, logs, ps, cancel, version
std::vector<Verb> stack_verbs(CLI::App&);  // step-operator, stack, integration
// `step-operator connect` goes below the group that stack_verbs made.
std::vector<Verb> connector_verbs(CLI::App&);  // service-connector
std::vector<Verb> other_verbs(CLI::App&);      // doctor, completion

// Options that several verbs have.
void add_state_directory(CLI::App&, std::optional<std::string>&);
void add_plugin_directories(CLI::App&, std::vector<std::string>&);
void add_stack(CLI::App&, std::optional<std::string>&);
void add_output(CLI::App&, Output&);

// As `argv` without the program. Verbs that take a plugin's settings get them. Throws CLI::ParseError, BadInput.
void parse_command_line(CLI::App&, const std::vector<Verb>&, const std::vector<std::string>& arguments);
// What was wrong, and where the help is.
std::string usage_error(const CLI::App&, const std::vector<std::string>& arguments, const CLI::ParseError&);

}  // namespace stepop::orchestrator
