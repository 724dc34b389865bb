// Objects of Kubernetes' API as a setting's value.
//
// They are read as people and programs write them: each field under its own name or under the
// Kubernetes Python client's (hostIPC, host_ipc), and a member that is null is one that is not
// given, as in what that client's `to_dict()` returns. What has been read has Kubernetes' names and
// nothing that is null, ready to be sent. Keys that are the user's (labels, node selectors, resource
// names, ...) are left as they are. Unknown fields, at every depth, and values of another type are
// mistakes.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "request/kind.hpp"
#include "request/openapi/table.hpp"

namespace stepop::request::openapi {

// `type` as in the API reference: "Affinity". Reading merges, as with every map: members of members
// are added, all else is replaced.
Kind<json::object> object_of(std::string_view type);
Kind<json::array> list_of(std::string_view type);

// A part of such an object: nothing is required, and the fields `without` are left to their rules.
struct Refused {
  std::string field;
  std::string expected;  // "found X, expected <this>"
};
Kind<json::object> part_of(std::string_view type, std::vector<Refused> refused);

// `$defs` of a JSON Schema: every type that `schema` refers to, and those that they refer to.
json::object definitions_of(const json::object& schema);

}  // namespace stepop::request::openapi
