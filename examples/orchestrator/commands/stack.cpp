#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "commands/commands.hpp"
#include "commands/stack_editing.hpp"
#include "input/mapping_reader.hpp"
#include "input/names.hpp"
#include "input/yaml_text.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

void say(const std::string& line) {
  write_text(STDOUT_FILENO, line + "\n");
}

// The stack that is named, else the one that `options` mean.
ChosenStack meant(const ConfigurationDirectory& directory, const StackCommand& command) {
  if (command.name.empty()) return choose_stack(directory, command.options.stack);
  directory.require_stack(command.name);
  return {directory.stack_file(command.name), directory.stack_file(command.name), command.name, "NAME"};
}

struct Source {
  std::string file;
  json::object entry;                                     // as it is written there
  std::vector<std::filesystem::path> plugin_directories;  // where its plugin is looked for
};

// A step operator that another stack has: the active one's first, then any other's when only one has it.
Source find_elsewhere(const ConfigurationDirectory& directory, const std::string& name, const ChosenStack& but) {
  std::vector<Source> found;
  std::vector<std::string> known;
  std::vector<std::string> stacks = directory.stacks();
  const std::string active = directory.active();
  std::stable_partition(stacks.begin(), stacks.end(), [&](const std::string& stack) { return stack == active; });
  for (const std::string& stack : stacks) {
    if (directory.stack_file(stack) == but.file) continue;
    const LoadedStack loaded = load_stack({directory.stack_file(stack), directory.stack_file(stack), stack, ""});
    for (const std::string& other : loaded.stack.names()) {
      if (std::find(known.begin(), known.end(), other) == known.end()) known.push_back(other);
    }
    if (loaded.stack.find(name) == nullptr) continue;
    found.push_back({loaded.chosen.shown, written_entry(loaded.document, name), loaded.stack.plugin_directories});
    if (stack == active) break;
  }
  if (found.empty()) {
    throw BadInput("there is no step operator \"" + name + "\" in any stack; " +
                   (known.empty() ? "register it with: stepop step-operator register " + name + " --flavor FLAVOR"
                                  : did_you_mean(name, known)));
  }
  const bool same = std::all_of(found.begin(), found.end(), [&](const Source& s) { return s.entry == found[0].entry; });
  if (!same)
    throw BadInput("two stacks have a step operator \"" + name + "\", and not the same: " + found[0].file + " and " +
                   found[1].file);
  return found[0];
}

// What makes the step operators part of the stack, the first one its default.
std::vector<StackChange> changes_for(const ConfigurationDirectory& directory, const StackCommand& command,
                                     const ChosenStack& chosen, const Stack& before, const YamlDocument& document) {
  std::vector<StackChange> changes;
  std::vector<std::string> directories;
  for (const auto& known : before.plugin_directories) directories.push_back(known.string());
  const std::size_t known_directories = directories.size();
  const auto search_in = [&](const std::filesystem::path& plugin_directory) {
    const std::string text = std::filesystem::absolute(plugin_directory).lexically_normal().string();
    if (std::find(directories.begin(), directories.end(), text) == directories.end()) directories.push_back(text);
  };
  for (const std::string& plugin_directory : command.options.plugin_directories) search_in(plugin_directory);
  for (const std::string& name : command.step_operators) {
    if (before.find(name) != nullptr) continue;
    const Source source = find_elsewhere(directory, name, chosen);
    for (const auto& plugin_directory : source.plugin_directories) search_in(plugin_directory);
    changes.push_back({{"step_operators", name}, source.entry});
  }
  if (directories.size() > known_directories) {
    // What is written there already may be relative, and stays so.
    const json::value written = to_json(document.root);
    json::array list;
    if (const json::value* there = written.as_object().if_contains("plugin_directories")) list = there->as_array();
    for (std::size_t i = known_directories; i < directories.size(); ++i) list.emplace_back(directories[i]);
    changes.insert(changes.begin(), {{"plugin_directories"}, std::move(list)});
  }
  if (!command.step_operators.empty() && before.default_step_operator != command.step_operators.front())
    changes.push_back({{"default_step_operator"}, json::value(json::string(command.step_operators.front()))});
  return changes;
}

StackEdit edit_of(const ConfigurationDirectory& directory, const StackCommand& command, const ChosenStack& chosen) {
  StackEdit edit;
  edit.changes = [&directory, &command, chosen](const Stack& before, const YamlDocument& document) {
    return changes_for(directory, command, chosen, before, document);
  };
  edit.judge = [&command](const Stack& after) {
    const host::PluginDirectory plugins = plugins_of(command.options, after);
    for (const std::string& name : command.step_operators)
      judge_step_operator(after, name, {}, plugins, command.options);
  };
  return edit;
}

json::object as_document(const ConfigurationDirectory& directory, const LoadedStack& loaded) {
  json::array names;
  for (const std::string& name : loaded.stack.names()) names.emplace_back(name);
  const json::value chosen = loaded.stack.default_step_operator.empty()
                                 ? json::value(nullptr)
                                 : json::value(json::string(loaded.stack.default_step_operator));
  return {{"name", loaded.chosen.name.value_or(loaded.stack.name)},
          {"active", loaded.chosen.name && *loaded.chosen.name == directory.active()},
          {"file", loaded.chosen.file.string()},
          {"default_step_operator", chosen},
          {"step_operators", std::move(names)}};
}

