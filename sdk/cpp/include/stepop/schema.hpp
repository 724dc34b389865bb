// Checks what a host sends against the JSON Schema that the plugin publishes, so that the two are
// declared once.
#pragma once

#include <stepop/plugin.hpp>

namespace stepop::plugin {

// Every way in which `value` does not fit `schema`, with paths that begin with `path` (may be
// empty). Keys that an object may not have get a "did you mean". Never says what a wrong value was,
// only of which kind: it may be a secret.
//
// Understands of JSON Schema 2020-12: type (one or several), enum, properties, required,
// additionalProperties (false or a schema), items, minItems, minLength, maxLength (both in bytes),
// minimum, maximum; passes over title, description, default, examples and $schema. Throws
// std::logic_error for any other keyword: what is published must be what is checked.
std::vector<Finding> validate(const json::value& value, const json::object& schema, std::string_view path = "");

}  // namespace stepop::plugin
