// Where in the files something stands that a plugin says of a step's request.
#pragma once

#include <string>
#include <string_view>

#include "input/pipeline_file.hpp"
#include "input/stack_file.hpp"
#include "input/yaml_document.hpp"

namespace stepop::orchestrator {

// The files that a run's requests are made of.
struct RequestFiles {
  const YamlDocument* pipeline = nullptr;
  const YamlDocument* runtime = nullptr;  // may be null
};

// `path`: in the request, e.g. "settings.pod_settings.labels.a". The place that counts: the runtime configuration before
// the pipeline file, what a step says before what is said of all, the more exact key of settings before the others. The
// finding has file, place and path; its hint says so when what stands there is not what it looks like.
Finding where_asked(const RequestFiles&, const Step&, const StepOperatorEntry&, std::string_view path);

}  // namespace stepop::orchestrator
