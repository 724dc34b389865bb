#include "input/finding.hpp"

namespace stepop::orchestrator {

std::string to_text(const Finding& f) {
  std::string text;
  if (!f.file.empty()) {
    text += f.file;
    if (f.place.line > 0) {
      text += ":" + std::to_string(f.place.line) + ":" + std::to_string(f.place.column);
    }
    text += ": ";
  }
  if (!f.path.empty()) text += f.path + ": ";
  text += f.message;
  // What plugins say are often whole sentences.
  if (!f.hint.empty()) text += (text.ends_with('.') ? " " : "; ") + f.hint;
  return text;
}

namespace {

std::string all_lines(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    if (!text.empty()) text += '\n';
    text += to_text(f);
  }
  return text;
}

}  // namespace

BadInput::BadInput(std::vector<Finding> findings)
    : std::runtime_error(all_lines(findings)), findings_(std::move(findings)) {}

BadInput::BadInput(std::string message) : BadInput(std::vector<Finding>{Finding{{}, {}, {}, std::move(message), {}}}) {}

}  // namespace stepop::orchestrator
