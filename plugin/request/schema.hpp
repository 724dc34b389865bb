// What `describe` and the documentation say of everything that can be asked: made from the same
// declarations that parsing goes by. Pure, thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace stepop::request {

namespace json = boost::json;

// JSON Schemas, draft 2020-12; every property has a description, and a default where it has one.
json::object config_schema();    // of `open`'s config
json::object settings_schema();  // of a request's `settings`
json::object request_schema();   // of `submit`'s request

// A page in Markdown: each member of the config, the request and the settings.
std::string documentation();

}  // namespace stepop::request
