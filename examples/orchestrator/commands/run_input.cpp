#include "commands/run_input.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "commands/drive_run.hpp"
#include "commands/stack_editing.hpp"
#include "input/mapping_reader.hpp"
#include "input/pipeline_check.hpp"
#include "input/place_of_path.hpp"
#include "input/runtime_config.hpp"
#include "input/secret.hpp"
#include "screen/progress.hpp"

namespace stepop::orchestrator {
namespace {

std::filesystem::path directory_of(const std::string& file) {
  return std::filesystem::absolute(file).parent_path();
}

// A plain secret is as secret as its file.
void warn_of_open_secrets(const RunInput& input, const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0 || (found.st_mode & (S_IRGRP | S_IROTH)) == 0) return;
  for (const Step& step : input.pipeline.steps) {
    for (const std::string& name : plain_secrets(step.secrets)) {
      const std::string path = child_path(child_path(child_path("steps", step.name), "secrets"), name);
      warn({input.pipeline.file, place_of_path(input.pipeline_document.root, path).value_or(step.place), path,
            "this secret stands in a file that others can read",
            "chmod 600 " + file + ", or write ${env:NAME} or ${file:PATH}"});
    }
  }
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
    config = read_runtime_config(*input.runtime_document, environment);
    input.run_name = config.run_name;
  });
  if (findings.empty()) findings = apply(config, input.pipeline);
  std::vector<Finding> warnings;
  if (findings.empty()) {
    warnings = bind_to_stack(input.pipeline, input.stack);
    findings = check_pipeline(input.pipeline, input.stack);
  }
  if (findings.empty()) findings = missing_secrets(input.pipeline, input.pipeline_document, environment);
  if (!findings.empty()) throw BadInput(std::move(findings));
  for (const Finding& warning : warnings) warn(warning);
  warn_of_open_secrets(input, command.pipeline);
  return input;
}

}  // namespace stepop::orchestrator
