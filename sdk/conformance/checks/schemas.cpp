// What describe says, and whether its JSON Schemas are some and fit what is sent.
#include <algorithm>

#include "host.hpp"

namespace stepop::conformance {
namespace {

const std::string& text_member(const json::object& object, std::string_view key, const std::string& where) {
  static std::string text;
  const json::value* found = object.if_contains(key);
  expect(found != nullptr && found->is_string() && !found->get_string().empty(),
         where + " has no text \"" + std::string(key) + "\"");
  text.assign(found->get_string());
  return text;
}

const json::array& array_member(const json::object& object, std::string_view key, const std::string& where) {
  const json::value* found = object.if_contains(key);
  expect(found != nullptr && found->is_array(), where + " has no array \"" + std::string(key) + "\"");
  return found->get_array();
}

void describes_itself(const Subject& subject) {
  const Library library(subject);
  const json::value described = library.describe();
  expect(described.is_object(), "describe returns no JSON object");
  const json::object& what = described.get_object();
  expect(text_member(what, "name", "describe") == library.plugin().name, "its name differs from stepop_plugin.name");
  expect(text_member(what, "version", "describe") == library.plugin().version,
         "its version differs from stepop_plugin.version");
  const std::string abi = std::to_string(STEPOP_ABI_MAJOR) + "." + std::to_string(STEPOP_ABI_MINOR);
  expect(text_member(what, "abi", "describe") == abi, "\"abi\" is not \"" + abi + "\"");
  for (const json::value& extension : array_member(what, "extensions", "describe"))
    expect(extension.is_string(), "an extension is no text");
  const json::array& flavors = array_member(what, "flavors", "describe");
  expect(!flavors.empty(), "it has no flavor");
  for (const json::value& value : flavors) {
    expect(value.is_object(), "a flavor is no object");
    const json::object& flavor = value.get_object();
    const std::string name = text_member(flavor, "name", "a flavor");
    text_member(flavor, "description", "the flavor " + name);
    for (const char* schema : {"config_schema", "settings_schema", "request_schema"}) {
      const json::value* found = flavor.if_contains(schema);
      expect(found != nullptr && found->is_object(), "the flavor " + name + " has no object \"" + schema + "\"");
    }
    for (const json::value& reason : array_member(flavor, "reasons", "the flavor " + name))
      expect(reason.is_string() && !reason.get_string().empty(), "a reason is no text");
  }
}

// ---- JSON Schema ---------------------------------------------------------------------------------

class Reader {
 public:
  explicit Reader(const json::object& root, std::string name) : root_(root), name_(std::move(name)) {}

  void read() { schema(root_, name_); }

 private:
  void texts(const json::value& value, const std::string& path) {
    expect(value.is_array(), path + ": expected an array");
    for (const json::value& one : value.get_array()) expect(one.is_string(), path + ": expected texts");
  }
  void schemas_by_name(const json::value& value, const std::string& path) {
    expect(value.is_object(), path + ": expected an object of schemas");
    for (const auto& member : value.get_object()) schema(member.value(), path + "." + std::string(member.key()));
  }
  void type(const json::value& value, const std::string& path) {
    static constexpr std::string_view known[] = {"null", "boolean", "object", "array", "number", "string", "integer"};
    const auto check = [&](const json::value& one) {
      expect(one.is_string() &&
                 std::find(std::begin(known), std::end(known), std::string_view(one.get_string())) != std::end(known),
             path + " is no type of JSON Schema: " + json::serialize(one));
    };
    if (value.is_array())
      for (const json::value& one : value.get_array()) check(one);
    else
      check(value);
  }
  // "#/$defs/name" is in this very schema.
  void reference(const json::value& value, const std::string& path) {
    expect(value.is_string(), path + ": expected a text");
    const std::string_view target = value.get_string();
    if (!target.starts_with('#')) broken(path + " leads out of the schema: " + std::string(target));
    json::error_code wrong;
    root_.find_pointer(target.substr(1), wrong);
    expect(!wrong, path + " leads nowhere: " + std::string(target));
  }
  void schema(const json::value& value, const std::string& path) {
    if (value.is_bool()) return;
    expect(value.is_object(), path + ": a schema is an object, true or false");
    for (const auto& member : value.get_object()) {
      const std::string_view key = member.key();
      const json::value& inner = member.value();
      const std::string at = path + "." + std::string(key);
      if (key == "type")
        type(inner, at);
      else if (key == "$ref")
        reference(inner, at);
      else if (key == "required")
        texts(inner, at);
      else if (key == "enum")
        expect(inner.is_array() && !inner.get_array().empty(), at + ": expected a list of values");
      else if (key == "properties" || key == "$defs" || key == "patternProperties")
        schemas_by_name(inner, at);
      else if (key == "additionalProperties" || key == "items" || key == "not" || key == "propertyNames" ||
               key == "if" || key == "then" || key == "else")
        schema(inner, at);
      else if (key == "anyOf" || key == "allOf" || key == "oneOf") {
        expect(inner.is_array() && !inner.get_array().empty(), at + ": expected a list of schemas");
        for (const json::value& one : inner.get_array()) schema(one, at);
      } else if (key == "pattern" || key == "description" || key == "title")
        expect(inner.is_string(), at + ": expected a text");
      else if (key.starts_with("min") || key.starts_with("max"))
        expect(inner.is_number(), at + ": expected a number");
    }
  }

  const json::value root_;
  const std::string name_;
};

// Members that a schema does not have, where it has them all.
void has_members(const json::object& schema, const json::object& sent, const std::string& name) {
  const json::value* additional = schema.if_contains("additionalProperties");
  const json::value* properties = schema.if_contains("properties");
  if (additional == nullptr || !additional->is_bool() || additional->get_bool() || properties == nullptr) return;
  for (const auto& member : sent)
    expect(properties->as_object().contains(member.key()),
           name + " does not have \"" + std::string(member.key()) + "\", which the plugin takes");
}

void schemas_are_schemas(const Subject& subject) {
  const Library library(subject);
  const json::object flavor = library.flavor(subject);
  for (const char* name : {"config_schema", "settings_schema", "request_schema"})
    Reader(flavor.at(name).as_object(), name).read();
}

void schemas_have_what_is_sent(const Subject& subject) {
  const Library library(subject);
  const json::object flavor = library.flavor(subject);
  has_members(flavor.at("config_schema").as_object(), subject.config, "config_schema");
  const json::object& request = flavor.at("request_schema").as_object();
  has_members(request, subject.step(subject.good), "request_schema");
  if (const json::value* settings = subject.good.if_contains("settings"); settings != nullptr && settings->is_object())
    has_members(flavor.at("settings_schema").as_object(), settings->get_object(), "settings_schema");
}

}  // namespace

std::vector<Check> schemas_checks() {
  return {
      {"describe.members", "What this plugin is: JSON", describes_itself},
      {"describe.schemas",
       "Config, requests, filters, options and details are UTF-8 JSON objects. `describe` returns their JSON Schemas.",
       schemas_are_schemas},
      {"describe.schemas_fit", "Unknown members in what the host sends are errors, with their path.",
       schemas_have_what_is_sent},
  };
}

}  // namespace stepop::conformance
