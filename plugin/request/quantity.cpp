#include "request/quantity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace stepop::request {
namespace {

// Wide enough for 19 digits times 2^60, and for what is left of a division times 10^9.
__extension__ typedef unsigned __int128 Wide;

constexpr std::size_t most_digits = 19;
constexpr std::uint64_t most_whole = std::numeric_limits<std::int64_t>::max();
constexpr Wide billion = 1'000'000'000;

struct Suffix {
  std::string_view text;
  int power_of_ten;
  int power_of_two;
};
constexpr std::array suffixes{
    Suffix{"", 0, 0},    Suffix{"n", -9, 0},  Suffix{"u", -6, 0},  Suffix{"m", -3, 0},
    Suffix{"k", 3, 0},   Suffix{"M", 6, 0},   Suffix{"G", 9, 0},   Suffix{"T", 12, 0},
    Suffix{"P", 15, 0},  Suffix{"E", 18, 0},  Suffix{"Ki", 0, 10}, Suffix{"Mi", 0, 20},
    Suffix{"Gi", 0, 30}, Suffix{"Ti", 0, 40}, Suffix{"Pi", 0, 50}, Suffix{"Ei", 0, 60},
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The suffix's power of ten and of two; an exponent (`e3`, `E-2`) is one too.
std::optional<Suffix> read_suffix(std::string_view text) {
  for (const Suffix& suffix : suffixes) {
    if (suffix.text == text) return suffix;
  }
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(1);
  if (text[0] == '+') text.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return Suffix{"", exponent, 0};
}

Wide power(unsigned base, int exponent) {
  Wide result = 1;
  for (int i = 0; i < exponent; ++i) result *= base;
  return result;
}

}  // namespace

std::optional<Quantity> parse_quantity(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }

  std::string digits;
  int fraction = 0;  // how many of them stand after the point
  bool any = false, point = false;
  for (; !rest.empty() && (is_digit(rest[0]) || (rest[0] == '.' && !point)); rest.remove_prefix(1)) {
    if (rest[0] == '.') {
      point = true;
      continue;
    }
    any = true;
    if (point) ++fraction;
    if (!digits.empty() || rest[0] != '0') digits += rest[0];
  }
  const auto suffix = read_suffix(rest);
  if (!any || !suffix) return std::nullopt;

  Quantity quantity;
  quantity.text = text;
  if (digits.empty()) return quantity;
  if (negative) return std::nullopt;

  // digits * 10^ten * 2^two
  int ten = suffix->power_of_ten;
  if (std::abs(ten) > 1000 || fraction > 1000) return std::nullopt;
  ten -= fraction;
  for (; digits.back() == '0'; digits.pop_back()) ++ten;
  if (digits.size() > most_digits) return std::nullopt;
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const Wide amount = Wide{number} * power(2, suffix->power_of_two);

  Wide whole = 0, billionths = 0;
  if (ten >= 0) {
    if (ten > static_cast<int>(most_digits)) return std::nullopt;
    const Wide factor = power(10, ten);
    if (amount > most_whole / factor) return std::nullopt;
    whole = amount * factor;
  } else if (-ten <= static_cast<int>(most_digits)) {
    const Wide divisor = power(10, -ten);
    whole = amount / divisor;
    billionths = (amount % divisor * billion + divisor - 1) / divisor;
  } else {
    // Less than 2^60 * 10^19 / 10^20 is possible, but nobody writes it: 20 decimal places of Ei.
    if (suffix->power_of_two != 0) return std::nullopt;
    billionths = 1;
  }
  if (billionths == billion) {
    ++whole;
    billionths = 0;
  }
  if (whole > most_whole) return std::nullopt;
  quantity.whole = static_cast<std::uint64_t>(whole);
  quantity.billionths = static_cast<std::uint32_t>(billionths);
  return quantity;
}

std::string Quantity::canonical() const {
  std::string result = std::to_string(whole);
  if (billionths == 0) return result;
  std::string fraction = std::to_string(billionths);
  fraction.insert(0, 9 - fraction.size(), '0');
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return result + "." + fraction;
}

std::string probable_quantity(std::string_view text) {
  std::string guess;
  for (const char c : text) {
    if (c != ' ' && c != '_') guess += c;
  }
  // "4GB", "512MiB", "4gi", "2K"
  if (guess.size() > 1 && (guess.back() == 'B' || guess.back() == 'b')) guess.pop_back();
  const auto unit =
      std::find_if(guess.begin(), guess.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  const std::string_view number(guess.data(), static_cast<std::size_t>(unit - guess.begin()));
  const std::string_view written(guess.data() + number.size(), guess.size() - number.size());
  if (written == "e") return {};  // the beginning of an exponent
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  // The larger unit of two that differ in case alone (M, not m) is what a wrong spelling means.
  for (auto suffix = suffixes.rbegin(); suffix != suffixes.rend(); ++suffix) {
    const bool same = std::equal(written.begin(), written.end(), suffix->text.begin(), suffix->text.end(),
                                 [&](char a, char b) { return lower(a) == lower(b); });
    if (!same) continue;
    std::string candidate = std::string(number) + std::string(suffix->text);
    if (candidate != text && parse_quantity(candidate)) return candidate;
  }
  return {};
}

}  // namespace stepop::request
