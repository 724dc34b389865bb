#include "input/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "input/core_schema.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// A list of scalars that is longer than this gets a line an item.
constexpr std::size_t kLongestFlowList = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What YAML 1.1 (https://yaml.org/type/bool.html, https://yaml.org/type/null.html) takes for something else.
bool is_word_of_yaml_1_1(std::string_view text) {
  static constexpr std::array<std::string_view, 10> kWords{"y",   "n",    "yes",   "no",   "on",
                                                           "off", "true", "false", "null", "~"};
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kWords.begin(), kWords.end(), small) != kWords.end();
}

// "500m", "1.5Gi": no version of YAML has numbers with these endings.
bool is_quantity(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kEndings{"m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti"};
  std::size_t at = 0;
  while (at < text.size() && (is_digit(text[at]) || text[at] == '.')) ++at;
  return at > 0 && is_digit(text[0]) && std::find(kEndings.begin(), kEndings.end(), text.substr(at)) != kEndings.end();
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  if (is_quantity(text)) return true;
  const auto safe = [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("_./@+=-: ").find(c) != std::string_view::npos;
  };
  if (!std::all_of(text.begin(), text.end(), safe)) return false;
  if (!is_letter(text[0]) && text[0] != '_' && text[0] != '/') return false;
  if (text.back() == ' ' || text.back() == ':' || text.find(": ") != text.npos) return false;
  if (is_word_of_yaml_1_1(text)) return false;
  return read_plain_scalar(text).value == json::value(json::string(text));
}

// As short as it reads back, and still no integer.
std::string number_text(double value) {
  std::array<char, 40> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

bool is_collection(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) || (value.is_array() && !value.get_array().empty());
}

bool fits_one_line(const json::value& value) {
  if (!is_collection(value)) return true;
  if (value.is_object()) return false;
  const json::array& items = value.get_array();
  return std::none_of(items.begin(), items.end(), is_collection) && flow_text(value).size() <= kLongestFlowList;
}

void add_lines(const json::value&, std::size_t indent, std::size_t step, std::vector<std::string>&);

// The item's lines, the first with the dash in its indentation.
void add_item(const json::value& item, std::size_t indent, std::size_t step, std::vector<std::string>& lines) {
  if (fits_one_line(item)) {
    lines.push_back(std::string(indent, ' ') + "- " + flow_text(item));
    return;
  }
  const std::size_t first = lines.size();
  add_lines(item, indent + 2, step, lines);
  lines[first][indent] = '-';
}

// Of a collection that is not empty.
void add_lines(const json::value& value, std::size_t indent, std::size_t step, std::vector<std::string>& lines) {
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      for (std::string& line : member_lines(member.key(), member.value(), indent, step))
        lines.push_back(std::move(line));
    }
  } else {
    for (const json::value& item : value.get_array()) add_item(item, indent, step, lines);
  }
}

}  // namespace

std::string string_text(std::string_view text) {
  return is_plain(text) ? std::string(text) : json::serialize(json::string(text));
}

std::string flow_text(const json::value& value) {
  std::string text;
  const auto comma = [&text] {
    if (text.size() > 1) text += ", ";
  };
  switch (value.kind()) {
    case json::kind::object:
      text = "{";
      for (const auto& member : value.get_object()) {
        comma();
        text += string_text(member.key()) + ": " + flow_text(member.value());
      }
      return text + "}";
    case json::kind::array:
      text = "[";
      for (const json::value& item : value.get_array()) {
        comma();
        text += flow_text(item);
      }
      return text + "]";
    case json::kind::string:
      return string_text(value.get_string());
    case json::kind::double_:
      return number_text(value.get_double());
    default:
      return json::serialize(value);
  }
}

std::vector<std::string> member_lines(std::string_view key, const json::value& value, std::size_t indent,
                                      std::size_t step) {
  std::vector<std::string> lines{std::string(indent, ' ') + string_text(key) + ":"};
  if (fits_one_line(value))
    lines.front() += " " + flow_text(value);
  else
    add_lines(value, indent + step, step, lines);
  return lines;
}

std::string to_yaml(const json::value& value) {
  std::vector<std::string> lines;
  if (is_collection(value))
    add_lines(value, 0, 2, lines);
  else
    lines.push_back(flow_text(value));
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace stepop::orchestrator
