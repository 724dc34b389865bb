#include "request/openapi/schema.hpp"

#include <boost/json/array.hpp>
#include <limits>
#include <set>
#include <string>

#include "request/object.hpp"
#include "request/openapi/kinds.hpp"
#include "request/openapi/rules.hpp"
#include "request/resources.hpp"

namespace stepop::request::openapi {
namespace {

constexpr std::string_view definitions_path = "#/$defs/";

// A texts' schema: the rule's pattern, or nothing at all where the field need not be given.
json::object schema_of_text(const Type& type, const Field& field) {
  json::object schema{{"type", "string"}};
  if (const auto* names = choices_of(type, field)) {
    schema = schema_of_choices(*names);
    if (!field.required) schema["enum"].get_array().emplace_back("");
  } else if (const Rule* rule = rule_of(type, field)) {
    const bool may_be_empty = !field.required || rule->least == 0;
    if (!rule->pattern.empty()) {
      schema["pattern"] = may_be_empty ? "^$|" + std::string(rule->pattern) : std::string(rule->pattern);
    }
    if (rule->most != 0) schema["maxLength"] = rule->most;
  }
  return schema;
}

json::object schema_of_value(const Type& type, const Field& field) {
  switch (field.value) {
    case Value::text:
      return schema_of_text(type, field);
    case Value::integer32:
    case Value::integer64: {
      const auto [least, most] = range_of(type, field);
      json::object schema{{"type", "integer"}};
      if (least != std::numeric_limits<std::int64_t>::min()) schema["minimum"] = least;
      if (most != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = most;
      return schema;
    }
    case Value::boolean:
      return {{"type", "boolean"}};
    case Value::quantity:
      return quantity_kind().schema;
    case Value::integer_or_text:
      return {{"type", json::array{"integer", "string"}}};
    case Value::object:
      return reference_to(type_of(field));
  }
  return {};
}

json::object schema_of_field(const Type& type, const Field& field) {
  json::object value = schema_of_value(type, field);
  if (field.shape == Shape::one) return value;
  if (field.shape == Shape::list) return {{"type", "array"}, {"items", std::move(value)}};
  json::object schema{{"type", "object"}, {"additionalProperties", std::move(value)}};
  if (const Rule* keys = key_rule_of(type, field)) {
    json::object names{{"maxLength", keys->most}};
    if (!keys->pattern.empty()) names["pattern"] = keys->pattern;
    schema["propertyNames"] = std::move(names);
  }
  return schema;
}

void collect(const json::value& schema, std::set<std::string, std::less<>>& names) {
  if (schema.is_array()) {
    for (const auto& element : schema.get_array()) collect(element, names);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.get_object()) {
    if (key == "$ref" && value.is_string()) {
      names.emplace(std::string_view(value.get_string()).substr(definitions_path.size()));
    } else {
      collect(value, names);
    }
  }
}

}  // namespace

json::object reference_to(const Type& type) {
  return {{"$ref", std::string(definitions_path).append(type.name)}};
}

json::object schema_of(const Type& type, Completeness completeness, const std::vector<std::string_view>& without) {
  json::object properties;
  json::array required, exclusions;
  for (const auto& field : type.fields) {
    if (std::find(without.begin(), without.end(), field.name) != without.end()) continue;
    const bool needed = field.required && completeness == Completeness::whole;
    json::object schema = schema_of_field(type, field);
    if (!needed) schema = nullable(std::move(schema));
    if (field.python_name == field.name) {
      if (needed) required.push_back(json::object{{"required", json::array{field.name}}});
    } else {
      properties[field.python_name] = schema;
      const json::array both{field.name, field.python_name};
      exclusions.push_back(json::object{{"required", both}});
      if (needed) {
        required.push_back(
            json::object{{"anyOf", json::array{json::object{{"required", json::array{field.name}}},
                                               json::object{{"required", json::array{field.python_name}}}}}});
      }
    }
    properties[field.name] = std::move(schema);
  }
  json::object schema = object_schema(std::move(properties), {}, std::move(exclusions));
  if (!required.empty()) schema["allOf"] = std::move(required);
  return schema;
}

json::object definitions_of(const json::object& schema) {
  json::object definitions;
  std::set<std::string, std::less<>> waiting;
  collect(schema, waiting);
  while (!waiting.empty()) {
    const std::string name = *waiting.begin();
    waiting.erase(waiting.begin());
    if (definitions.contains(name)) continue;
    const json::object definition = schema_of(type_named(name), Completeness::whole);
    collect(definition, waiting);
    definitions[name] = definition;
  }
  return definitions;
}

}  // namespace stepop::request::openapi
