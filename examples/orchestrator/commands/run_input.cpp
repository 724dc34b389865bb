#include "commands/run_input.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "commands/drive_run.hpp"
#include "commands/stack_editing.hpp"
#include "input/mapping_reader.hpp"
#include "input/pipeline_check.hpp"
#include "input/runtime_config.hpp"
#include "input/secret.hpp"
#include "input/value_in_file.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

std::filesystem::path directory_of(const std::string& file) {
  return std::filesystem::absolute(file).parent_path();
}

bool others_can_read(const std::string& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

// A plain secret is as secret as its file. Each once: steps share what is said of all of them.
void warn_of_open_secrets(const RunInput& input) {
  std::vector<json::value> places;
  const auto gather = [&](const json::object& settings) {
    for (json::value& place : plain_secrets(settings)) {
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(std::move(place));
    }
  };
  for (const StepOperatorEntry& entry : input.stack.step_operators) gather(entry.configuration);
  for (const Step& step : input.pipeline.steps) gather(step.settings);
  for (const json::value& place : places) {
    const std::string file = file_of_place(place);
    if (!others_can_read(file)) continue;
    warn({file,
          {},
          path_of_place(place),
          "this secret stands in a file that others can read",
          "chmod 600 " + file + ", or write ${env:NAME} or ${file:PATH}"});
  }
}

// At their places in the files that ask for them.
std::vector<Finding> missing_secrets(const RunInput& input, const Environment& environment) {
  std::vector<Finding> findings;
  for (const Step& step : input.pipeline.steps) {
    const StepOperatorEntry& entry = *input.stack.find(step.step_operator);
    const std::string step_path = child_path("steps", step.name) + ".";
    for (const Finding& missing : missing_secrets(step, input.pipeline.file, environment)) {
      Finding finding = where_asked(input.files(), step, entry, missing.path.substr(step_path.size()));
      finding.message = missing.message;
      findings.push_back(std::move(finding));
    }
  }
  return findings;
}

}  // namespace

void warn(const Finding& finding) {
  write_text(STDERR_FILENO, "warning: " + to_text(finding) + "\n");
}

RunInput read_run_input(const RunCommand& command) {
  RunInput input;
  // All files are read whole, so that the mistakes of all come together.
  std::vector<Finding> findings;
  RuntimeConfig config;
  const auto gather = [&](auto&& read) {
    try {
      read();
    } catch (const BadInput& bad) {
      findings.insert(findings.end(), bad.findings().begin(), bad.findings().end());
    }
  };
  const Environment environment = process_environment();
  gather([&] {
    LoadedStack loaded = load_stack(command.stack);
    input.stack_document = std::move(loaded.document);
    input.stack = std::move(loaded.stack);
  });
  gather([&] {
    input.pipeline_document = read_yaml_file(command.pipeline);
    input.pipeline = read_pipeline(input.pipeline_document, environment, directory_of(command.pipeline));
  });
  gather([&] {
    if (!command.config) return;
    input.runtime_document = read_yaml_file(*command.config);
    config = read_runtime_config(*input.runtime_document, environment, directory_of(*command.config));
    input.run_name = config.run_name;
  });
  if (findings.empty()) findings = apply(config, input.pipeline);
  std::vector<Finding> warnings;
  if (findings.empty()) {
    warnings = bind_to_stack(input.pipeline, input.stack);
    findings = check_pipeline(input.pipeline, input.stack);
  }
  if (findings.empty()) findings = missing_secrets(input, environment);
  if (!findings.empty()) throw BadInput(std::move(findings));
  for (const Finding& warning : warnings) warn(warning);
  warn_of_open_secrets(input);
  return input;
}

}  // namespace stepop::orchestrator
