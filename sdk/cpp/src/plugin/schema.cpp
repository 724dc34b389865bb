#include <stepop/nearest_name.hpp>
#include <stepop/schema.hpp>

#include <algorithm>
#include <array>

#include "utf8.hpp"

namespace stepop::plugin {
namespace {

constexpr std::array understood{
    "type",      "enum",    "properties", "required", "additionalProperties", "items",   "minItems", "minLength",
    "maxLength", "minimum", "maximum",    "title",    "description",          "default", "examples", "$schema"};

std::string_view type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "integer";
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      break;
  }
  return "object";
}

bool is_of(const json::value& value, std::string_view type) {
  return type_of(value) == type || (type == "number" && value.is_number());
}

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  const bool vowel = std::string_view("aeiou").find(type.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(type);
}

std::string number_text(const json::value& number) {
  return json::serialize(number);
}

// For a message.
std::string shown(const json::value& value) {
  constexpr std::size_t longest = 60;
  const std::string text = json::serialize(value);
  return text.size() <= longest ? text : with_valid_utf8(text.substr(0, longest)) + "...";
}

class Check {
 public:
  std::vector<Finding> take() && { return std::move(findings_); }

  void value(const json::value& value, const json::object& schema, const std::string& path) {
    for (const auto& keyword : schema)
      if (std::find(understood.begin(), understood.end(), std::string_view(keyword.key())) == understood.end())
        throw std::logic_error("the schema keyword \"" + std::string(keyword.key()) + "\" is not understood");
    if (!type(value, schema, path)) return;
    choice(value, schema, path);
    if (const auto* text = value.if_string()) length(*text, schema, path);
    if (value.is_number()) range(value, schema, path);
    if (const auto* list = value.if_array()) array(*list, schema, path);
    if (const auto* members = value.if_object()) object(*members, schema, path);
  }

 private:
  void add(std::string code, const std::string& path, std::string message, std::string hint = "") {
    findings_.push_back({Finding::Level::error, std::move(code), path, std::move(message), std::move(hint), false});
  }

  bool type(const json::value& value, const json::object& schema, const std::string& path) {
    const json::value* wanted = schema.if_contains("type");
    if (wanted == nullptr) return true;
    std::vector<std::string> types;
    if (wanted->is_string()) types.emplace_back(wanted->get_string());
    if (wanted->is_array())
      for (const json::value& one : wanted->get_array()) types.emplace_back(one.as_string());
    std::string expected;
    for (const std::string& one : types) {
      if (is_of(value, one)) return true;
      expected += (expected.empty() ? "" : " or ") + with_article(one);
    }
    add("WrongType", path, "expected " + expected + ", found " + with_article(type_of(value)));
    return false;
  }

  void choice(const json::value& value, const json::object& schema, const std::string& path) {
    const json::value* allowed = schema.if_contains("enum");
    if (allowed == nullptr) return;
    std::vector<std::string> names;
    for (const json::value& one : allowed->as_array()) {
      if (one == value) return;
      if (one.is_string()) names.emplace_back(one.get_string());
    }
    add("InvalidValue", path, "found " + shown(value) + ", which is not one of the values that are allowed",
        value.is_string() ? did_you_mean(value.get_string(), names) : "");
  }

  void length(std::string_view text, const json::object& schema, const std::string& path) {
    const auto bytes = static_cast<std::int64_t>(text.size());
    if (const json::value* least = schema.if_contains("minLength"); least != nullptr && bytes < least->as_int64())
      add("InvalidValue", path,
          text.empty() ? "must not be empty"
                       : "must have at least " + number_text(*least) + " bytes, found " + std::to_string(bytes));
    if (const json::value* most = schema.if_contains("maxLength"); most != nullptr && bytes > most->as_int64())
      add("InvalidValue", path, "must have at most " + number_text(*most) + " bytes, found " + std::to_string(bytes));
  }

  void range(const json::value& number, const json::object& schema, const std::string& path) {
    const double found = number.to_number<double>();
    if (const json::value* least = schema.if_contains("minimum");
        least != nullptr && found < least->to_number<double>())
      add("InvalidValue", path, "must be at least " + number_text(*least) + ", found " + number_text(number));
    if (const json::value* most = schema.if_contains("maximum"); most != nullptr && found > most->to_number<double>())
      add("InvalidValue", path, "must be at most " + number_text(*most) + ", found " + number_text(number));
  }

  void array(const json::array& list, const json::object& schema, const std::string& path) {
    if (const json::value* least = schema.if_contains("minItems");
        least != nullptr && static_cast<std::int64_t>(list.size()) < least->as_int64())
      add("InvalidValue", path, "must have at least " + number_text(*least) + " elements");
    const json::value* items = schema.if_contains("items");
    if (items == nullptr) return;
    for (std::size_t i = 0; i < list.size(); ++i)
      value(list[i], items->as_object(), path + "[" + std::to_string(i) + "]");
  }

  void object(const json::object& members, const json::object& schema, const std::string& path) {
    const std::string prefix = path.empty() ? "" : path + ".";
    const json::value* properties = schema.if_contains("properties");
    const json::value* additional = schema.if_contains("additionalProperties");
    std::vector<std::string> known;
    if (properties != nullptr)
      for (const auto& property : properties->as_object()) known.emplace_back(property.key());

    for (const auto& member : members) {
      const std::string key(member.key());
      const json::value* property = properties == nullptr ? nullptr : properties->get_object().if_contains(key);
      if (property != nullptr)
        value(member.value(), property->as_object(), prefix + key);
      else if (additional != nullptr && additional->is_object())
        value(member.value(), additional->get_object(), prefix + key);
      else if (additional != nullptr && !additional->as_bool())
        add("UnknownKey", prefix + key, "there is no such key", did_you_mean(key, known));
    }

    if (const json::value* required = schema.if_contains("required"))
      for (const json::value& key : required->as_array())
        if (!members.contains(key.as_string()))
          add("MissingKey", prefix + std::string(key.get_string()), "is required");
  }

  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> validate(const json::value& value, const json::object& schema, std::string_view path) {
  Check check;
  check.value(value, schema, std::string(path));
  return std::move(check).take();
}

}  // namespace stepop::plugin
