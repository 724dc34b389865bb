#include "command_line/verbs.hpp"
#include "commands/commands.hpp"
#include "input/finding.hpp"

namespace stepop::orchestrator {
namespace {

// What a resumed run takes from its journal and not from the command line.
void refuse_with_resume(const CLI::App& verb) {
  for (const char* name :
       {"PIPELINE", "--stack", "--config", "--run-name", "--max-parallel", "--fail-fast", "--dry-run"}) {
    if (verb.count(name) == 0) continue;
    throw BadInput(std::string(name) + " cannot be given with --resume: a run goes on as it was started");
  }
}

Verb add_run(CLI::App& app) {
  auto command = std::make_shared<RunCommand>();
  CLI::App* verb = app.add_subcommand("run", "Run a pipeline on a stack, or take a run up again");
  verb->add_option("PIPELINE", command->pipeline, "The pipeline file")->type_name("");
  add_stack(*verb, command->stack);
  verb->add_option("--config", command->config,
                   "A runtime configuration: settings, step operators and variables of this\nrun, which win over the "
                   "pipeline's")
      ->type_name("FILE");
  verb->add_option("--resume", command->resume,
                   "Go on with this run (a name or an id): the same\nrequests are submitted again, "
                   "so nothing runs twice")
      ->type_name("RUN");
  verb->add_option("--run-name", command->run_name, "The run's name (else PIPELINE-NUMBER)")->type_name("NAME");
  verb->add_option("--max-parallel", command->max_parallel, "Steps at once (else no limit)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""));
  verb->add_flag("--fail-fast", command->fail_fast, "Stop the run at the first step that does not succeed");
  verb->add_flag("--dry-run", command->dry_run,
                 "Create nothing: print each step's manifests, as YAML documents, and what the\nserver says of them");
  add_output(*verb, command->output);
  add_plugin_directories(*verb, command->plugin_directories);
  add_state_directory(*verb, command->state_directory);
  verb->footer(
      "Ctrl-C once cancels all steps and waits for their end; twice leaves them running, and\n"
      "`stepop run --resume RUN` goes on.\n\n"
      "Exit status: 0 all steps succeeded, 1 a step did not, 2 bad input (nothing was created),\n"
      "3 stepop itself failed, 130 steps were left running.\n\n"
      "Examples:\n"
      "  stepop run pipeline.yaml --stack stack.yaml\n"
      "  stepop run pipeline.yaml --config runtime.yaml\n"
      "  stepop run pipeline.yaml --stack stack.yaml --max-parallel 50 -o json > result.json\n"
      "  stepop run --resume demo-3");
  return {verb, [command, verb] {
            if (verb->count("--resume") != 0) {
              refuse_with_resume(*verb);
              return resume(*command);
            }
            if (command->pipeline.empty())
              throw BadInput("PIPELINE is missing; `stepop run --help` shows how to call it");
            return run(*command);
          }};
}

Verb add_logs(CLI::App& app) {
  auto command = std::make_shared<LogsCommand>();
  CLI::App* verb = app.add_subcommand("logs", "Print a step's log, also when its pod is gone");
  verb->add_option("RUN", command->run, "A run's name or id")->required()->type_name("");
  verb->add_option("STEP", command->step, "A step's name")->required()->type_name("");
  verb->add_flag("-f,--follow", command->follow, "Until the log is complete");
  add_state_directory(*verb, command->state_directory);
  verb->footer("Examples:\n  stepop logs demo-3 train\n  stepop logs -f demo-3 train");
  return {verb, [command] { return logs(*command); }};
}

Verb add_ps(CLI::App& app) {
  auto command = std::make_shared<PsCommand>();
  CLI::App* verb = app.add_subcommand("ps", "List runs and their steps, newest first");
  verb->add_option("-n,--most", command->most, "So many runs at most")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->capture_default_str();
  add_output(*verb, command->output);
  add_state_directory(*verb, command->state_directory);
  verb->footer("Examples:\n  stepop ps\n  stepop ps -n 1 -o json");
  return {verb, [command] { return ps(*command); }};
}

Verb add_cancel(CLI::App& app) {
  auto command = std::make_shared<CancelCommand>();
  CLI::App* verb = app.add_subcommand("cancel", "Stop a run's steps and wait for their end");
  verb->add_option("RUN", command->run, "A run's name or id")->required()->type_name("");
  add_plugin_directories(*verb, command->plugin_directories);
  add_state_directory(*verb, command->state_directory);
  verb->footer(
      "Also when the run's own process is gone: then this one takes the run up and stops it.\n\n"
      "Example:\n  stepop cancel demo-3");
  return {verb, [command] { return cancel(*command); }};
}

Verb add_version(CLI::App& app) {
  auto command = std::make_shared<VersionCommand>();
  CLI::App* verb = app.add_subcommand("version", "Print the version, and that of the plugin ABI");
  add_output(*verb, command->output);
  return {verb, [command] { return version(*command); }};
}

}  // namespace

std::vector<Verb> run_verbs(CLI::App& app) {
  return {add_run(app), add_logs(app), add_ps(app), add_cancel(app), add_version(app)};
}

}  // namespace stepop::orchestrator
