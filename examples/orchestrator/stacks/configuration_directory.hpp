// Where the stacks are that stepop knows by their names:
//
//   <configuration directory>/stacks/NAME.yaml    a stack file
//                             active              the name of the one that is used when none is given
//
// $XDG_CONFIG_HOME/stepop, or ~/.config/stepop. It is made when something is written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace stepop::orchestrator {

class ConfigurationDirectory {
 public:
  // Throws BadInput when there is no place for it.
  static ConfigurationDirectory of_this_process();
  explicit ConfigurationDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path stack_file(const std::string& name) const;
  bool has_stack(const std::string& name) const;
  std::vector<std::string> stacks() const;  // names, sorted
  // "default" until another is chosen; whether it is there is another question.
  std::string active() const;
  void make_active(const std::string& name) const;  // REQUIRES: has_stack
  // Throws BadInput for one that is not there, or is the active one.
  void remove(const std::string& name) const;
  // Throws BadInput with the nearest name.
  void require_stack(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

// The stack that a command means.
struct ChosenStack {
  std::filesystem::path file;
  std::string shown;                // as the user gave it, or the file's whole path
  std::optional<std::string> name;  // of one in the configuration directory
  std::string because;              // "--stack", "$STEPOP_STACK", "the active stack": for errors
};

// `chosen`: --stack, a file or the name of a stack; else $STEPOP_STACK, likewise; else the active stack. Throws BadInput
// when it is not there; with `or_new` the active stack and a file may be new. (A name that is not there is mistyped.)
ChosenStack choose_stack(const ConfigurationDirectory&, const std::optional<std::string>& chosen, bool or_new = false);

}  // namespace stepop::orchestrator
