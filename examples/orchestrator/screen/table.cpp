#include "screen/table.hpp"

#include <algorithm>
#include <sstream>

#include "input/utf8.hpp"

namespace stepop::orchestrator {
namespace {

constexpr std::size_t kGap = 2;
// A middle column gives way before it pushes the last one off the screen.
constexpr std::size_t kWidestMiddleColumn = 40;

}  // namespace

std::vector<std::string> table(const std::vector<std::vector<Cell>>& rows, std::size_t columns) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    if (widths.size() < row.size()) widths.resize(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  if (columns != 0) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) widths[i] = std::min(widths[i], kWidestMiddleColumn);
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    std::size_t used = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      std::size_t room = last && columns == 0 ? static_cast<std::size_t>(-1) : widths[i];
      if (columns != 0) room = used < columns ? std::min(room, columns - used) : 0;
      const std::string text = shortened(row[i].text, room);
      line += row[i].look ? row[i].look(text) : text;
      if (last) break;
      const std::size_t padding = widths[i] - std::min(widths[i], display_width(text)) + kGap;
      line.append(padding, ' ');
      used += display_width(text) + padding;
    }
    const std::size_t end = line.find_last_not_of(' ');
    lines.push_back(end == std::string::npos ? "" : line.substr(0, end + 1));
  }
  return lines;
}

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const bool fits = !lines.empty() && display_width(lines.back()) + 1 + display_width(word) <= columns;
    if (fits)
      lines.back() += ' ' + word;
    else
      lines.push_back(word);
  }
  return lines;
}

}  // namespace stepop::orchestrator
