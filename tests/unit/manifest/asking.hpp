// How these tests come by a request: as a host does.
#pragma once

#include <boost/json/parse.hpp>
#include <stepop/plugin.hpp>
#include <string>
#include <string_view>

#include "request/step_request.hpp"

namespace stepop::manifest {

namespace json = boost::json;

inline request::StepRequest request(std::string_view text, std::string_view config = R"({"owner": "me"})") {
  return request::parse_request(json::parse(text).as_object(), request::parse_config(json::parse(config).as_object()));
}

}  // namespace stepop::manifest
