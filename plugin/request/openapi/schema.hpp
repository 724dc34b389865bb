// The table as a JSON Schema, draft 2020-12. Types stand once each in the root's `$defs`.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "request/openapi/read.hpp"
#include "request/openapi/table.hpp"

namespace stepop::request::openapi {

json::object reference_to(const Type&);
json::object schema_of(const Type&, Completeness, const std::vector<std::string_view>& without = {});

}  // namespace stepop::request::openapi
