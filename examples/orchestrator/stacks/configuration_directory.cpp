#include "stacks/configuration_directory.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "input/finding.hpp"
#include "input/names.hpp"
#include "stacks/file_edit.hpp"

namespace stepop::orchestrator {
namespace fs = std::filesystem;
namespace {

constexpr const char* kDefaultStack = "default";
constexpr const char* kEnding = ".yaml";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// A word with neither is a name.
bool looks_like_a_file(const std::string& text) {
  return text.find('/') != text.npos || text.ends_with(".yaml") || text.ends_with(".yml");
}

}  // namespace

ConfigurationDirectory ConfigurationDirectory::of_this_process() {
  // The XDG Base Directory Specification ignores relative paths here.
  if (const std::string xdg = variable("XDG_CONFIG_HOME"); !xdg.empty() && xdg[0] == '/')
    return ConfigurationDirectory(fs::path(xdg) / "stepop");
  if (const std::string home = variable("HOME"); !home.empty())
    return ConfigurationDirectory(fs::path(home) / ".config" / "stepop");
  throw BadInput("there is no place for stacks: give --stack FILE, or set HOME");
}

fs::path ConfigurationDirectory::stack_file(const std::string& name) const {
  return path_ / "stacks" / (name + kEnding);
}

bool ConfigurationDirectory::has_stack(const std::string& name) const {
  std::error_code error;
  return name.find('/') == name.npos && fs::exists(stack_file(name), error);
}

std::vector<std::string> ConfigurationDirectory::stacks() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(path_ / "stacks", error), end; !error && at != end; at.increment(error)) {
    const fs::path& file = at->path();
    if (file.extension() == kEnding && !file.filename().string().starts_with(".")) names.push_back(file.stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string ConfigurationDirectory::active() const {
  std::ifstream stream(path_ / "active");
  std::string name;
  std::getline(stream, name);
  return name.empty() ? kDefaultStack : name;
}

void ConfigurationDirectory::make_active(const std::string& name) const {
  edit_file(path_ / "active", [&](const auto&) { return name + "\n"; });
}

void ConfigurationDirectory::require_stack(const std::string& name) const {
  if (has_stack(name)) return;
  const auto names = stacks();
  throw BadInput(
      "there is no stack \"" + name + "\" in " + (path_ / "stacks").string() +
      (names.empty() ? "; `stepop stack register " + name + "` makes it" : "; " + did_you_mean(name, names)));
}

void ConfigurationDirectory::remove(const std::string& name) const {
  require_stack(name);
  if (name == active())
    throw BadInput("the stack \"" + name + "\" is the active one; choose another first: stepop stack set NAME");
  std::error_code error;
  fs::remove(stack_file(name), error);
  if (error) throw BadInput("cannot remove " + stack_file(name).string() + ": " + error.message());
}

ChosenStack choose_stack(const ConfigurationDirectory& directory, const std::optional<std::string>& chosen,
                         bool or_new) {
  const std::string from_environment = variable("STEPOP_STACK");
  if (chosen || !from_environment.empty()) {
    const std::string& text = chosen ? *chosen : from_environment;
    const std::string because = chosen ? "--stack" : "$STEPOP_STACK";
    std::error_code error;
    if (looks_like_a_file(text) || fs::exists(text, error)) return {fs::absolute(text), text, std::nullopt, because};
    try {
      directory.require_stack(text);
    } catch (const BadInput& bad) {
      throw BadInput(because + ": there is no file \"" + text + "\", and " + bad.what());
    }
    return {directory.stack_file(text), directory.stack_file(text), text, because};
  }
  const std::string active = directory.active();
  if (!or_new && !directory.has_stack(active)) {
    throw BadInput("no stack is given, and the active stack \"" + active + "\" is not there (" +
                   directory.stack_file(active).string() +
                   "); give --stack FILE, or make one: stepop step-operator register NAME --flavor FLAVOR");
  }
  return {directory.stack_file(active), directory.stack_file(active), active, "the active stack"};
}

}  // namespace stepop::orchestrator
