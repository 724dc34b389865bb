#include "connectors/aws/profiles.hpp"

#include <algorithm>

namespace stepop::connectors::aws {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// "" for a section that holds no profile.
std::string profile_of(std::string_view section, bool config) {
  section = trimmed(section);
  if (!config || section == "default") return std::string(section);
  constexpr std::string_view word = "profile";
  if (!section.starts_with(word) || section.size() == word.size()) return "";
  std::string_view name = section.substr(word.size());
  if (name.front() != ' ' && name.front() != '\t') return "";
  name = trimmed(name);
  if (name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front())
    name = name.substr(1, name.size() - 2);
  return std::string(name);
}

// A comment begins with # or ; at the beginning of a line, or after a blank.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && (value[i - 1] == ' ' || value[i - 1] == '\t'))
      return value.substr(0, i);
  }
  return value;
}

}  // namespace

Profiles read_profiles(std::string_view text, bool config) {
  Profiles profiles;
  std::string current;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view content = trimmed(line);
    if (content.empty() || content.front() == '#' || content.front() == ';') continue;
    if (content.front() == '[') {
      current = profile_of(content.substr(1, std::min(content.find(']'), content.size()) - 1), config);
      if (!current.empty()) profiles[current];
      continue;
    }
    const auto equals = content.find('=');
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (current.empty() || equals == std::string_view::npos || indented) continue;
    std::string key(trimmed(content.substr(0, equals)));
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
    profiles[current][key] = std::string(trimmed(without_comment(content.substr(equals + 1))));
  }
  return profiles;
}

Profiles merged(Profiles config, const Profiles& credentials) {
  for (const auto& [name, profile] : credentials) {
    for (const auto& [key, value] : profile) config[name][key] = value;
  }
  return config;
}

}  // namespace stepop::connectors::aws
