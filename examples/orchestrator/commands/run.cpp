#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "commands/commands.hpp"
#include "commands/drive_run.hpp"
#include "host/plugin_search.hpp"
#include "input/pipeline_check.hpp"
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

struct Input {
  YamlDocument stack_document;
  YamlDocument pipeline_document;
  Stack stack;
  Pipeline pipeline;
};

// Both files are read whole, so that the mistakes of both come together.
Input read_input(const RunCommand& command) {
  Input input;
  std::vector<Finding> findings;
  const auto gather = [&](auto&& read) {
    try {
      read();
    } catch (const BadInput& bad) {
      findings.insert(findings.end(), bad.findings().begin(), bad.findings().end());
    }
  };
  const Environment environment = process_environment();
  gather([&] {
    input.stack_document = read_yaml_file(command.stack);
    const auto base = std::filesystem::absolute(command.stack).parent_path();
    input.stack = read_stack(input.stack_document, base, environment);
  });
  gather([&] {
    input.pipeline_document = read_yaml_file(command.pipeline);
    input.pipeline = read_pipeline(input.pipeline_document, environment);
  });
  if (findings.empty()) findings = check_pipeline(input.pipeline, input.stack);
  if (!findings.empty()) throw BadInput(std::move(findings));
  return input;
}

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

JournalledRun new_run(const Input& input, const RunCommand& command, std::string id) {
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
  check_run_name(command.run_name);
  const Input input = read_input(command);
  const StateDirectory state_directory = StateDirectory::open(command.state_directory);
  const auto plugins =
      host::PluginDirectory::load(plugin_search(command.plugin_directories, input.stack.plugin_directories));
  const std::vector<OpenOperator> operators = open_operators(input.stack, used_operators(input.pipeline), plugins,
                                                             state_directory.owner(), &input.stack_document);
  warn_of_problems(plugins);

  JournalledRun run = new_run(input, command, random_id());
  const RunNames preview{run.id, command.run_name.value_or(input.pipeline.name)};
  CheckFindings checked = check_operators(operators, preview, input.stack, input.pipeline, input.stack_document,
                                          input.pipeline_document, kCheckTimeout);
  for (const Finding& warning : checked.warnings) write_text(STDERR_FILENO, "warning: " + to_text(warning) + "\n");
  if (!checked.errors.empty()) throw BadInput(std::move(checked.errors));

  Journal journal(state_directory.journal_file());
  // Locked before others can see it in the journal.
  const auto lock = try_lock_run(state_directory.run_directory(run.id));
  if (!lock) throw std::runtime_error("another process has the lock of a run that is only being made");
  run.name = journal.add_run(run, input.pipeline.name, command.run_name);
  return drive_run(state_directory, journal, std::move(run), input.pipeline, operators, command.json);
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
  return take_up_run(state_directory, journal, journal.find_run(known.id), command.plugin_directories, command.json);
}

}  // namespace stepop::orchestrator
