// The pipeline file: steps, what each needs, and which step operator runs it.
//
//   pipeline: demo
//   image: busybox                 # of steps that name none
//   settings: { ... }              # for every step; a step's own settings are merged over them
//   steps:
//     prepare: { step_operator: here, command: [sh, -c, "..."] }
//     train:
//       step_operator: cluster
//       needs: [prepare]
//       environment: { ROWS: "${steps.prepare.result.rows}" }
//       ...
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "input/template.hpp"
#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

struct Need {
  std::string step;
  Place place;
};

struct Step {
  std::string name;
  std::string step_operator;
  std::optional<std::string> image;
  std::vector<Template> command;  // empty: what the image says, where there is one
  std::vector<Template> args;
  std::vector<std::pair<std::string, Template>> environment;
  std::vector<Need> needs;
  boost::json::object settings;  // the plugin's, untouched; the pipeline's merged under the step's
  Place place;
  Place step_operator_place;
  // Where each result is used: "steps.report.environment.ROWS".
  struct Use {
    ResultReference reference;
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
// check_pipeline's.
Pipeline read_pipeline(const YamlDocument&, const Environment&);

// Members of `over` win; objects are merged, anything else is replaced whole.
boost::json::object merged_settings(const boost::json::object& under, const boost::json::object& over);

// For the journal: a resumed run never reads the file again. Places are not kept.
boost::json::object to_json(const Pipeline&);
Pipeline pipeline_from_json(const boost::json::object&);  // REQUIRES: made by to_json

}  // namespace stepop::orchestrator
