#include "connectors/surroundings.hpp"

namespace stepop::connectors {

std::optional<std::string> Surroundings::variable(const std::string& name) const {
  const auto found = variables.find(name);
  if (found == variables.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string Surroundings::home_path(std::string_view path) const {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  return variable("HOME").value_or("") + std::string(path.substr(1));
}

std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

}  // namespace stepop::connectors
