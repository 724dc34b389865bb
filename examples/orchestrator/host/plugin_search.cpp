#include "host/plugin_search.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace stepop::orchestrator {
namespace fs = std::filesystem;

std::vector<fs::path> plugin_search(const std::vector<std::string>& from_command,
                                    const std::vector<fs::path>& from_stack) {
  std::vector<fs::path> directories;
  const auto add = [&](const fs::path& directory) {
    std::error_code error;
    fs::path known = fs::weakly_canonical(directory, error);
    if (error) known = fs::absolute(directory);
    if (std::find(directories.begin(), directories.end(), known) == directories.end())
      directories.push_back(std::move(known));
  };
  for (const std::string& directory : from_command) add(directory);
  for (const fs::path& directory : from_stack) add(directory);
  if (const char* path = std::getenv("STEPOP_PLUGIN_PATH")) {
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (end > 0) add(fs::path(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path prefix = executable.parent_path().parent_path();
    const fs::path installed = prefix / "lib" / "stepop" / "plugins";
    const fs::path built = prefix / "plugins";
    if (fs::is_directory(installed, error)) add(installed);
    if (directories.empty() && fs::is_directory(built, error)) add(built);
  }
  return directories;
}

}  // namespace stepop::orchestrator
