// JSON text from a host -> an object, or every mistake that can be seen at once.
#pragma once

#include <stepop/plugin.hpp>

namespace stepop::plugin {

// Deeper nesting than any schema of ours has is a mistake or an attack.
inline constexpr std::size_t max_json_depth = 64;

// Parses `text`, which must be one JSON object without a key that is given twice (a reader that
// keeps only one of them would drop the other in silence). `what` names the text in messages: "the
// request". Throws Error(INVALID) with a place (line and column) or a path.
json::object parse_object(std::string_view text, std::string_view what);

}  // namespace stepop::plugin
