// stepop: a small orchestrator, and the model of a host. Reads the command line; the verbs are in
// commands/.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <stepop/host.hpp>

#include "commands/commands.hpp"
#include "host/signals.hpp"
#include "input/finding.hpp"
#include "screen/progress.hpp"

namespace {

using namespace stepop::orchestrator;

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

void add_output(CLI::App& verb, bool& json) {
  verb.add_option_function<std::string>(
          "-o,--output", [&json](const std::string& format) { json = format == "json"; },
          "`json`: one JSON document on stdout")
      ->check(CLI::IsMember({"json"}).description(""))
      ->type_name("FORMAT");
}

// What a resumed run takes from its journal and not from the command line.
void refuse_with_resume(const CLI::App& verb) {
  for (const char* name : {"PIPELINE", "--stack", "--run-name", "--max-parallel", "--fail-fast"}) {
    if (verb.count(name) == 0) continue;
    throw BadInput(std::string(name) + " cannot be given with --resume: a run goes on as it was started");
  }
}

std::function<int()> add_run(CLI::App& app) {
  auto command = std::make_shared<RunCommand>();
  CLI::App* verb = app.add_subcommand("run", "Run a pipeline on a stack, or take a run up again");
  verb->add_option("PIPELINE", command->pipeline, "The pipeline file")->type_name("");
  verb->add_option("--stack", command->stack, "The stack file")->type_name("FILE");
  verb->add_option("--resume", command->resume,
                   "Go on with this run (a name or an id): the same\nrequests are submitted again, "
                   "so nothing runs twice")
      ->type_name("RUN");
  verb->add_option("--run-name", command->run_name, "The run's name (else PIPELINE-NUMBER)")->type_name("NAME");
  verb->add_option("--max-parallel", command->max_parallel, "Steps at once (else no limit)")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""));
  verb->add_flag("--fail-fast", command->fail_fast, "Stop the run at the first step that does not succeed");
  add_output(*verb, command->json);
  add_plugin_directories(*verb, command->plugin_directories);
  add_state_directory(*verb, command->state_directory);
  verb->footer(
      "Ctrl-C once cancels all steps and waits for their end; twice leaves them running, and\n"
      "`stepop run --resume RUN` goes on.\n\n"
      "Exit status: 0 all steps succeeded, 1 a step did not, 2 bad input (nothing was created),\n"
      "3 stepop itself failed, 130 steps were left running.\n\n"
      "Examples:\n"
      "  stepop run pipeline.yaml --stack stack.yaml\n"
      "  stepop run pipeline.yaml --stack stack.yaml --max-parallel 50 -o json > result.json\n"
      "  stepop run --resume demo-3");
  return [command, verb] {
    if (verb->count("--resume") != 0) {
      refuse_with_resume(*verb);
      return stepop::orchestrator::resume(*command);
    }
    if (command->pipeline.empty()) throw BadInput("PIPELINE is missing; `stepop run --help` shows how to call it");
    if (command->stack.empty()) throw BadInput("--stack is missing: the file that says where steps can run");
    return stepop::orchestrator::run(*command);
  };
}

std::function<int()> add_logs(CLI::App& app) {
  auto command = std::make_shared<LogsCommand>();
  CLI::App* verb = app.add_subcommand("logs", "Print a step's log, also when its pod is gone");
  verb->add_option("RUN", command->run, "A run's name or id")->required()->type_name("");
  verb->add_option("STEP", command->step, "A step's name")->required()->type_name("");
  verb->add_flag("-f,--follow", command->follow, "Until the log is complete");
  add_state_directory(*verb, command->state_directory);
  verb->footer("Examples:\n  stepop logs demo-3 train\n  stepop logs -f demo-3 train");
  return [command] { return stepop::orchestrator::logs(*command); };
}

std::function<int()> add_ps(CLI::App& app) {
  auto command = std::make_shared<PsCommand>();
  CLI::App* verb = app.add_subcommand("ps", "List runs and their steps, newest first");
  verb->add_option("-n,--most", command->most, "So many runs at most")
      ->type_name("N")
      ->check(CLI::Range(1, 1'000'000).description(""))
      ->capture_default_str();
  add_output(*verb, command->json);
  add_state_directory(*verb, command->state_directory);
  verb->footer("Examples:\n  stepop ps\n  stepop ps -n 1 -o json");
  return [command] { return stepop::orchestrator::ps(*command); };
}

std::function<int()> add_cancel(CLI::App& app) {
  auto command = std::make_shared<CancelCommand>();
  CLI::App* verb = app.add_subcommand("cancel", "Stop a run's steps and wait for their end");
  verb->add_option("RUN", command->run, "A run's name or id")->required()->type_name("");
  add_plugin_directories(*verb, command->plugin_directories);
  add_state_directory(*verb, command->state_directory);
  verb->footer(
      "Also when the run's own process is gone: then this one takes the run up and stops it.\n\n"
      "Example:\n  stepop cancel demo-3");
  return [command] { return stepop::orchestrator::cancel(*command); };
}

std::function<int()> add_version(CLI::App& app) {
  auto command = std::make_shared<VersionCommand>();
  CLI::App* verb = app.add_subcommand("version", "Print the version, and that of the plugin ABI");
  add_output(*verb, command->json);
  return [command] { return stepop::orchestrator::version(*command); };
}

int say_bad_input(const BadInput& bad) {
  for (const Finding& finding : bad.findings()) write_text(STDERR_FILENO, "error: " + to_text(finding) + "\n");
  return kBadInput;
}

int say_failure(const std::string& what) {
  write_text(STDERR_FILENO, "error: " + what + "\n");
  return kStepopFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "stepop runs pipelines whose steps run where their step operators say: in Kubernetes pods, "
      "as\nprocesses, wherever a plugin knows how.",
      "stepop"};
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  stepop run pipeline.yaml --stack stack.yaml\n"
      "  stepop ps\n"
      "  stepop logs -f demo-3 train\n\n"
      "`stepop VERB --help` tells more of a verb.");
  std::vector<std::pair<std::string, std::function<int()>>> verbs{
      {"run", add_run(app)},       {"logs", add_logs(app)},       {"ps", add_ps(app)},
      {"cancel", add_cancel(app)}, {"version", add_version(app)},
  };
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadInput;
  }
  survive_broken_pipes();
  try {
    for (const auto& [name, call] : verbs) {
      if (app.got_subcommand(name)) return call();
    }
  } catch (const BadInput& bad) {
    return say_bad_input(bad);
  } catch (const stepop::host::Error& error) {
    return say_failure(error.text());
  } catch (const std::exception& error) {
    return say_failure(error.what());
  }
  return kStepopFailed;
}
