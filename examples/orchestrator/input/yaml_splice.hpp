// Changes one member of a YAML text and leaves every other byte as it is. Pure text work: whether the outcome says what
// was meant is for the caller to check.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace stepop::orchestrator {

// Names of members, from the root.
using MemberPath = std::vector<std::string>;

// The member has this value now. Mappings on the way that are missing are made; a new member comes last in its mapping,
// in that mapping's style. REQUIRES: parse_yaml has taken the text; its root is a mapping.
// Throws BadInput when something on the way is no mapping, or an alias.
std::string with_member(const std::string& text, const MemberPath&, const boost::json::value&);

// The member is gone, with the comment that ends its line; comments above it stay. A mapping that loses its only member
// becomes {}. Throws BadInput when it is not there, or behind an alias.
std::string without_member(const std::string& text, const MemberPath&);

}  // namespace stepop::orchestrator
