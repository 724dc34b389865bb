// stepop: a small orchestrator, and the model of a host. The verbs' options are in command_line/, what they do in
// commands/.
#include <unistd.h>

#include <stepop/host.hpp>

#include "command_line/completion.hpp"
#include "command_line/verbs.hpp"
#include "commands/commands.hpp"
#include "host/signals.hpp"
#include "input/finding.hpp"
#include "screen/progress.hpp"

namespace {

using namespace stepop::orchestrator;

// What the completion scripts call. No verb, because it is for no person.
constexpr const char* kComplete = "__complete";

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
  app.set_version_flag("--version", version_line(), "Print the version, and that of the plugin ABI");
  std::vector<Verb> verbs = run_verbs(app);
  for (Verb& verb : stack_verbs(app)) verbs.push_back(std::move(verb));
  for (Verb& verb : connector_verbs(app)) verbs.push_back(std::move(verb));
  for (Verb& verb : other_verbs(app)) verbs.push_back(std::move(verb));
  // Behind the verbs, which would have it too.
  app.footer(
      "Examples:\n"
      "  stepop step-operator register cluster --flavor kubernetes --kubernetes_context my-cluster\n"
      "  stepop run pipeline.yaml\n"
      "  stepop logs -f demo-3 train\n\n"
      "`stepop VERB --help` tells more of a verb.");
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == kComplete) {
    write_text(STDOUT_FILENO, completion_answers(wanted_completion(app, {arguments.begin() + 1, arguments.end()})));
    return 0;
  }
  try {
    parse_command_line(app, verbs, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return say_bad_input(BadInput(usage_error(app, arguments, error)));
  } catch (const BadInput& bad) {
    return say_bad_input(bad);
  }
  survive_broken_pipes();
  try {
    for (const Verb& verb : verbs) {
      if (!verb.app->parsed()) continue;
      const int status = verb.call();
      const std::string trouble = output_trouble();
      return trouble.empty() ? status : say_failure(trouble);
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
