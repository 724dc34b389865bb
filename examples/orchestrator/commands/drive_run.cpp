#include "commands/drive_run.hpp"

#include <unistd.h>

#include <algorithm>

#include "commands/commands.hpp"
#include "host/plugin_search.hpp"
#include "host/run_loop.hpp"
#include "input/late_text.hpp"
#include "input/mapping_reader.hpp"
#include "input/secret.hpp"
#include "screen/progress.hpp"
#include "screen/run_lines.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Of a failed step's log, read from the copy's end.
constexpr std::size_t kTailLines = 8;
constexpr std::size_t kTailLineBytes = 400;

void show_end(const StateDirectory& state_directory, const RunView& view, Output output) {
  const auto log_tail = [&](const std::string& step) {
    return last_lines(state_directory.log_file(view.id, step), kTailLines, kTailLineBytes);
  };
  if (output != Output::text) {
    write_lines(STDERR_FILENO, failure_lines(view, style_of(STDERR_FILENO), log_tail));
    write_document(output, json_document(view));
    return;
  }
  const Style style = style_of(STDOUT_FILENO);
  const std::size_t columns = ::isatty(STDOUT_FILENO) == 1 ? terminal_size(STDOUT_FILENO).columns : 0;
  write_lines(STDOUT_FILENO, final_lines(view, columns, style));
  write_lines(STDOUT_FILENO, failure_lines(view, style, log_tail));
}

}  // namespace

int drive_run(const StateDirectory& state_directory, Journal& journal, JournalledRun run, Pipeline pipeline,
              const std::vector<OpenOperator>& operators, Output output) {
  const std::string name = run.name;
  const auto progress = progress_on(output == Output::text ? STDOUT_FILENO : STDERR_FILENO);
  progress->note("run " + name);
  RunLoop loop(state_directory, journal, std::move(run), std::move(pipeline), operators, *progress);
  const RunLoop::End end = loop.drive();
  progress->end();
  if (end == RunLoop::End::steps_left_running) {
    if (output != Output::text) write_document(output, json_document(loop.view()));
    write_text(STDERR_FILENO,
               "the steps of " + name + " are left as they are; go on with: stepop run --resume " + name + "\n");
    return kLeft;
  }
  show_end(state_directory, loop.view(), output);
  return loop.view().state == RunState::succeeded ? kAllSucceeded : kStepDidNotSucceed;
}

int take_up_run(const StateDirectory& state_directory, Journal& journal, JournalledRun run,
                const std::vector<std::string>& plugin_directories, Output output) {
  const Stack stack = stack_from_json(run.stack);
  Pipeline pipeline = pipeline_from_json(run.pipeline);
  std::vector<std::string> used;
  std::vector<Finding> missing;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const StepRecord& record = run.steps[i].record;
    const bool settled = has_ended(record.state) && (record.forgotten || record.made_by_host);
    if (settled) continue;
    used.push_back(run.steps[i].step_operator);
    for (Finding& finding : missing_secrets(pipeline.steps[i], pipeline.file, process_environment()))
      missing.push_back(std::move(finding));
  }
  // Before anything is submitted again: a step that runs must not be called failed because of what is missing here.
  if (!missing.empty()) throw BadInput(std::move(missing));
  const auto plugins = host::PluginDirectory::load(plugin_search(plugin_directories, stack.plugin_directories));
  std::vector<OpenOperator> operators;
  if (!used.empty()) {
    warn_of_problems(plugins);
    operators = open_operators(stack, used, plugins, state_directory.owner(), nullptr);
  }
  return drive_run(state_directory, journal, std::move(run), std::move(pipeline), operators, output);
}

std::vector<Finding> missing_secrets(const Step& step, const std::string& file, const Environment& environment) {
  std::vector<Finding> findings;
  const json::value* sources = step.settings.if_contains(kSecrets);
  if (sources == nullptr || !sources->is_object()) return findings;
  std::vector<LateError> errors;
  resolve_object(sources->get_object(), environment, errors);
  for (LateError& error : errors) {
    const std::string path = child_path("steps", step.name) + ".settings.secrets." + error.path;
    findings.push_back({file, step.place, path, std::move(error.what), ""});
  }
  return findings;
}

void warn_of_problems(const host::PluginDirectory& plugins) {
  for (const host::Problem& problem : plugins.problems())
    write_text(STDERR_FILENO, "warning: " + problem.text() + "\n");
}

}  // namespace stepop::orchestrator
