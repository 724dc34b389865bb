// What one place (a pipeline, a step, a runtime configuration) says of its steps' settings, with ZenML's keys:
//
//   settings:
//     step_operator: { ... }               # whatever runs the step
//     "step_operator.kubernetes": { ... }  # when a step operator of this flavor does
//     "step_operator:cluster": { ... }     # when this step operator does
//
// The more exact key wins. In a pipeline file settings may also stand there directly, as under `step_operator`.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "input/mapping_reader.hpp"
#include "input/stack_file.hpp"

namespace stepop::orchestrator {

struct SettingsLayer {
  struct Keyed {
    std::string name;  // of a flavor, or of a step operator
    boost::json::object settings;
    std::string path;  // in the file
    Place place;
  };
  std::string file;  // as it is shown
  boost::json::object all;
  std::vector<Keyed> by_flavor;
  std::vector<Keyed> by_step_operator;
};

enum class BareSettings { allowed, refused };
// Complains of keys that are none of these; where bare settings are allowed, only of those that look like a mistyped
// `step_operator`: any other is for the plugin to judge.
SettingsLayer read_settings(const YamlValue&, const std::string& path, BareSettings, FileReading&);

// Members of `over` win; objects are merged, anything else is replaced whole.
boost::json::object merged_settings(const boost::json::object& under, const boost::json::object& over);

// What holds for a step that this step operator runs; later layers win.
boost::json::object settings_for(const std::vector<SettingsLayer>&, const StepOperatorEntry&);

// The keys under which a layer may say something to a step of this step operator, the one that wins first:
// `step_operator:cluster`, `step_operator.kubernetes`, `step_operator`.
std::vector<std::string> settings_keys(const StepOperatorEntry&);

// Keys that no step operator of the stack can make anything of.
struct UnusedSettings {
  std::vector<Finding> mistakes;  // they look like a mistyped name of one that is there
  std::vector<Finding> unused;    // of another stack, perhaps
};
UnusedSettings unused_settings(const SettingsLayer&, const Stack&);

}  // namespace stepop::orchestrator
