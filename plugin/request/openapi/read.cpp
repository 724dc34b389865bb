#include "request/openapi/read.hpp"

#include <boost/json/array.hpp>
#include <string>

#include "request/kind.hpp"
#include "request/openapi/rules.hpp"
#include "request/resources.hpp"

namespace stepop::request::openapi {
namespace {

// Ours: as long as an argument of a process may be. A pod as a whole is at most 1.5 MiB.
constexpr std::size_t longest_text = 128 * 1024 - 1;

// Types whose fields are few enough to be listed.
constexpr std::size_t most_listed = 8;

json::value read_text(const Type& type, const Field& field, const json::value& written, const Reader& place) {
  const Content content = is_private(type, field) ? Content::hidden : Content::shown;
  if (!written.is_string()) {
    place.report(finding::wrong_type,
                 found_expected(content == Content::shown ? found(written) : found_kind(written), "a text"),
                 written.is_bool() || written.is_number() ? "put it in quotes" : "");
    return nullptr;
  }
  const std::string_view text = written.get_string();
  if (text.size() > longest_text) {
    place.report(finding::too_long, found_expected("a text of " + std::to_string(text.size()) + " bytes",
                                                   "a text of at most " + std::to_string(longest_text) + " bytes"));
    return nullptr;
  }
  if (text.find('\0') != std::string_view::npos) {
    place.report(finding::invalid_value, "found a NUL character, expected text without one");
    return nullptr;
  }
  // Nothing, in a field that need not be given, is a field that is not given.
  if (text.empty() && !field.required) return written;
  if (const auto* names = choices_of(type, field)) {
    std::size_t chosen = 0;
    choose(written, *names, place, chosen);
  } else if (const Rule* rule = rule_of(type, field)) {
    follows(*rule, text, place, content);
  }
  return written;
}

json::value read_integer(const Type& type, const Field& field, const json::value& written, const Reader& place) {
  const auto [least, most] = range_of(type, field);
  const std::string expected = field.value == Value::integer64 && least < 0
                                   ? "a whole number"
                                   : "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!written.is_number()) {
    report_wrong_type(place, written, expected);
    return nullptr;
  }
  const auto number = whole_number(written);
  if (!number || *number < least || *number > most) {
    place.report(finding::out_of_range, found_expected(found(written), expected));
    return nullptr;
  }
  return *number;
}

json::value read_one(const Type& type, const Field& field, const json::value& written, const Reader& place) {
  switch (field.value) {
    case Value::text:
      return read_text(type, field, written, place);
    case Value::integer32:
    case Value::integer64:
      return read_integer(type, field, written, place);
    case Value::boolean:
      if (!written.is_bool()) report_wrong_type(place, written, "true or false");
      return written;
    case Value::quantity: {
      Quantity quantity;
      quantity_kind().read(written, quantity, place);
      return json::value(quantity.text);
    }
    case Value::integer_or_text:
      if (const auto number = whole_number(written)) return *number;
      if (!written.is_string()) report_wrong_type(place, written, "a whole number or a text");
      return written;
    case Value::object:
      if (!written.is_object()) {
        report_wrong_type(place, written, "an object: " + std::string(type_of(field).name));
        return nullptr;
      }
      return read_object(type_of(field), written.get_object(), place);
  }
  return nullptr;
}

json::value read_list(const Type& type, const Field& field, const json::value& written, const Reader& place) {
  if (!written.is_array()) {
    const bool is_hidden = is_private(type, field);
    report_wrong_type(place, written, "a list", is_hidden ? Content::hidden : Content::shown);
    return nullptr;
  }
  json::array elements;
  for (const auto& element : written.get_array()) {
    elements.push_back(read_one(type, field, element, place.element(elements.size())));
  }
  return elements;
}

json::value read_map(const Type& type, const Field& field, const json::value& written, const Reader& place) {
  if (!written.is_object()) {
    report_wrong_type(place, written, "an object");
    return nullptr;
  }
  const Rule* keys = key_rule_of(type, field);
  json::object entries;
  for (const auto& [key, value] : written.get_object()) {
    const std::string_view name(key.data(), key.size());
    const Reader here = place.member(name);
    if (keys && !follows(*keys, name, here)) continue;
    entries[key] = read_one(type, field, value, here);
  }
  return entries;
}

json::value read_field(const Type& type, const Field& field, const json::value& written, const Reader& place) {
  switch (field.shape) {
    case Shape::one:
      return read_one(type, field, written, place);
    case Shape::list:
      return read_list(type, field, written, place);
    case Shape::map:
      return read_map(type, field, written, place);
  }
  return nullptr;
}

json::value normal_value(const Field& field, const json::value& read) {
  if (field.value == Value::quantity) return json::value(parse_quantity(read.as_string())->canonical());
  if (field.value == Value::object) return normal_form(type_of(field), read.as_object());
  return read;
}

}  // namespace

void report_unknown_field(const Type& type, std::string_view key, const Reader& here) {
  std::vector<std::string> names, spellings;
  for (const auto& field : type.fields) {
    names.emplace_back(field.name);
    spellings.emplace_back(field.name);
    if (field.python_name != field.name) spellings.emplace_back(field.python_name);
  }
  const std::string expected =
      names.size() <= most_listed ? "one of " + listed(names) : "a field of Kubernetes' " + std::string(type.name);
  here.member(key).report(finding::unknown_key, found_expected("an unknown key", expected),
                          did_you_mean(key, spellings));
}

json::object read_object(const Type& type, const json::object& written, const Reader& here, Completeness completeness) {
  const std::size_t before = here.mistakes();
  json::object read;
  for (const auto& [key, value] : written) {
    const std::string_view name(key.data(), key.size());
    const Field* field = type.find(name);
    if (!field) {
      report_unknown_field(type, name, here);
      continue;
    }
    const Reader place = here.member(name);
    if (name != field->name && written.contains(field->name)) {
      place.report(finding::duplicate_key, "found both `" + std::string(field->name) + "` and `" + std::string(name) +
                                               "`, expected one of them");
    } else if (!value.is_null()) {
      read[field->name] = read_field(type, *field, value, place);
    }
  }
  if (completeness == Completeness::part) return read;
  for (const auto& field : type.fields) {
    if (!field.required || read.contains(field.name)) continue;
    here.member(field.name)
        .report(finding::missing_key, found_expected("nothing", "`" + std::string(field.name) + "`, which every " +
                                                                    std::string(type.name) + " has"));
  }
  if (here.mistakes() == before) check_object(type, read, here);
  return read;
}

json::object normal_form(const Type& type, const json::object& read) {
  json::object normal;
  for (const auto& [name, value] : read) {
    const Field& field = *type.find(name);
    if (field.shape == Shape::one) {
      normal[name] = normal_value(field, value);
    } else if (field.shape == Shape::list) {
      json::array elements;
      for (const auto& element : value.as_array()) elements.push_back(normal_value(field, element));
      normal[name] = std::move(elements);
    } else {
      json::object entries;
      for (const auto& [key, entry] : value.as_object()) entries[key] = normal_value(field, entry);
      normal[name] = std::move(entries);
    }
  }
  if (type.name == "Toleration") {
    // Nothing is a member that is not given, and Equal is what an operator that is not given means.
    for (const char* name : {"key", "operator", "value", "effect"}) {
      const auto* value = normal.if_contains(name);
      if (value && value->as_string().empty()) normal.erase(name);
    }
    if (const auto* operator_ = normal.if_contains("operator"); operator_ && operator_->as_string() == "Equal") {
      normal.erase("operator");
    }
  }
  return normal;
}

}  // namespace stepop::request::openapi
