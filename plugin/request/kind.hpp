// The kinds of value that a declared member may have.
//
// A Kind says, once, how a value is read, what it looks like to a person and in a JSON Schema, and
// how it is written in normal form. Reading goes INTO a value that already holds the default (or
// the operator's value for a step's setting): a scalar or a list replaces it, a map adds its
// entries to it. Whatever does not read is reported, and what was there stays.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "request/reader.hpp"
#include "request/rule.hpp"

namespace stepop::request {

template <class T>
struct Kind {
  std::string expected;  // "found X, expected <this>"
  json::object schema;
  std::function<void(const json::value&, T& into, const Reader&)> read;
  std::function<json::value(const T&)> write;
};

// Whether an error may show the text that it is about.
enum class Content { shown, hidden };

// Any text of at most `most` bytes, without NUL.
Kind<std::string> text(std::size_t most, Content content = Content::shown);
Kind<std::string> text(const Rule& rule);

// `least` to ten years.
Kind<std::chrono::seconds> seconds(std::int64_t least);
inline constexpr std::int64_t most_seconds = 10LL * 365 * 24 * 60 * 60;

Kind<std::uint32_t> count(std::uint32_t most, std::uint32_t least = 0);
Kind<bool> boolean();

// Text for numbers, as YAML and hosts with only one number type write them: 600 and 600.0.
std::optional<std::int64_t> whole_number(const json::value& value);

// Checks a text against a rule; reports and returns false.
bool follows(const Rule& rule, std::string_view text, const Reader& place, Content content = Content::shown);

// What `report` and `read` of the kinds below need, apart from the templates.
void report_wrong_type(const Reader& place, const json::value& value, const std::string& expected,
                       Content content = Content::shown);
json::object schema_of_choices(const std::vector<std::string>& names);
bool choose(const json::value& value, const std::vector<std::string>& names, const Reader& place, std::size_t& chosen);
std::string listed(const std::vector<std::string>& names);

// One of an enumeration's names.
template <class E>
Kind<E> one_of(std::vector<std::pair<std::string, E>> choices) {
  std::vector<std::string> names;
  for (const auto& choice : choices) names.push_back(choice.first);
  Kind<E> kind;
  kind.expected = "one of " + listed(names);
  kind.schema = schema_of_choices(names);
  kind.read = [names, choices](const json::value& value, E& into, const Reader& place) {
    std::size_t chosen = 0;
    if (choose(value, names, place, chosen)) into = choices[chosen].second;
  };
  kind.write = [choices](const E& from) -> json::value {
    for (const auto& [name, value] : choices) {
      if (value == from) return json::value(name);
    }
    return nullptr;
  };
  return kind;
}

// Absent, or as `kind`.
template <class T>
Kind<std::optional<T>> optional(Kind<T> kind) {
  Kind<std::optional<T>> result;
  result.expected = kind.expected;
  result.schema = kind.schema;
  result.read = [read = kind.read](const json::value& value, std::optional<T>& into, const Reader& place) {
    const std::size_t before = place.mistakes();
    T read_value{};
    read(value, read_value, place);
    if (place.mistakes() == before) into = std::move(read_value);
  };
  result.write = [write = kind.write](const std::optional<T>& from) {
    return from ? write(*from) : json::value(nullptr);
  };
  return result;
}

template <class T>
Kind<std::vector<T>> list_of(Kind<T> kind) {
  Kind<std::vector<T>> result;
  result.expected = "a list, each element " + kind.expected;
  result.schema = {{"type", "array"}, {"items", kind.schema}};
  result.read = [read = kind.read, expected = result.expected](const json::value& value, std::vector<T>& into,
                                                               const Reader& place) {
    if (!value.is_array()) return report_wrong_type(place, value, expected);
    std::vector<T> elements;
    for (const auto& element : value.get_array()) {
      T read_element{};
      read(element, read_element, place.element(elements.size()));
      elements.push_back(std::move(read_element));
    }
    into = std::move(elements);
  };
  result.write = [write = kind.write](const std::vector<T>& from) {
    json::array elements;
    for (const auto& element : from) elements.push_back(write(element));
    return json::value(std::move(elements));
  };
  return result;
}

// Refuses one key of a map: reports it and returns false.
using KeyCheck = std::function<bool(std::string_view key, const Reader& place)>;

// An object whose keys are the user's: they follow `keys` and pass `check`.
template <class Map, class T>
Kind<Map> map_of(const Rule& keys, Kind<T> kind, std::string expected, KeyCheck check = {}) {
  Kind<Map> result;
  result.expected = std::move(expected);
  json::object names;
  if (!keys.pattern.empty()) names["pattern"] = keys.pattern;
  if (keys.most != 0) names["maxLength"] = keys.most;
  result.schema = {{"type", "object"}, {"propertyNames", std::move(names)}, {"additionalProperties", kind.schema}};
  result.read = [&keys, read = kind.read, expected = result.expected, check = std::move(check)](
                    const json::value& value, Map& into, const Reader& place) {
    if (!value.is_object()) return report_wrong_type(place, value, expected);
    for (const auto& [key, element] : value.get_object()) {
      const std::string_view name(key.data(), key.size());
      const Reader here = place.member(name);
      if (!follows(keys, name, here) || (check && !check(name, here))) continue;
      const std::size_t before = here.mistakes();
      T read_element{};
      read(element, read_element, here);
      if (here.mistakes() == before) into.insert_or_assign(std::string(name), std::move(read_element));
    }
  };
  result.write = [write = kind.write](const Map& from) {
    json::object entries;
    for (const auto& [key, element] : from) entries[key] = write(element);
    return json::value(std::move(entries));
  };
  return result;
}

}  // namespace stepop::request
