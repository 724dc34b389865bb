#include "request/kind.hpp"

#include <cmath>

namespace stepop::request {
namespace {

// The integers that a double holds exactly.
constexpr double most_exact = 9007199254740992.0;

std::string shown(const json::value& value, Content content) {
  return content == Content::shown ? found(value) : found_kind(value);
}

// YAML reads `yes` and `1.10` as something else than text.
std::string quote_hint(const json::value& value) {
  return value.is_bool() || value.is_number() ? "put it in quotes" : "";
}

}  // namespace

void report_wrong_type(const Reader& place, const json::value& value, const std::string& expected, Content content) {
  place.report(finding::wrong_type, found_expected(shown(value, content), expected));
}

bool follows(const Rule& rule, std::string_view text, const Reader& place, Content content) {
  if (rule.holds(text)) return true;
  const std::string what =
      content == Content::shown ? found(text) : "a text of " + std::to_string(text.size()) + " bytes";
  std::string message = found_expected(what, std::string(rule.expected));
  if (rule.most != 0 && text.size() > rule.most) {
    message += " (it has " + std::to_string(text.size()) + " characters)";
  }
  place.report(finding::invalid_value, std::move(message));
  return false;
}

Kind<std::string> text(std::size_t most, Content content) {
  Kind<std::string> kind;
  kind.expected = "a text of at most " + std::to_string(most) + " bytes";
  kind.schema = {{"type", "string"}, {"maxLength", most}, {"pattern", "^[^\\u0000]*$"}};
  kind.read = [most, content, expected = kind.expected](const json::value& value, std::string& into,
                                                        const Reader& place) {
    if (!value.is_string()) {
      return place.report(finding::wrong_type, found_expected(shown(value, content), expected), quote_hint(value));
    }
    const std::string_view text = value.get_string();
    if (text.size() > most) {
      return place.report(finding::too_long,
                          found_expected("a text of " + std::to_string(text.size()) + " bytes", expected));
    }
    if (text.find('\0') != std::string_view::npos) {
      return place.report(finding::invalid_value, "found a NUL character, expected text without one");
    }
    into = text;
  };
  kind.write = [](const std::string& from) { return json::value(from); };
  return kind;
}

Kind<std::string> text(const Rule& rule) {
  Kind<std::string> kind;
  kind.expected = rule.expected;
  kind.schema["type"] = "string";
  if (!rule.pattern.empty()) kind.schema["pattern"] = rule.pattern;
  if (rule.least != 0) kind.schema["minLength"] = rule.least;
  if (rule.most != 0) kind.schema["maxLength"] = rule.most;
  kind.read = [&rule](const json::value& value, std::string& into, const Reader& place) {
    if (!value.is_string()) {
      return place.report(finding::wrong_type, found_expected(found(value), std::string(rule.expected)),
                          quote_hint(value));
    }
    const std::string_view text = value.get_string();
    if (follows(rule, text, place)) into = text;
  };
  kind.write = [](const std::string& from) { return json::value(from); };
  return kind;
}

std::optional<std::int64_t> whole_number(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_double()) {
    if (std::trunc(*number) == *number && std::abs(*number) <= most_exact) {
      return static_cast<std::int64_t>(*number);
    }
  }
  return std::nullopt;
}

Kind<std::chrono::seconds> seconds(std::int64_t least) {
  Kind<std::chrono::seconds> kind;
  kind.expected = "a whole number of seconds from " + std::to_string(least) + " to " + std::to_string(most_seconds) +
                  " (ten years)";
  kind.schema = {{"type", "integer"}, {"minimum", least}, {"maximum", most_seconds}};
  kind.read = [least, expected = kind.expected](const json::value& value, std::chrono::seconds& into,
                                                const Reader& place) {
    if (!value.is_number()) return report_wrong_type(place, value, expected);
    const auto number = whole_number(value);
    if (!number || *number < least || *number > most_seconds) {
      return place.report(finding::out_of_range, found_expected(found(value), expected));
    }
    into = std::chrono::seconds(*number);
  };
  kind.write = [](const std::chrono::seconds& from) { return json::value(static_cast<std::int64_t>(from.count())); };
  return kind;
}

Kind<std::uint32_t> count(std::uint32_t most, std::uint32_t least) {
  Kind<std::uint32_t> kind;
  kind.expected = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  kind.schema = {{"type", "integer"}, {"minimum", std::int64_t{least}}, {"maximum", std::int64_t{most}}};
  kind.read = [most, least, expected = kind.expected](const json::value& value, std::uint32_t& into,
                                                      const Reader& place) {
    if (!value.is_number()) return report_wrong_type(place, value, expected);
    const auto number = whole_number(value);
    if (!number || *number < least || *number > most) {
      return place.report(finding::out_of_range, found_expected(found(value), expected));
    }
    into = static_cast<std::uint32_t>(*number);
  };
  kind.write = [](const std::uint32_t& from) { return json::value(std::int64_t{from}); };
  return kind;
}

Kind<bool> boolean() {
  Kind<bool> kind;
  kind.expected = "true or false";
  kind.schema["type"] = "boolean";
  kind.read = [expected = kind.expected](const json::value& value, bool& into, const Reader& place) {
    if (!value.is_bool()) return report_wrong_type(place, value, expected);
    into = value.get_bool();
  };
  kind.write = [](const bool& from) { return json::value(from); };
  return kind;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

json::object schema_of_choices(const std::vector<std::string>& names) {
  json::array choices;
  for (const auto& name : names) choices.emplace_back(name);
  return {{"enum", std::move(choices)}};
}

bool choose(const json::value& value, const std::vector<std::string>& names, const Reader& place, std::size_t& chosen) {
  const std::string expected = "one of " + listed(names);
  if (!value.is_string()) {
    report_wrong_type(place, value, expected);
    return false;
  }
  const std::string_view text = value.get_string();
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) {
      chosen = i;
      return true;
    }
  }
  place.report(finding::invalid_value, found_expected(found(text), expected), did_you_mean(text, names));
  return false;
}

}  // namespace stepop::request
