// Reading stacks for commands, and changing them: what was read, what was meant, what the plugins say of it, and only
// then the file.
#pragma once

#include <functional>
#include <stepop/host.hpp>
#include <string>
#include <vector>

#include "commands/stack_commands.hpp"
#include "input/stack_edit.hpp"
#include "input/stack_file.hpp"
#include "stacks/configuration_directory.hpp"
#include "stacks/file_edit.hpp"

namespace stepop::orchestrator {

struct LoadedStack {
  ChosenStack chosen;
  YamlDocument document;
  Stack stack;
};
// Throws BadInput with every mistake.
LoadedStack load_stack(const std::optional<std::string>& chosen);
LoadedStack load_stack(const ChosenStack&);

// "the stack demo", "the stack stack.yaml"
std::string in_words(const ChosenStack&);

// Those of the command, of the stack, and the usual ones.
host::PluginDirectory plugins_of(const StackOptions&, const Stack&);

// Throws BadInput with the nearest name.
const StepOperatorEntry& require_step_operator(const Stack&, const std::string& name);

struct StackEdit {
  // `document`: what the file says now.
  std::function<std::vector<StackChange>(const Stack& before, const YamlDocument& document)> changes;
  // Throws BadInput for what must not be written. May be empty.
  std::function<void(const Stack& after)> judge;
  Readers readers = Readers::as_before;
  bool may_begin = false;  // a stack file that is not there
};
// Returns whether the stack file was not there, and has been begun.
bool change_stack(const ChosenStack&, const StackEdit&);

// What the plugin says of a step operator's configuration; throws BadInput with all of it, but only warns of what may be
// right later. A mistake in a key of `given`, which came from the command line, is shown there: "--cleanup: ...".
void judge_step_operator(const Stack& after, const std::string& name, const std::vector<std::string>& given,
                         const host::PluginDirectory&, const StackOptions&);

// The flavor's element of its plugin's description. Throws BadInput with the nearest name and what was found.
const boost::json::object& require_flavor(const host::PluginDirectory&, const std::string& flavor);

// How a step operator is written in a stack file.
boost::json::object written_entry(const std::string& flavor, boost::json::object configuration);
// One that is there, as it is written; to be shown, without its secrets.
boost::json::object written_entry(const YamlDocument&, const std::string& name);
boost::json::object shown_entry(const YamlDocument&, const std::string& name);

// The cluster that is meant, "" for the connector's own. Throws BadInput with the names of what there is.
std::string cluster_of(const Connection&, const Stack&, const host::PluginDirectory&);

}  // namespace stepop::orchestrator
