#include "rfc3339.hpp"

namespace stepop::plugin {
namespace {

// Reads fixed pieces from the front of a text; `ok` says whether all were there.
struct Reader {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count) {
    int value = 0;
    if (rest.size() < count) return ok = false, 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return ok = false, 0;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  char one_of(std::string_view characters) {
    if (rest.empty() || characters.find(rest[0]) == characters.npos) return ok = false, '\0';
    const char c = rest[0];
    rest.remove_prefix(1);
    return c;
  }
};

}  // namespace

std::optional<std::chrono::sys_time<std::chrono::microseconds>> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Reader in{text};
  const int y = in.digits(4);
  in.one_of("-");
  const int mo = in.digits(2);
  in.one_of("-");
  const int d = in.digits(2);
  in.one_of("Tt");
  const int h = in.digits(2);
  in.one_of(":");
  const int mi = in.digits(2);
  in.one_of(":");
  const int s = in.digits(2);
  microseconds fraction{0};
  if (in.ok && in.rest.starts_with('.')) {
    in.rest.remove_prefix(1);
    std::size_t count = 0;
    std::int64_t unit = 100'000;
    for (; count < in.rest.size() && in.rest[count] >= '0' && in.rest[count] <= '9'; ++count) {
      fraction += microseconds(unit * (in.rest[count] - '0'));
      unit /= 10;
    }
    in.rest.remove_prefix(count);
    in.ok = count != 0;
  }
  minutes offset{0};
  const char zone = in.one_of("Zz+-");
  if (zone == '+' || zone == '-') {
    const int oh = in.digits(2);
    in.one_of(":");
    const int om = in.digits(2);
    if (oh > 23 || om > 59) in.ok = false;
    offset = hours(oh) + minutes(om);
    if (zone == '-') offset = -offset;
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  // 60 is a leap second.
  if (!in.ok || !in.rest.empty() || !date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + fraction - offset;
}

}  // namespace stepop::plugin
