#include <stepop/plugin.hpp>

namespace stepop::plugin {
namespace {

std::string_view word(Finding::Level level) {
  switch (level) {
    case Finding::Level::ok:
      return "ok";
    case Finding::Level::warning:
      return "warning";
    case Finding::Level::error:
      break;
  }
  return "error";
}

std::string_view default_word(stepop_code code) {
  switch (code) {
    case STEPOP_E_INVALID:
      return "Invalid";
    case STEPOP_E_NOT_FOUND:
      return "NotFound";
    case STEPOP_E_CONFLICT:
      return "Conflict";
    case STEPOP_E_TIMEOUT:
      return "Timeout";
    case STEPOP_E_CLOSED:
      return "Closed";
    case STEPOP_E_FORKED:
      return "Forked";
    case STEPOP_E_UNSUPPORTED:
      return "Unsupported";
    case STEPOP_E_UNAVAILABLE:
      return "Unavailable";
    case STEPOP_E_FORBIDDEN:
      return "Forbidden";
    case STEPOP_E_NO_MEMORY:
      return "NoMemory";
    default:
      return "Internal";
  }
}

std::string first_of(const std::vector<Finding>& findings) {
  if (findings.empty()) return "the plugin gave no reason";
  const Finding& first = findings.front();
  std::string text = first.path.empty() ? first.message : first.path + ": " + first.message;
  if (!first.hint.empty()) text += " (" + first.hint + ")";
  if (const std::size_t others = findings.size() - 1; others != 0)
    text += "; and " + std::to_string(others) + (others == 1 ? " more mistake" : " more mistakes");
  return text;
}

}  // namespace

json::object to_json(const Finding& finding) {
  return {{"level", word(finding.level)}, {"code", finding.code}, {"path", finding.path},
          {"message", finding.message},   {"hint", finding.hint}, {"retryable", finding.retryable}};
}

json::array to_json(const std::vector<Finding>& findings) {
  json::array lines;
  for (const Finding& finding : findings) lines.push_back(to_json(finding));
  return lines;
}

Error::Error(stepop_code code, std::vector<Finding> findings)
    : std::runtime_error(first_of(findings)), code_(code), findings_(std::move(findings)) {}

Error::Error(stepop_code code, std::string message, std::string hint)
    : Error(code, std::vector<Finding>{{Finding::Level::error, std::string(default_word(code)), "", std::move(message),
                                        std::move(hint), code == STEPOP_E_UNAVAILABLE || code == STEPOP_E_TIMEOUT}}) {}

}  // namespace stepop::plugin