void ask_before_deleting(const std::string& name) {
  if (::isatty(STDIN_FILENO) != 1) throw BadInput("nobody can be asked here; give --yes to delete the stack " + name);
  write_text(STDERR_FILENO, "delete the stack " + name + "? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  if (answer != "y" && answer != "Y" && answer != "yes") throw BadInput("the stack " + name + " stays");
}

}  // namespace

int register_stack(const StackCommand& command) {
  const auto directory = ConfigurationDirectory::of_this_process();
  FileReading reading{"", {}, {}};
  if (!check_name(command.name, {}, "", reading)) throw BadInput(std::move(reading.findings));
  if (directory.has_stack(command.name))
    throw BadInput("there is a stack \"" + command.name + "\" already: " + directory.stack_file(command.name).string());
  const auto file = directory.stack_file(command.name);
  const ChosenStack chosen{file, file, command.name, "NAME"};
  StackEdit edit = edit_of(directory, command, chosen);
  edit.may_begin = true;
  change_stack(chosen, edit);
  if (command.set) directory.make_active(command.name);
  say("registered " + in_words(chosen) + (command.set ? ", which is the active one now" : ""));
  return 0;
}

int update_stack(const StackCommand& command) {
  if (command.step_operators.empty() && command.options.plugin_directories.empty())
    throw BadInput("there is nothing to update; give --step_operator NAME or --plugin-dir DIR");
  const auto directory = ConfigurationDirectory::of_this_process();
  const ChosenStack chosen = meant(directory, command);
  change_stack(chosen, edit_of(directory, command, chosen));
  std::string line = "updated " + in_words(chosen);
  if (!command.step_operators.empty()) line += "; steps that name no step operator run on " + command.step_operators[0];
  say(line);
  return 0;
}

int set_stack(const StackCommand& command) {
  const auto directory = ConfigurationDirectory::of_this_process();
  directory.require_stack(command.name);
  directory.make_active(command.name);
  say("the active stack is " + command.name);
  if (const char* other = std::getenv("STEPOP_STACK"); other != nullptr && *other != '\0')
    write_text(STDERR_FILENO, std::string("warning: STEPOP_STACK is set to ") + other + ", which comes before it\n");
  return 0;
}

int delete_stack(const StackCommand& command) {
  const auto directory = ConfigurationDirectory::of_this_process();
  directory.require_stack(command.name);
  if (!command.yes) ask_before_deleting(command.name);
  directory.remove(command.name);
  say("deleted the stack " + command.name);
  return 0;
}

int list_stacks(const StackCommand& command) {
  const auto directory = ConfigurationDirectory::of_this_process();
  json::array documents;
  std::vector<std::vector<Cell>> rows{{{"ACTIVE"}, {"NAME"}, {"STEP OPERATORS"}, {"FILE"}}};
  for (const std::string& name : directory.stacks()) {
    const auto file = directory.stack_file(name);
    try {
      const LoadedStack loaded = load_stack({file, file, name, ""});
      documents.emplace_back(as_document(directory, loaded));
      rows.push_back({{name == directory.active() ? "*" : ""}, {name}, {listed(loaded.stack.names())}, {file}});
    } catch (const BadInput& bad) {
      // One that cannot be read is still one.
      documents.emplace_back(json::object{
          {"name", name}, {"active", name == directory.active()}, {"file", file.string()}, {"error", bad.what()}});
      rows.push_back({{name == directory.active() ? "*" : ""}, {name}, {"(has mistakes)"}, {file}});
    }
  }
  if (command.options.output != Output::text)
    write_document(command.options.output, documents);
  else if (rows.size() == 1)
    write_text(STDERR_FILENO, "no stacks in " + (directory.path() / "stacks").string() + "\n");
  else
    write_table(std::move(rows));
  return 0;
}

int describe_stack(const StackCommand& command) {
  const auto directory = ConfigurationDirectory::of_this_process();
  const LoadedStack loaded = load_stack(meant(directory, command));
  const Stack& stack = loaded.stack;
  if (command.options.output != Output::text) {
    json::object document = as_document(directory, loaded);
    json::array directories;
    for (const auto& plugin_directory : stack.plugin_directories) directories.emplace_back(plugin_directory.string());
    document["plugin_directories"] = std::move(directories);
    json::array entries;
    for (const StepOperatorEntry& entry : stack.step_operators) {
      json::object shown = shown_entry(loaded.document, entry.name);
      shown["name"] = entry.name;
      entries.emplace_back(std::move(shown));
    }
    document["step_operators"] = std::move(entries);
    write_document(command.options.output, document);
    return 0;
  }
  std::vector<std::vector<Cell>> rows{{{"STACK"}, {loaded.chosen.name.value_or(stack.name)}},
                                      {{"file"}, {loaded.chosen.file.string()}}};
  if (loaded.chosen.name) rows.push_back({{"active"}, {*loaded.chosen.name == directory.active() ? "yes" : "no"}});
  for (const auto& plugin_directory : stack.plugin_directories)
    rows.push_back({{"plugin directory"}, {plugin_directory.string()}});
  for (const StepOperatorEntry& entry : stack.step_operators) {
    const bool chosen = entry.name == stack.default_step_operator;
    rows.push_back({{"step operator"}, {entry.name + " (" + entry.flavor + ")" + (chosen ? ", the default" : "")}});
  }
  write_table(std::move(rows));
  return 0;
}

}  // namespace stepop::orchestrator
