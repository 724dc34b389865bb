// From a stack's entries to open step operators.
#pragma once

#include <filesystem>
#include <stepop/host.hpp>
#include <string>
#include <vector>

#include "input/pipeline_file.hpp"
#include "input/stack_file.hpp"
#include "input/where_asked.hpp"
#include "run/request.hpp"

namespace stepop::orchestrator {

struct OpenOperator {
  StepOperatorEntry entry;
  std::filesystem::path plugin_file;
  host::Operator op;
};

// Opens the entries named in `used`, each with `owner` added to its configuration. Throws BadInput
// with every mistake: flavors that no plugin has (with what was found, and where), and what each
// plugin says of its configuration. `document`: the stack's file, for the places of a plugin's
// findings; null when it is not at hand. `later`: takes what is around a configuration and may be
// right later, such as a kubeconfig that is not there yet, which is a mistake else.
std::vector<OpenOperator> open_operators(const Stack&, const std::vector<std::string>& used,
                                         const host::PluginDirectory&, const std::string& owner,
                                         const YamlDocument* document, std::vector<Finding>* later = nullptr);

// What a call that failed says: its findings, or itself as one.
std::vector<host::Finding> findings_of(const host::Error&);

// A plugin's finding on a step's request, at its place in the file that asks for it.
Finding in_request(const host::Finding&, const Step&, const StepOperatorEntry&, const RequestFiles&);

struct CheckFindings {
  std::vector<Finding> errors;    // the run cannot succeed as it is
  std::vector<Finding> warnings;  // also errors that a later try may not meet: the step will wait
};
// Asks each operator whether it can run steps, and whether it can run these. Steps that differ in
// nothing that matters (operator, image, settings) are asked about once. Blocks for at most
// `timeout` a question.
CheckFindings check_operators(const std::vector<OpenOperator>&, const RunNames&, const Stack&, const Pipeline&,
                              const YamlDocument& stack_document, const RequestFiles&,
                              std::chrono::milliseconds timeout);

}  // namespace stepop::orchestrator
