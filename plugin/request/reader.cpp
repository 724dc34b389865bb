#include "request/reader.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <stepop/nearest_name.hpp>
#include <utility>

namespace stepop::request {
namespace {

// As much of a user's text as an error shows.
constexpr std::size_t most_shown = 80;

// At most `most` bytes, not ending inside a UTF-8 character.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string quoted(std::string_view text) {
  std::string shown = json::serialize(json::string_view(cut(text, most_shown)));
  if (text.size() > most_shown) shown += "... (" + std::to_string(text.size()) + " bytes)";
  return shown;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= most_shown && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string nearest_of(std::string_view name, const std::vector<std::string>& candidates) {
  // A longer text is no mistyped name, and comparing it would take long.
  constexpr std::size_t longest_name = 100;
  return name.size() > longest_name ? std::string() : nearest_name(name, candidates);
}

}  // namespace

void Reader::report(std::string code, std::string message, std::string hint) const {
  findings_->push_back(
      {plugin::Finding::Level::error, std::move(code), path(), std::move(message), std::move(hint), false});
}

void Reader::warn(std::string code, std::string message, std::string hint) const {
  if (!warnings_) return;
  warnings_->push_back(
      {plugin::Finding::Level::warning, std::move(code), path(), std::move(message), std::move(hint), false});
}

std::string Reader::path() const {
  if (!parent_) return {};
  std::string path = parent_->path();
  if (index_ != no_index) return path + "[" + std::to_string(index_) + "]";
  if (!is_plain_name(name_)) return path + "[" + quoted(name_) + "]";
  if (!path.empty()) path += '.';
  return path.append(name_);
}

std::string found(std::string_view text) {
  return quoted(text);
}

std::string found(const json::value& value) {
  if (value.is_string()) return quoted(value.get_string());
  if (value.is_array() || value.is_object()) return found_kind(value);
  if (!value.is_double()) return json::serialize(value);
  std::array<char, 32> number;  // the shortest text of a double has at most 24 characters
  return {number.data(), std::to_chars(number.begin(), number.end(), value.get_double()).ptr};
}

std::string found_kind(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a text of " + std::to_string(value.get_string().size()) + " bytes";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "nothing";
}

std::string found_expected(const std::string& found, const std::string& expected) {
  return "found " + found + ", expected " + expected;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_of(name, candidates);
  return nearest.empty() ? std::string() : "did you mean `" + nearest + "`?";
}

void report_unknown_key(const Reader& place, std::string_view key, const std::vector<std::string>& known,
                        const std::vector<std::pair<std::string, std::string>>& misplaced) {
  std::vector<std::string> sorted = known;
  std::sort(sorted.begin(), sorted.end());
  std::string list;
  for (const auto& name : sorted) list += (list.empty() ? "" : ", ") + name;
  std::string hint = did_you_mean(key, known);
  for (const auto& [name, say] : misplaced) {
    if (name == key) hint = say;
  }
  if (hint.empty()) {
    std::vector<std::string> elsewhere;
    for (const auto& [name, say] : misplaced) elsewhere.push_back(name);
    const std::string nearest = nearest_of(key, elsewhere);
    for (const auto& [name, say] : misplaced) {
      if (name == nearest) hint = "did you mean `" + name + "`? " + say;
    }
  }
  // Who is told the one name that was meant need not read all of them.
  constexpr std::size_t most_beside_a_hint = 12;
  const std::string expected = hint.empty() || known.size() <= most_beside_a_hint
                                   ? "one of " + list
                                   : "one of the " + std::to_string(known.size()) + " keys that are known here";
  place.member(key).report(finding::unknown_key, found_expected("an unknown key", expected), hint);
}

void throw_if_any(std::vector<plugin::Finding> findings) {
  if (!findings.empty()) throw plugin::Error(STEPOP_E_INVALID, std::move(findings));
}

}  // namespace stepop::request
