// What a step's operator is handed: the JSON of `submit`.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "input/late_text.hpp"
#include "input/pipeline_file.hpp"

namespace stepop::orchestrator {

struct RunNames {
  std::string id;
  std::string name;
};

// "<run id>/<step>": the identity of a step run, for good.
std::string step_run_id(const RunNames&, const Step&);

struct RequestMaking {
  boost::json::object request;
  std::string error;  // which result is not there; then there is no request
};
// As it is journalled: its settings have the sources of secrets (input/secret.hpp) and not what they are.
RequestMaking make_request(const RunNames&, const Pipeline&, const Step&, const Results&);

// The journalled request as it is submitted, each time anew: the environment and files tell what secrets are.
std::string with_secrets(const std::string& request, const Environment&, std::vector<LateError>&);

// The request as far as it is known before any step has run: each result's reference stands as
// text, and no secret is in it. For `check`.
boost::json::object make_preview(const RunNames&, const Pipeline&, const Step&);

}  // namespace stepop::orchestrator
