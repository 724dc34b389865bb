#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stepop::orchestrator {

// Where the first byte stands that is not part of well-formed UTF-8 (Unicode 15, table 3-7).
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

// The text with each ill-formed byte replaced by U+FFFD, and control characters but tab by U+FFFD
// too: fit to be shown.
std::string printable(std::string_view text);

// How many columns a terminal gives the text: one for each code point, which is right for all but
// wide and combining ones.
std::size_t display_width(std::string_view text);

// At most `columns` wide, with an ellipsis at its end when something was cut.
std::string shortened(std::string_view text, std::size_t columns);

// At most `columns` wide, with an ellipsis for what was cut out of its middle: of errors that wrap one another, the first
// says what failed, and the last one why.
std::string without_middle(std::string_view text, std::size_t columns);

}  // namespace stepop::orchestrator
