// How a step ended, in the words of the contract. Pure, but for reading the step's result and the tail of its log.
#pragma once

#include "step_directory.hpp"

namespace stepop::local {

// Every reason that a state of this flavor may carry.
std::vector<std::string> reasons();

plugin::StepState outcome(const std::string& step_run_id, const StepDirectory& directory, const End& end);
// Its directory is not there (any more).
plugin::StepState vanished(const std::string& step_run_id);
// Its supervisor was killed before it could write down how the step ended.
plugin::StepState supervisor_lost(const std::string& step_run_id, const StepDirectory& directory);
// Another request has this id.
plugin::StepState conflict(const std::string& step_run_id, const StepDirectory& directory);

// The member "workload" of a detail.
json::object workload(const StepDirectory& directory);

}  // namespace stepop::local
