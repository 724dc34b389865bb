#include "input/lookalike.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace stepop::orchestrator {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_of(std::string_view text, std::string_view more) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_digit(c) || more.find(c) != more.npos; });
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return small;
}

bool is_one_of(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

std::string lookalike_hint(const YamlValue& value) {
  if (value.kind != YamlValue::Kind::scalar || !value.plain || !value.scalar.is_string()) return "";
  const std::string& text = value.written;
  const std::string small = in_small_letters(text);
  const std::string is_text = text + " is a string in YAML 1.2";
  if (is_one_of(small, {"yes", "y", "on"})) return is_text + "; write true, or quote it";
  if (is_one_of(small, {"no", "n", "off"})) return is_text + "; write false, or quote it";
  if (text.size() > 1 && text[0] == '0' && all_of(text, ""))
    return is_text + ", because it could be octal or decimal; write 0o" + text.substr(1) + " or " +
           std::string(std::string_view(text).substr(std::min(text.find_first_not_of('0'), text.size() - 1)));
  if (is_digit(text[0]) && text.find('_') != text.npos && all_of(text, "_.")) {
    std::string digits = text;
    std::erase(digits, '_');
    return is_text + "; write " + digits;
  }
  if (is_digit(text[0]) && text.find(':') != text.npos && all_of(text, ":."))
    return is_text + ", not a number of seconds; write the number";
  if (text.size() >= 8 && is_digit(text[0]) && std::count(text.begin(), text.end(), '-') == 2 &&
      all_of(text.substr(0, 8), "-"))
    return is_text + ", not a date";
  return "";
}

}  // namespace stepop::orchestrator
