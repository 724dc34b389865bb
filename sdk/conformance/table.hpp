// What held and what did not, for people and for programs.
#pragma once

#include <iosfwd>

#include "isolation.hpp"

namespace stepop::conformance {

// The header's words under the check's name, indented; of a rule that does not hold, what was seen instead.
void print_row(std::ostream& out, const Row& row);
// "41 held, 1 did not, 2 the plugin does not have".
std::string summary(const std::vector<Row>& rows);
json::array to_json(const std::vector<Row>& rows);

}  // namespace stepop::conformance
