#include "request/object.hpp"

#include <boost/json/serialize.hpp>

namespace stepop::request {
namespace {

// A required member has no default, and no text or nothing at all is none worth telling.
bool is_told(const json::value& default_, bool required) {
  if (required || default_.is_null() || default_.is_object()) return false;
  if (const auto* list = default_.if_array()) return !list->empty();
  return !default_.is_string() || !default_.get_string().empty();
}

}  // namespace

json::object described(json::object schema, const std::string& description, const json::value& default_,
                       bool required) {
  schema["description"] = description;
  if (is_told(default_, required)) schema["default"] = default_;
  return schema;
}

json::object object_schema(json::object properties, json::array required, json::array exclusions) {
  json::object schema{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  if (!exclusions.empty()) schema["not"] = json::object{{"anyOf", std::move(exclusions)}};
  return schema;
}

std::string default_text(const json::value& default_, bool required) {
  return is_told(default_, required) ? json::serialize(default_) : std::string();
}

void report_missing(const Reader& place, const std::string& expected, const std::string& description) {
  place.report(finding::missing_key, found_expected("nothing", expected), description);
}

void report_null(const Reader& place, const std::string& expected, bool required) {
  place.report(finding::wrong_type, found_expected("null", expected),
               required ? "" : "leave the key out for the default");
}

void report_deprecated(const Reader& place, const std::string& instead) {
  place.warn(finding::deprecated, "found a deprecated setting, which has no effect", instead);
}

json::object deprecated_schema(json::object schema) {
  schema["deprecated"] = true;
  return schema;
}

json::object nullable(json::object schema) {
  return {{"anyOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
}

}  // namespace stepop::request
