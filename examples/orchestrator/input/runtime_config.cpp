#include "input/runtime_config.hpp"

#include "input/names.hpp"

namespace stepop::orchestrator {
namespace {

void read_part(MappingReader& mapping, RuntimeConfig::OfSteps& part, FileReading& reading) {
  if (const YamlMember* environment = mapping.take("environment"))
    part.environment = read_variables(environment->value, child_path(mapping.path(), "environment"), reading);
  if (const YamlMember* settings = mapping.take("settings")) {
    part.settings =
        read_settings(settings->value, child_path(mapping.path(), "settings"), BareSettings::refused, reading);
  }
}

void apply_part(const RuntimeConfig::OfSteps& part, const std::string& file, Step& step) {
  for (const Variable& variable : part.environment) set_variable(step, variable, file);
  if (part.settings) step.layers.push_back(*part.settings);
}

}  // namespace

RuntimeConfig read_runtime_config(const YamlDocument& document, const Environment& environment,
                                  const std::filesystem::path& base) {
  FileReading reading{document.file, environment, {}, base};
  RuntimeConfig config;
  config.file = document.file;
  MappingReader root(document.root, "", reading);
  if (root.is_mapping()) {
    config.run_name = root.take_string("run_name");
    read_part(root, config.every, reading);
    if (const YamlMember* steps = root.take("steps")) {
      MappingReader mapping(steps->value, "steps", reading);
      for (const YamlMember& member : steps->value.members) {
        RuntimeConfig::OfStep step;
        step.name = member.name;
        step.place = member.place;
        MappingReader inside(member.value, child_path("steps", member.name), reading);
        if (inside.is_mapping()) {
          if (const YamlMember* named = inside.take("step_operator")) step.step_operator_place = named->value.place;
          step.step_operator = inside.take_string("step_operator").value_or("");
          read_part(inside, step, reading);
          inside.finish();
        }
        config.steps.push_back(std::move(step));
      }
    }
    root.finish();
  }
  if (!reading.findings.empty()) throw BadInput(std::move(reading.findings));
  return config;
}

std::vector<Finding> apply(const RuntimeConfig& config, Pipeline& pipeline) {
  std::vector<std::string> names;
  for (Step& step : pipeline.steps) {
    names.push_back(step.name);
    apply_part(config.every, config.file, step);
  }
  std::vector<Finding> findings;
  for (const RuntimeConfig::OfStep& part : config.steps) {
    const auto index = pipeline.index_of(part.name);
    if (!index) {
      findings.push_back(
          {config.file, part.place, child_path("steps", part.name),
           "\"" + part.name + "\" is no step of the pipeline " + pipeline.name + " (" + pipeline.file + ")",
           did_you_mean(part.name, names)});
      continue;
    }
    Step& step = pipeline.steps[*index];
    if (!part.step_operator.empty()) {
      step.step_operator = part.step_operator;
      step.step_operator_file = config.file;
      step.step_operator_place = part.step_operator_place;
    }
    apply_part(part, config.file, step);
  }
  return findings;
}

}  // namespace stepop::orchestrator
