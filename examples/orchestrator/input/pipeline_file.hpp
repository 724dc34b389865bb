// The pipeline file: steps, what each needs, and which step operator runs it.
//
//   pipeline: demo
//   image: busybox                 # of steps that name none
//   settings: { ... }              # for every step; a step's own are merged over them (input/settings_layer.hpp)
//   steps:
//     prepare: { step_operator: here, command: [sh, -c, "..."] }
//     train:
//       step_operator: cluster
//       needs: [prepare]
//       environment: { ROWS: "${steps.prepare.result.rows}" }
//       secrets: { TOKEN: "${env:TOKEN}" }     # the same as in its settings
//       ...
//
// A step without `step_operator` runs where the stack's `default_step_operator` says.
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "input/settings_layer.hpp"
#include "input/template.hpp"
#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

struct Need {
  std::string step;
  Place place;
};

struct Variable {
  std::string name;
  Template value;
  std::string path;  // in the file: "steps.train.environment.ROWS"
  Place place;
};

struct Step {
  std::string name;
  std::string step_operator;  // "" until bind_to_stack, when the step names none
  std::optional<std::string> image;
  std::vector<Template> command;  // empty: what the image says, where there is one
  std::vector<Template> args;
  std::vector<Variable> environment;
  std::vector<Need> needs;
  std::vector<SettingsLayer> layers;  // what the files say of its settings: the pipeline, the step, ...
  boost::json::object settings;       // the plugin's: what holds of it where the step runs; {} until bind_to_stack
  Place place;
  std::string step_operator_file;  // where its step operator is named
  Place step_operator_place;
  // Where each result is used: "steps.report.environment.ROWS".
  struct Use {
    ResultReference reference;
    std::string file;
    std::string path;
    Place place;
  };
  std::vector<Use> uses;
};

struct Pipeline {
  std::string file;  // as it is shown
  std::string name;
  std::vector<Step> steps;  // in the file's order, at least one

  std::optional<std::size_t> index_of(const std::string& step) const;
};

// Throws BadInput with every mistake of the file itself. What stands between steps is
// check_pipeline's. `base` is what files that secrets refer to are relative to.
Pipeline read_pipeline(const YamlDocument&, const Environment&, const std::filesystem::path& base = "/");

// A step's variables. What is no mapping of names to strings is complained about.
std::vector<Variable> read_variables(const YamlValue&, const std::string& path, FileReading&);
// Adds the variable, or puts it in the place of one that has its name.
void set_variable(Step&, Variable, const std::string& file);

// For the journal: a resumed run never reads the file again. Places are not kept.
boost::json::object to_json(const Pipeline&);
Pipeline pipeline_from_json(const boost::json::object&);  // REQUIRES: made by to_json

}  // namespace stepop::orchestrator
