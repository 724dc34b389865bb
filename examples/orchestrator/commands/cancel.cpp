#include <unistd.h>

#include "commands/commands.hpp"
#include "commands/drive_run.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace {

void say_how_it_ended(const JournalledRun& run) {
  write_text(STDOUT_FILENO, "run " + run.name + " " + std::string(to_text(run.state)) + "\n");
}

}  // namespace

int cancel(const CancelCommand& command) {
  const StateDirectory state_directory = StateDirectory::open(command.state_directory);
  Journal journal(state_directory.journal_file());
  JournalledRun run = journal.find_run(command.run);
  if (run.state != RunState::running) {
    write_text(STDOUT_FILENO, "run " + run.name + " has ended already: " + std::string(to_text(run.state)) + "\n");
    return 0;
  }
  // Written first: whoever drives the run, now or after a resume, finds it.
  journal.ask_to_cancel(run.id);
  const auto directory = state_directory.run_directory(run.id);
  if (const auto lock = try_lock_run(directory)) {
    return take_up_run(state_directory, journal, journal.find_run(run.id), command.plugin_directories, Output::text) ==
                   kStepopFailed
               ? kStepopFailed
               : 0;
  }
  const Descriptor driver = reach_driver(directory);
  if (driver) {
    wake_driver(driver.get());
    write_text(STDERR_FILENO, "run " + run.name + " is being cancelled\n");
    wait_for_driver_to_end(driver.get());
  }
  run = journal.find_run(run.id);
  if (run.state == RunState::running) {
    write_text(STDERR_FILENO, "run " + run.name +
                                  " has not ended; its process is gone, `stepop cancel` again "
                                  "cancels what is left\n");
    return kStepopFailed;
  }
  say_how_it_ended(run);
  return 0;
}

}  // namespace stepop::orchestrator
