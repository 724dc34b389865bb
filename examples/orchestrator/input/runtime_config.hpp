// The runtime configuration, `stepop run --config FILE`: what is different about this run. ZenML's shape; it wins over
// the pipeline file.
//
//   run_name: tuned-1
//   environment: { EPOCHS: "3" }                  # of every step
//   settings:                                     # of every step; see settings_layer.hpp
//     step_operator: { startup_timeout_seconds: 900 }
//   steps:
//     train:
//       step_operator: gpus
//       environment: { ROWS: "${steps.prepare.result.rows}" }
//       settings: { "step_operator.kubernetes": { ... } }
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "input/pipeline_file.hpp"

namespace stepop::orchestrator {

struct RuntimeConfig {
  struct OfSteps {
    std::vector<Variable> environment;
    std::optional<SettingsLayer> settings;
  };
  struct OfStep : OfSteps {
    std::string name;
    Place place;
    std::string step_operator;  // "" for what the pipeline says
    Place step_operator_place;
  };
  std::string file;  // as it is shown
  std::optional<std::string> run_name;
  OfSteps every;
  std::vector<OfStep> steps;
};

// Throws BadInput with every mistake of the file itself. `base` is the directory of the file.
RuntimeConfig read_runtime_config(const YamlDocument&, const Environment&, const std::filesystem::path& base = "/");

// Makes it part of the pipeline. Returns every step that is named and not there.
std::vector<Finding> apply(const RuntimeConfig&, Pipeline&);

}  // namespace stepop::orchestrator
