// What a step's operator is handed: the JSON of `submit`.
#pragma once

#include <boost/json/object.hpp>
#include <string>

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
RequestMaking make_request(const RunNames&, const Pipeline&, const Step&, const Results&);

// The request as far as it is known before any step has run: each result's reference stands as
// text. For `check`.
boost::json::object make_preview(const RunNames&, const Pipeline&, const Step&);

}  // namespace stepop::orchestrator
