// What the host asks for one step: the `request` of `submit`.
#pragma once

#include <boost/json/object.hpp>
#include <stepop/plugin.hpp>
#include <string>
#include <utility>
#include <vector>

#include "request/operator_config.hpp"
#include "request/settings.hpp"

namespace stepop::request {

// An empty text is a member that was not given; an empty command is the image's entrypoint.
struct StepRequest {
  std::string step_run_id;
  std::string step_name;
  std::string pipeline;
  std::string run_id;
  std::string run_name;
  std::string project_id;
  std::string image;
  std::vector<std::string> command;
  std::vector<std::string> args;
  // In the order of the request: Kubernetes expands $(NAME) in a value when NAME stands before it.
  std::vector<std::pair<std::string, std::string>> environment;
  Settings settings;  // the step's over the operator's

  // What is asked for, in normal form: everything that changes what runs and that differs from what
  // this operator gives every step. Of secrets it has the names. A member that is absent and one that states the default in
  // effect are the same; so are two ways of writing one quantity. Not in it: the step's id (that is
  // the identity), the names that only describe (step, pipeline, run, project, job_name_prefix), and
  // the policy and other times (a host may submit again with a longer timeout). It does not change when the operator's
  // configuration does, except where the request states what was the default.
  json::object asked;

  std::vector<plugin::Finding> warnings;  // what was taken, but not as it was meant
};

// The step's settings over the operator's: a scalar or a list replaces; maps (labels, annotations,
// node_selectors, resources.requests, affinity, secrets, ...) are merged by key. This is how ZenML merges
// a step's settings over its pipeline's. Throws plugin::Error (STEPOP_E_INVALID) with a finding for
// each mistake.
StepRequest parse_request(const json::object& request, const OperatorConfig& config);

}  // namespace stepop::request
