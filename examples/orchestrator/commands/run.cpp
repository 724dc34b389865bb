#include <unistd.h>

#include <chrono>

#include "commands/commands.hpp"
#include "commands/connector_secrets.hpp"
#include "commands/drive_run.hpp"
#include "commands/dry_run.hpp"
#include "commands/run_input.hpp"
#include "host/plugin_search.hpp"
#include "input/utf8.hpp"
#include "screen/progress.hpp"
#include "screen/times.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Of one preflight question. A cluster that takes longer does not run steps well either.
constexpr std::chrono::seconds kCheckTimeout{20};
// A run's name stands in the labels and names of what runs its steps, and people type it.
constexpr std::size_t kLongestRunName = 100;

void check_run_name(const std::optional<std::string>& name) {
  if (!name) return;
  const bool good = !name->empty() && name->size() <= kLongestRunName && printable(*name) == *name;
  if (!good)
    throw BadInput("--run-name: found \"" + printable(*name) +
                   "\", expected 1 to 100 bytes without control characters");
}

std::vector<std::string> used_operators(const Pipeline& pipeline) {
  std::vector<std::string> used;
  for (const Step& step : pipeline.steps) used.push_back(step.step_operator);
  return used;
}

JournalledRun new_run(const RunInput& input, const RunCommand& command, std::string id) {
  JournalledRun run;
  run.id = std::move(id);
  run.pipeline = to_json(input.pipeline);
  run.stack = to_json(input.stack);
  run.options = {{"max_parallel", command.max_parallel}, {"fail_fast", command.fail_fast}};
  run.created_at = now_us();
  for (const Step& step : input.pipeline.steps) {
    JournalledStep journalled;
    journalled.name = step.name;
    journalled.step_operator = step.step_operator;
    run.steps.push_back(std::move(journalled));
  }
  return run;
}

}  // namespace

int run(const RunCommand& command) {
  const RunInput input = read_run_input(command);
  const std::optional<std::string> run_name = command.run_name ? command.run_name : input.run_name;
  check_run_name(run_name);
  const StateDirectory state_directory = StateDirectory::open(command.state_directory);
  const auto plugins =
      host::PluginDirectory::load(plugin_search(command.plugin_directories, input.stack.plugin_directories));
  const std::vector<OpenOperator> operators = open_operators(input.stack, used_operators(input.pipeline), plugins,
                                                             state_directory.owner(), &input.stack_document);
  warn_of_problems(plugins);
  warn_of_plain_secrets(input.stack, used_operators(input.pipeline), plugins);

  JournalledRun run = new_run(input, command, random_id());
  const RunNames preview{run.id, run_name.value_or(input.pipeline.name)};
  if (command.dry_run) return show_manifests(input, preview, operators, command.output, kCheckTimeout);
  CheckFindings checked = check_operators(operators, preview, input.stack, input.pipeline, input.stack_document,
                                          input.files(), kCheckTimeout);
  for (const Finding& warning : checked.warnings) warn(warning);
  if (!checked.errors.empty()) throw BadInput(std::move(checked.errors));

  Journal journal(state_directory.journal_file());
  // Locked before others can see it in the journal.
  const auto lock = try_lock_run(state_directory.run_directory(run.id));
  if (!lock) throw std::runtime_error("another process has the lock of a run that is only being made");
  run.name = journal.add_run(run, input.pipeline.name, run_name);
  return drive_run(state_directory, journal, std::move(run), input.pipeline, operators, command.output);
}

int resume(const RunCommand& command) {
  const StateDirectory state_directory = StateDirectory::open(command.state_directory);
  Journal journal(state_directory.journal_file());
  const JournalledRun known = journal.find_run(command.resume);
  const auto lock = try_lock_run(state_directory.run_directory(known.id));
  if (!lock) {
    throw BadInput("run " + known.name +
                   " is going on in another process; `stepop logs -f` follows a step, `stepop "
                   "cancel` stops it");
  }
  // What the process that had the lock wrote last.
  return take_up_run(state_directory, journal, journal.find_run(known.id), command.plugin_directories, command.output);
}

}  // namespace stepop::orchestrator
