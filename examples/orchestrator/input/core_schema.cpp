#include "input/core_schema.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace stepop::orchestrator {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view without_sign(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return text;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_float(std::string_view text) {
  text = without_sign(text);
  std::size_t whole = 0;
  while (whole < text.size() && is_digit(text[whole])) ++whole;
  std::size_t at = whole;
  std::size_t fraction = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    while (at < text.size() && is_digit(text[at])) ++at, ++fraction;
  }
  if (whole == 0 && fraction == 0) return false;
  if (at == text.size()) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  return all_digits(without_sign(text.substr(at + 1)));
}

bool has_leading_zero(std::string_view text) {
  text = without_sign(text);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

PlainScalar integer(std::string_view digits, int base, bool negative) {
  if (negative) {
    std::int64_t value = 0;
    const std::string signed_digits = "-" + std::string(digits);
    const auto [end, error] =
        std::from_chars(signed_digits.data(), signed_digits.data() + signed_digits.size(), value, base);
    if (error == std::errc{} && end == signed_digits.data() + signed_digits.size()) {
      return {value, ""};
    }
  } else {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (error == std::errc{} && end == digits.data() + digits.size()) {
      if (value <= static_cast<std::uint64_t>(INT64_MAX)) return {static_cast<std::int64_t>(value), ""};
      return {value, ""};
    }
  }
  return {nullptr, "this integer does not fit 64 bits"};
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

PlainScalar read_plain_scalar(std::string_view text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {nullptr, ""};
  if (is_one_of(text, {"true", "True", "TRUE"})) return {true, ""};
  if (is_one_of(text, {"false", "False", "FALSE"})) return {false, ""};
  if (is_one_of(without_sign(text), {".inf", ".Inf", ".INF"}) || is_one_of(text, {".nan", ".NaN", ".NAN"})) {
    return {nullptr, "this number is not finite"};
  }
  if (has_leading_zero(text)) return {boost::json::string(text), ""};
  if (all_digits(without_sign(text))) return integer(without_sign(text), 10, text.front() == '-');
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
    const bool hexadecimal = text[1] == 'x';
    const std::string_view digits = text.substr(2);
    const bool valid = std::all_of(digits.begin(), digits.end(), [&](char c) {
      if (!hexadecimal) return c >= '0' && c <= '7';
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    });
    if (valid) return integer(digits, hexadecimal ? 16 : 8, false);
  }
  if (is_float(text)) {
    double value = 0;
    std::string_view digits = text;
    if (digits.front() == '+') digits.remove_prefix(1);  // from_chars takes no plus sign
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(value)) {
      return {nullptr, "this number does not fit a double"};
    }
    return {value, ""};
  }
  return {boost::json::string(text), ""};
}

}  // namespace stepop::orchestrator
