#include <unistd.h>

#include <boost/json/array.hpp>

#include "commands/commands.hpp"
#include "run/journal.hpp"
#include "run/state_directory.hpp"
#include "screen/progress.hpp"
#include "screen/run_lines.hpp"
#include "screen/times.hpp"

namespace stepop::orchestrator {

int ps(const PsCommand& command) {
  const StateDirectory state_directory = StateDirectory::open(command.state_directory);
  Journal journal(state_directory.journal_file());
  std::vector<RunView> runs;
  for (const JournalledRun& run : journal.runs(command.most)) runs.push_back(view_of(run));
  if (command.output != Output::text) {
    boost::json::array documents;
    for (const RunView& run : runs) documents.emplace_back(json_document(run));
    write_document(command.output, documents);
    return 0;
  }
  if (runs.empty()) {
    write_text(STDERR_FILENO, "no runs in " + state_directory.path().string() + "\n");
    return 0;
  }
  const std::size_t columns = ::isatty(STDOUT_FILENO) == 1 ? terminal_size(STDOUT_FILENO).columns : 0;
  write_lines(STDOUT_FILENO, ps_lines(runs, now_us(), columns, style_of(STDOUT_FILENO)));
  return 0;
}

}  // namespace stepop::orchestrator
