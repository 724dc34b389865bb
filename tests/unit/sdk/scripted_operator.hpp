// A plugin that does as its requests say, for the tests of both ends of the ABI.
//
// Config: {"open": "throw" | "null"} makes `open` fail; {"block_check": true} makes `check` and `render` wait for
//         `shutdown`; {"no_render": true} makes an operator that has no `render`.
// Request: {"step_run_id", "states": [[state, attempt, detail], ...], "log": [line, ...], "log_end": bool,
//           "throw": "error" | "exception" | "number" | "no_memory"}
#pragma once

#include <stepop/plugin.hpp>

namespace stepop::test {

plugin::Description scripted_description();

}  // namespace stepop::test
