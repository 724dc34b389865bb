#include <stepop/stepop.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string>

#include "commands/commands.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {

int version(const VersionCommand& command) {
  const std::string abi = std::to_string(STEPOP_ABI_MAJOR) + "." + std::to_string(STEPOP_ABI_MINOR);
  if (command.json) {
    const boost::json::object document{{"version", STEPOP_VERSION}, {"abi", abi}};
    write_text(STDOUT_FILENO, boost::json::serialize(document) + "\n");
  } else {
    write_text(STDOUT_FILENO, "stepop " STEPOP_VERSION " (plugin ABI " + abi + ")\n");
  }
  return 0;
}

}  // namespace stepop::orchestrator
