#include <stepop/stepop.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <string>

#include "commands/commands.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace {

std::string abi_version() {
  return std::to_string(STEPOP_ABI_MAJOR) + "." + std::to_string(STEPOP_ABI_MINOR);
}

}  // namespace

std::string version_line() {
  return "stepop " STEPOP_VERSION " (plugin ABI " + abi_version() + ")";
}

int version(const VersionCommand& command) {
  if (command.output != Output::text)
    write_document(command.output, boost::json::object{{"version", STEPOP_VERSION}, {"abi", abi_version()}});
  else
    write_text(STDOUT_FILENO, version_line() + "\n");
  return 0;
}

}  // namespace stepop::orchestrator
