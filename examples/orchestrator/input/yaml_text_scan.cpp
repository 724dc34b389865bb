#include "input/yaml_text_scan.hpp"

#include <algorithm>

namespace stepop::orchestrator {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_break(char c) {
  return c == '\n' || c == '\r';
}
bool is_space(char c) {
  return is_blank(c) || is_break(c);
}

}  // namespace

long YamlText::column_of(std::size_t at) const {
  const std::size_t line = text_.rfind('\n', at == 0 ? 0 : at - 1);
  const std::size_t begin = line == text_.npos || at == 0 ? (text_.substr(0, 3) == kByteOrderMark ? 3 : 0) : line + 1;
  return static_cast<long>(at - begin);
}

std::size_t YamlText::skip_blanks(std::size_t at) const {
  while (at < text_.size() && is_blank(text_[at])) ++at;
  return at;
}

std::size_t YamlText::skip_space(std::size_t at) const {
  while (at < text_.size()) {
    if (is_space(text_[at]))
      ++at;
    else if (text_[at] == '#' && (at == 0 || is_space(text_[at - 1])))
      at = std::min(text_.find('\n', at), text_.size());
    else
      break;
  }
  return at;
}

std::size_t YamlText::skip_properties(std::size_t at) const {
  while (this->at(at) == '!' || this->at(at) == '&') {
    while (at < text_.size() && !is_space(text_[at])) ++at;
    at = skip_space(at);
  }
  return at;
}

bool YamlText::is_written_null(std::size_t at) const {
  const std::string_view word = text_.substr(std::min(skip_properties(at), text_.size()), 4);
  return word.substr(0, 1) == "~" || word == "null" || word == "Null" || word == "NULL";
}

std::size_t YamlText::end_of_scalar(std::size_t begin, long parent_indent, bool in_flow) const {
  const std::size_t at = skip_properties(begin);
  switch (this->at(at)) {
    case '"':
      return end_of_quoted(at, '"');
    case '\'':
      return end_of_quoted(at, '\'');
    case '|':
    case '>':
      if (!in_flow) return end_of_block_scalar(at, parent_indent);
      break;
    default:
      break;
  }
  return in_flow ? end_of_flow_plain(at) : end_of_plain(at, parent_indent);
}

std::size_t YamlText::end_of_key(std::size_t begin, bool in_flow) const {
  const std::size_t at = skip_properties(begin);
  if (this->at(at) == '"' || this->at(at) == '\'') return end_of_quoted(at, this->at(at));
  return in_flow ? end_of_flow_plain(at) : end_of_plain_in_line(at);
}

std::size_t YamlText::end_of_quoted(std::size_t at, char quote) const {
  for (++at; at < text_.size(); ++at) {
    if (quote == '"' && text_[at] == '\\') {
      ++at;
    } else if (text_[at] == quote) {
      if (quote != '\'' || this->at(at + 1) != quote) return at + 1;
      ++at;
    }
  }
  return text_.size();
}

// Lines that are blank, or indented more than what is around.
std::size_t YamlText::end_of_block_scalar(std::size_t at, long parent_indent) const {
  std::size_t end = line_end(at);
  for (std::size_t line = next_line(at); line < text_.size(); line = next_line(line)) {
    const std::size_t first = first_of_line(line);
    if (first == line_end(line)) continue;  // blank: it belongs to the text only when more follows
    if (static_cast<long>(first - line) <= parent_indent) break;
    end = line_end(line);
  }
  return without_trailing_blanks(at, end);
}

std::size_t YamlText::end_of_flow_plain(std::size_t at) const {
  const std::size_t begin = at;
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    if (c == ',' || c == '[' || c == ']' || c == '{' || c == '}') break;
    if (c == '#' && at > begin && is_space(text_[at - 1])) break;
    if (c == ':' && (is_space(this->at(at + 1)) || this->at(at + 1) == '\0' ||
                     std::string_view(",[]{}").find(this->at(at + 1)) != std::string_view::npos))
      break;
  }
  return without_trailing_blanks(begin, at);
}

// It goes on in lines that are indented more than what is around, up to a comment.
std::size_t YamlText::end_of_plain(std::size_t begin, long parent_indent) const {
  std::size_t end = end_of_plain_in_line(begin);
  if (at(skip_blanks(end)) == '#' || at(skip_blanks(end)) == ':') return end;
  for (std::size_t line = next_line(end); line < text_.size(); line = next_line(line)) {
    const std::size_t first = first_of_line(line);
    if (first == line_end(line)) continue;
    if (static_cast<long>(first - line) <= parent_indent || text_[first] == '#') break;
    end = end_of_plain_in_line(first);
    if (at(skip_blanks(end)) == '#') break;
  }
  return end;
}

std::size_t YamlText::end_of_plain_in_line(std::size_t begin) const {
  std::size_t at = begin;
  for (; at < text_.size() && !is_break(text_[at]); ++at) {
    if (text_[at] == '#' && at > begin && is_blank(text_[at - 1])) break;
    if (text_[at] == ':' && (at + 1 == text_.size() || is_space(text_[at + 1]))) break;
  }
  return without_trailing_blanks(begin, at);
}

std::size_t YamlText::without_trailing_blanks(std::size_t begin, std::size_t end) const {
  while (end > begin && is_space(text_[end - 1])) --end;
  return end;
}

std::size_t YamlText::line_end(std::size_t at) const {
  return std::min(text_.find('\n', at), text_.size());
}

std::size_t YamlText::next_line(std::size_t at) const {
  return std::min(line_end(at) + 1, text_.size());
}

// The line's first byte that is no blank; its end when it has none.
std::size_t YamlText::first_of_line(std::size_t line) const {
  std::size_t at = line;
  while (at < line_end(line) && is_space(text_[at])) ++at;
  return at;
}

}  // namespace stepop::orchestrator
