#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::orchestrator {

struct Cell {
  std::string text;                                        // one line, printable
  std::function<std::string(std::string_view)> look = {};  // colours, which take no width
};

// Columns as wide as their widest cell, two blanks between them. The last column takes what is left
// of `columns`, and no line is longer than that; 0 is no limit.
std::vector<std::string> table(const std::vector<std::vector<Cell>>& rows, std::size_t columns);

// Lines of whole words, none longer than `columns` but where one word is.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns);

}  // namespace stepop::orchestrator
