// The small JSON objects of the ABI that are the same for every plugin: checked here, each mistake
// with its path.
#pragma once

#include <stepop/plugin.hpp>

namespace stepop::plugin {

// All throw Error(INVALID).
// The request's "step_run_id": there, a string, 1 to 512 bytes, no control character.
std::string_view step_run_id_of(const json::object& request);
// The same rule for an id that is an argument.
void check_step_run_id(std::string_view step_run_id);
LogOptions log_options(const json::object& options);
// "namespaces" and "step_run_ids" (arrays of strings), "labels" (an object of strings).
void check_filter(const json::object& filter);
// "namespace" and "cleanup" (strings).
void check_forget_options(const json::object& options);

}  // namespace stepop::plugin
