#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>

#include "commands/commands.hpp"
#include "commands/stack_editing.hpp"
#include "host/open_operators.hpp"
#include "input/utf8.hpp"
#include "run/state_directory.hpp"
#include "screen/progress.hpp"
#include "screen/style.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

using Level = host::Finding::Level;

constexpr std::chrono::seconds kCheckTimeout{20};

struct Examined {
  std::string name;
  std::string flavor;
  std::string plugin_file;  // "" when it could not be opened
  std::vector<host::Finding> checks;

  bool healthy() const {
    for (const host::Finding& check : checks) {
      if (check.level == Level::error) return false;
    }
    return true;
  }
};

Examined examine(const LoadedStack& loaded, const StepOperatorEntry& entry, const host::PluginDirectory& plugins,
                 const std::string& owner) {
  Examined examined{entry.name, entry.flavor, "", {}};
  try {
    const auto operators = open_operators(loaded.stack, {entry.name}, plugins, owner, &loaded.document);
    examined.plugin_file = operators.front().plugin_file.string();
    examined.checks = operators.front().op.check(kCheckTimeout);
  } catch (const BadInput& bad) {
    for (Finding finding : bad.findings()) {
      const std::string hint = std::exchange(finding.hint, "");
      examined.checks.push_back({Level::error, "Configuration", finding.path, to_text(finding), hint, false});
    }
  } catch (const host::Error& error) {
    if (error.code() == STEPOP_E_UNSUPPORTED) {
      examined.checks.push_back({Level::warning, "NoCheck", "", "this plugin has no checks", "", false});
    } else if (error.findings().empty()) {
      examined.checks.push_back({Level::error, std::string(error.code_name()), "", error.what(), "", false});
    } else {
      examined.checks = error.findings();
    }
  }
  return examined;
}

json::object as_document(const Examined& examined) {
  json::array checks;
  for (const host::Finding& check : examined.checks) {
    checks.emplace_back(json::object{{"level", host::name(check.level)},
                                     {"code", check.code},
                                     {"path", check.path},
                                     {"message", check.message},
                                     {"hint", check.hint}});
  }
  const json::value plugin =
      examined.plugin_file.empty() ? json::value(nullptr) : json::value(json::string(examined.plugin_file));
  return {{"name", examined.name},
          {"flavor", examined.flavor},
          {"plugin", plugin},
          {"healthy", examined.healthy()},
          {"checks", std::move(checks)}};
}

void show(const Examined& examined) {
  const Style style = style_of(STDOUT_FILENO);
  std::vector<std::string> lines{style.bold(examined.name) + ": " + examined.flavor +
                                 (examined.plugin_file.empty() ? "" : " (" + examined.plugin_file + ")")};
  for (const host::Finding& check : examined.checks) {
    // As wide as "warning".
    const std::string level = check.level == Level::ok        ? style.good("ok     ")
                              : check.level == Level::warning ? style.busy("warning")
                                                              : style.bad("error  ");
    const bool named = !check.path.empty() && check.message.find(check.path) == check.message.npos;
    lines.push_back("  " + level + "  " + printable((named ? check.path + ": " : "") + check.message));
    if (!check.hint.empty()) lines.push_back("           remedy: " + printable(check.hint));
  }
  write_lines(STDOUT_FILENO, lines);
}

}  // namespace

int doctor(const DoctorCommand& command) {
  const LoadedStack loaded = load_stack(command.options.stack);
  if (!command.name.empty()) require_step_operator(loaded.stack, command.name);
  if (loaded.stack.step_operators.empty()) throw BadInput(in_words(loaded.chosen) + " has no step operators");
  const host::PluginDirectory plugins = plugins_of(command.options, loaded.stack);
  const std::string owner = StateDirectory::open(command.options.state_directory).owner();
  json::array documents;
  std::size_t ill = 0;
  for (const StepOperatorEntry& entry : loaded.stack.step_operators) {
    if (!command.name.empty() && entry.name != command.name) continue;
    const Examined examined = examine(loaded, entry, plugins, owner);
    if (!examined.healthy()) ++ill;
    documents.emplace_back(as_document(examined));
    if (command.options.output == Output::text) show(examined);
  }
  if (command.options.output != Output::text) {
    write_document(command.options.output, json::object{{"stack", loaded.stack.name},
                                                        {"stack_file", loaded.chosen.file.string()},
                                                        {"healthy", ill == 0},
                                                        {"step_operators", std::move(documents)}});
  } else if (ill > 0) {
    write_text(STDOUT_FILENO, std::to_string(ill) + " of " + std::to_string(documents.size()) +
                                  (documents.size() == 1 ? " step operator" : " step operators") +
                                  " cannot run steps\n");
  }
  return ill == 0 ? 0 : kNotWell;
}

}  // namespace stepop::orchestrator
