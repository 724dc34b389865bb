#include <stepop/host.hpp>

namespace stepop::host {

std::string Finding::text() const {
  std::string text = path.empty() ? message : path + ": " + message;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

Error::Error(stepop_code code, std::string message, std::vector<Finding> findings)
    : std::runtime_error(std::move(message)), code_(code), findings_(std::move(findings)) {}

std::string Error::text() const {
  std::string text = std::string(code_name()) + ": " + what();
  for (const Finding& finding : findings_) text += "\n  " + finding.text();
  return text;
}

std::string Problem::text() const {
  std::string text = file.string() + ": " + why;
  if (!hint.empty()) text += "; " + hint;
  return text;
}

LoadError::LoadError(Problem problem) : std::runtime_error(problem.text()), problem_(std::move(problem)) {}

}  // namespace stepop::host
