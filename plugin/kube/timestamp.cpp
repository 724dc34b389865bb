#include "kube/timestamp.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace stepop::kube {

namespace {

using namespace std::chrono;

/// Reads a text from its front; every method says whether it fitted.
struct Reader {
  std::string_view rest;

  bool literal(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool word(std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  }
  bool digits(int count, int& out) {
    if (rest.size() < static_cast<std::size_t>(count)) return false;
    out = 0;
    for (int i = 0; i < count; ++i) {
      const char c = rest[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      out = out * 10 + (c - '0');
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
    return true;
  }
};

std::optional<Timestamp> assemble(int y, int mon, int d, int h, int min, int s, int micro) {
  const year_month_day date{year{y}, month{static_cast<unsigned>(mon)}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || min > 59 || s > 60) return std::nullopt;
  return Timestamp{sys_days{date}} + hours{h} + minutes{min} + seconds{s} + microseconds{micro};
}

constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::optional<Timestamp> parse_rfc3339(std::string_view text) noexcept {
  Reader in{text};
  int y, mon, d, h, min, s, micro = 0;
  if (!in.digits(4, y) || !in.literal('-') || !in.digits(2, mon) || !in.literal('-') || !in.digits(2, d)) {
    return std::nullopt;
  }
  if (!in.literal('T') && !in.literal('t') && !in.literal(' ')) return std::nullopt;
  if (!in.digits(2, h) || !in.literal(':') || !in.digits(2, min) || !in.literal(':') || !in.digits(2, s)) {
    return std::nullopt;
  }
  if (in.literal('.')) {
    int digit = 0;
    int count = 0;
    for (; in.digits(1, digit); ++count) {
      if (count < 6) micro = micro * 10 + digit;
    }
    if (count == 0) return std::nullopt;
    for (; count < 6; ++count) micro *= 10;
  }
  auto time = assemble(y, mon, d, h, min, s, micro);
  if (!time) return std::nullopt;
  if (!in.literal('Z') && !in.literal('z')) {
    const bool east = in.literal('+');
    if (!east && !in.literal('-')) return std::nullopt;
    int oh, om;
    if (!in.digits(2, oh) || !in.literal(':') || !in.digits(2, om) || oh > 23 || om > 59) {
      return std::nullopt;
    }
    const minutes offset = hours{oh} + minutes{om};
    *time += east ? -offset : offset;
  }
  if (!in.rest.empty()) return std::nullopt;
  return time;
}

std::string format_rfc3339(Timestamp time) {
  const auto day_start = floor<days>(time);
  const year_month_day date{day_start};
  const hh_mm_ss clock{time - day_start};
  const auto micro = clock.subseconds().count();
  char text[64];
  int size = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                           static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                           static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                           static_cast<int>(clock.seconds().count()));
  std::string out(text, static_cast<std::size_t>(size));
  if (micro != 0) {
    size = std::snprintf(text, sizeof text, ".%06d", static_cast<int>(micro));
    out.append(text, static_cast<std::size_t>(size));
  }
  return out + 'Z';
}

std::chrono::system_clock::time_point to_wall_clock(Timestamp time) noexcept {
  constexpr Timestamp first = sys_days{1970y / January / 1};
  constexpr Timestamp last = sys_days{2199y / December / 31};
  return time_point_cast<system_clock::duration>(std::clamp(time, first, last));
}

std::optional<Timestamp> parse_http_date(std::string_view text) noexcept {
  const auto comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  Reader in{text.substr(5)};
  int y, d, h, min, s;
  if (!in.digits(2, d) || !in.literal(' ')) return std::nullopt;
  int mon = 0;
  for (std::size_t i = 0; i < month_names.size() && mon == 0; ++i) {
    if (in.word(month_names[i])) mon = static_cast<int>(i) + 1;
  }
  if (mon == 0 || !in.literal(' ') || !in.digits(4, y) || !in.literal(' ') || !in.digits(2, h) || !in.literal(':') ||
      !in.digits(2, min) || !in.literal(':') || !in.digits(2, s) || !in.word(" GMT") || !in.rest.empty()) {
    return std::nullopt;
  }
  return assemble(y, mon, d, h, min, s, 0);
}

}  // namespace stepop::kube
