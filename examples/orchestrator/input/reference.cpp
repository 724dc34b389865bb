#include "input/reference.hpp"

#include <algorithm>
#include <cstdlib>

namespace stepop::orchestrator {
namespace {

constexpr std::string_view kEnvironment = "env:";

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    if (const char* value = std::getenv(name.c_str())) return std::string(value);
    return std::nullopt;
  };
}

ReferencePieces reference_pieces(std::string_view text, const std::vector<std::string_view>& kinds) {
  ReferencePieces result;
  const auto counts = [&](std::string_view body) {
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](std::string_view kind) { return body.substr(0, kind.size()) == kind; });
  };
  ReferencePiece literal;
  std::size_t literal_begin = 0;
  const auto flush = [&](std::size_t end) {
    literal.source = text.substr(literal_begin, end - literal_begin);
    if (!literal.source.empty()) result.pieces.push_back(std::move(literal));
    literal = {};
  };
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (rest.substr(0, 3) == "$${") {
      literal.text += "${";
      at += 3;
    } else if (rest.substr(0, 2) == "${" && counts(rest.substr(2))) {
      const std::size_t end = rest.find('}');
      if (end == rest.npos) {
        result.error = "\"" + std::string(rest) + "\" has no closing }";
        return result;
      }
      flush(at);
      result.pieces.push_back({true, std::string(rest.substr(2, end - 2)), rest.substr(0, end + 1)});
      at += end + 1;
      literal_begin = at;
    } else {
      literal.text += text[at++];
    }
  }
  flush(at);
  return result;
}

ReferenceValue environment_value(std::string_view reference, const Environment& environment) {
  std::string_view name = reference.substr(kEnvironment.size());
  std::optional<std::string> fallback;
  if (const std::size_t at = name.find(":-"); at != name.npos) {
    fallback = std::string(name.substr(at + 2));
    name = name.substr(0, at);
  }
  if (!is_variable_name(name))
    return {"", "found ${" + std::string(reference) + "}, expected ${env:NAME} or ${env:NAME:-default}"};
  if (auto value = environment(std::string(name))) return {std::move(*value), ""};
  if (fallback) return {std::move(*fallback), ""};
  return {"", "the environment variable " + std::string(name) +
                  " is not set; set it, or give a default: ${env:" + std::string(name) + ":-...}"};
}

}  // namespace stepop::orchestrator
