#include "table.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>

namespace stepop::conformance {
namespace {

constexpr std::size_t width = 100;

std::string_view word(Outcome outcome) {
  switch (outcome) {
    case Outcome::held:
      return "held";
    case Outcome::broken:
      return "BROKEN";
    case Outcome::unsupported:
      return "-";
    case Outcome::crashed:
      return "CRASHED";
    case Outcome::hung:
      return "HUNG";
    case Outcome::answered:
      break;
  }
  return "?";
}

// Text in lines of at most `width` characters, each after `margin`.
void print_folded(std::ostream& out, std::string_view margin, std::string_view text) {
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > width) {
      end = text.rfind(' ', width);
      if (end == text.npos || end == 0) end = width;
    }
    out << margin << text.substr(0, end) << '\n';
    text.remove_prefix(std::min(text.size(), end));
    if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
}

std::ptrdiff_t count(const std::vector<Row>& rows, Outcome outcome) {
  return std::count_if(rows.begin(), rows.end(), [outcome](const Row& row) { return row.outcome == outcome; });
}

}  // namespace

void print_row(std::ostream& out, const Row& row) {
  out << std::left << std::setw(9) << word(row.outcome) << std::setw(34) << row.check.name << std::right << std::setw(7)
      << row.took.count() << " ms\n";
  print_folded(out, "           stepop.h: ", row.check.says);
  if (row.outcome == Outcome::unsupported)
    print_folded(out, "           not there: ", row.seen);
  else if (row.outcome != Outcome::held)
    print_folded(out, "           SEEN: ", row.seen);
  out << std::flush;
}

std::string summary(const std::vector<Row>& rows) {
  const auto held = count(rows, Outcome::held), absent = count(rows, Outcome::unsupported);
  std::string text = std::to_string(held) + " held, " +
                     std::to_string(static_cast<std::ptrdiff_t>(rows.size()) - held - absent) + " did not";
  if (absent > 0) text += ", " + std::to_string(absent) + " are of what the plugin does not have";
  return text;
}

json::array to_json(const std::vector<Row>& rows) {
  json::array all;
  for (const Row& row : rows)
    all.push_back(json::object{{"check", row.check.name},
                               {"outcome", row.outcome == Outcome::held          ? "held"
                                           : row.outcome == Outcome::unsupported ? "unsupported"
                                           : row.outcome == Outcome::crashed     ? "crashed"
                                           : row.outcome == Outcome::hung        ? "hung"
                                                                                 : "broken"},
                               {"says", row.check.says},
                               {"seen", row.seen},
                               {"milliseconds", row.took.count()}});
  return all;
}

}  // namespace stepop::conformance
