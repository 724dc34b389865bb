// What can be asked and is not done yet. Delete each line when it is.
#pragma once

#include "request/operator_config.hpp"

namespace stepop::request {

// Throws plugin::Error (STEPOP_E_INVALID).
void refuse_what_is_not_made_yet(const OperatorConfig&);

}  // namespace stepop::request
