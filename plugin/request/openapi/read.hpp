#pragma once

#include <boost/json/object.hpp>

#include "request/openapi/table.hpp"
#include "request/reader.hpp"

namespace stepop::request::openapi {

enum class Completeness { whole, part };  // of a part no field is required

// What was written, in Kubernetes' names and without what is null. Reports every mistake.
json::object read_object(const Type&, const json::object& written, const Reader&,
                         Completeness completeness = Completeness::whole);

// One form for all ways of writing one thing: for hashes. REQUIRES: it has been read.
json::object normal_form(const Type&, const json::object& read);

// "found an unknown key, expected a field of Volume"
void report_unknown_field(const Type&, std::string_view key, const Reader&);

}  // namespace stepop::request::openapi
