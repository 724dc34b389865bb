// YAML text, byte by byte: where its scalars end, what stands between its values. For texts that were read already, so
// nothing here looks for mistakes.
#pragma once

#include <cstddef>
#include <string_view>

namespace stepop::orchestrator {

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class YamlText {
 public:
  explicit YamlText(std::string_view text) : text_(text) {}

  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }  // NUL behind the end
  long column_of(std::size_t at) const;

  std::size_t skip_blanks(std::size_t at) const;      // in its line
  std::size_t skip_space(std::size_t at) const;       // blanks, line ends and comments
  std::size_t skip_properties(std::size_t at) const;  // tags and anchors
  bool is_written_null(std::size_t at) const;         // `~` or `null`, behind properties

  // `parent_indent`: of the block collection around it, -1 for none. Comments behind a scalar are not part of it.
  std::size_t end_of_scalar(std::size_t begin, long parent_indent, bool in_flow) const;
  std::size_t end_of_key(std::size_t begin, bool in_flow) const;

 private:
  std::size_t end_of_quoted(std::size_t at, char quote) const;
  std::size_t end_of_block_scalar(std::size_t at, long parent_indent) const;
  std::size_t end_of_flow_plain(std::size_t at) const;
  std::size_t end_of_plain(std::size_t begin, long parent_indent) const;
  std::size_t end_of_plain_in_line(std::size_t begin) const;
  std::size_t without_trailing_blanks(std::size_t begin, std::size_t end) const;
  std::size_t line_end(std::size_t at) const;
  std::size_t next_line(std::size_t at) const;
  std::size_t first_of_line(std::size_t line) const;

  std::string_view text_;
};

}  // namespace stepop::orchestrator
