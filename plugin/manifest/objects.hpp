// Everything that a step's first attempt consists of, and how it may be shown. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>
#include <vector>

#include "manifest/identity.hpp"
#include "request/step_request.hpp"

namespace stepop::manifest {

namespace json = boost::json;

// The objects in the order in which they are made; at least one, the workload. To be looked at, and to be tried: a Secret's
// values are hidden from the start, and its owner has no uid yet.
std::vector<json::object> objects_of(const request::StepRequest&, const Identity&, std::string_view instance);

// What stands for the value of a secret wherever an object is shown to people.
inline constexpr std::string_view hidden_value = "***";

// The object without the values of a Secret (its `data` and `stringData`); any other object as it is.
json::object without_secret_values(json::object object);

}  // namespace stepop::manifest
