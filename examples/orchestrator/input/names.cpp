#include "input/names.hpp"

namespace stepop::orchestrator {

std::string listed(const std::vector<std::string>& names) {
  if (names.empty()) return "(none)";
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace stepop::orchestrator
