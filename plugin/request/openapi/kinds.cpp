#include "request/openapi/kinds.hpp"

#include <algorithm>

#include "request/openapi/read.hpp"
#include "request/openapi/schema.hpp"

namespace stepop::request::openapi {
namespace {

void merge(json::object& into, json::object from) {
  for (auto& [key, value] : from) {
    auto* known = into.if_contains(key);
    if (known && known->is_object() && value.is_object()) {
      merge(known->get_object(), std::move(value.get_object()));
    } else {
      into[key] = std::move(value);
    }
  }
}

}  // namespace

Kind<json::object> object_of(std::string_view name) {
  const Type& type = type_named(name);
  Kind<json::object> kind;
  kind.expected = "an object: " + std::string(type.name);
  kind.schema = reference_to(type);
  kind.read = [&type, expected = kind.expected](const json::value& value, json::object& into, const Reader& place) {
    if (!value.is_object()) return report_wrong_type(place, value, expected);
    merge(into, read_object(type, value.get_object(), place));
  };
  kind.write = [&type](const json::object& from) { return json::value(normal_form(type, from)); };
  return kind;
}

Kind<json::array> list_of(std::string_view name) {
  const Type& type = type_named(name);
  Kind<json::array> kind;
  kind.expected = "a list of objects: " + std::string(type.name);
  kind.schema = {{"type", "array"}, {"items", reference_to(type)}};
  kind.read = [&type, expected = kind.expected](const json::value& value, json::array& into, const Reader& place) {
    if (!value.is_array()) return report_wrong_type(place, value, expected);
    json::array elements;
    for (const auto& element : value.get_array()) {
      const Reader here = place.element(elements.size());
      if (element.is_object()) {
        elements.push_back(read_object(type, element.get_object(), here));
      } else {
        report_wrong_type(here, element, "an object: " + std::string(type.name));
        elements.push_back(nullptr);
      }
    }
    into = std::move(elements);
  };
  kind.write = [&type](const json::array& from) {
    json::array elements;
    for (const auto& element : from) elements.push_back(normal_form(type, element.as_object()));
    return json::value(std::move(elements));
  };
  return kind;
}

Kind<json::object> part_of(std::string_view name, std::vector<Refused> refused) {
  const Type& type = type_named(name);
  Kind<json::object> kind = object_of(name);
  kind.expected = "an object with fields of " + std::string(type.name);
  std::vector<std::string_view> without;
  for (const auto& field : refused) without.push_back(type.find(field.field)->name);
  kind.schema = schema_of(type, Completeness::part, without);
  kind.read = [&type, refused = std::move(refused), expected = kind.expected](const json::value& value,
                                                                              json::object& into, const Reader& place) {
    if (!value.is_object()) return report_wrong_type(place, value, expected);
    json::object allowed = value.get_object();
    for (const auto& [field, say] : refused) {
      for (const auto name : {type.find(field)->name, type.find(field)->python_name}) {
        const auto* given = allowed.if_contains(name);
        if (given && !given->is_null()) {
          place.member(name).report(finding::reserved_key, found_expected(found(*given), say));
        }
        allowed.erase(name);
      }
    }
    merge(into, read_object(type, allowed, place, Completeness::part));
  };
  return kind;
}

}  // namespace stepop::request::openapi
