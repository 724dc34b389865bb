#include <unistd.h>

#include "command_line/verbs.hpp"
#include "commands/commands.hpp"
#include "commands/completion.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace {

Verb add_doctor(CLI::App& app) {
  auto command = std::make_shared<DoctorCommand>();
  CLI::App* verb = app.add_subcommand("doctor", "Check that the stack's step operators can run steps");
  verb->add_option("NAME", command->name, "A step operator's name (else all of the stack)")->type_name("");
  add_stack(*verb, command->options.stack);
  add_plugin_directories(*verb, command->options.plugin_directories);
  add_state_directory(*verb, command->options.state_directory);
  add_output(*verb, command->options.output);
  verb->footer(
      "Creates nothing. Exit status: 0 all is well (there may be warnings), 1 a check found an error, 2 bad input.");
  return {verb, [command] { return doctor(*command); }};
}

Verb add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("completion", "Print what makes a shell complete stepop's words");
  verb->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}).description(""))
      ->type_name("");
  verb->footer(
      "Examples:\n  source <(stepop completion bash)          # in ~/.bashrc\n"
      "  stepop completion zsh > ~/.zfunc/_stepop    # a directory of $fpath, before compinit");
  return {verb, [shell] {
            write_text(STDOUT_FILENO, completion_script(*shell));
            return 0;
          }};
}

}  // namespace

std::vector<Verb> other_verbs(CLI::App& app) {
  return {add_doctor(app), add_completion(app)};
}

}  // namespace stepop::orchestrator
