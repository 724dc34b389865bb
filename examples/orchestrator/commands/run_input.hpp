// What a new run is made of: the stack, the pipeline and the runtime configuration, checked as far as files alone tell.
#pragma once

#include <optional>
#include <string>

#include "commands/commands.hpp"
#include "input/pipeline_file.hpp"
#include "input/stack_file.hpp"
#include "input/where_asked.hpp"

namespace stepop::orchestrator {

struct RunInput {
  YamlDocument stack_document;
  YamlDocument pipeline_document;
  std::optional<YamlDocument> runtime_document;
  Stack stack;
  Pipeline pipeline;
  std::optional<std::string> run_name;  // of the runtime configuration

  RequestFiles files() const { return {&pipeline_document, runtime_document ? &*runtime_document : nullptr}; }
};

// Throws BadInput with every mistake of all files; says warnings.
RunInput read_run_input(const RunCommand&);

void warn(const Finding&);  // on stderr

}  // namespace stepop::orchestrator
