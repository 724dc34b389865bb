#include "input/yaml_layout.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string_view>

#include "input/finding.hpp"

namespace stepop::orchestrator {
namespace {

using Kind = LaidOut::Kind;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_break(char c) {
  return c == '\n' || c == '\r';
}
bool is_space(char c) {
  return is_blank(c) || is_break(c);
}

// The parser tells where values begin; their ends come later.
class Beginnings : public YAML::EventHandler {
 public:
  explicit Beginnings(std::size_t offset) : offset_(offset) {}
  LaidOut root;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(at(Kind::nothing, mark), ""); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { add(at(Kind::alias, mark), ""); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string& text) override {
    add(at(Kind::scalar, mark), text);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    open(Kind::sequence, mark, style);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value style) override {
    open(Kind::mapping, mark, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    LaidOut value;
    bool has_key = false;  // of a mapping: its last member waits for its value
  };

  LaidOut at(Kind kind, const YAML::Mark& mark) const {
    LaidOut value;
    value.kind = kind;
    value.begin = static_cast<std::size_t>(mark.pos) + offset_;
    return value;
  }
  void open(Kind kind, const YAML::Mark& mark, YAML::EmitterStyle::value style) {
    Open entry;
    entry.value = at(kind, mark);
    entry.value.flow = style == YAML::EmitterStyle::Flow;
    open_.push_back(std::move(entry));
  }
  void close() {
    LaidOut value = std::move(open_.back().value);
    open_.pop_back();
    add(std::move(value), "");
  }
  void add(LaidOut value, const std::string& name) {
    if (open_.empty()) {
      root = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind == Kind::sequence) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.has_key) {
      LaidOutMember member;
      member.name = name;
      member.begin = value.begin;
      parent.value.members.push_back(std::move(member));
      parent.has_key = true;
    } else {
      parent.value.members.back().value = std::move(value);
      parent.has_key = false;
    }
  }

  std::size_t offset_;
  std::vector<Open> open_;
};

// Finds where each value ends. The text is YAML that was read already, so nothing here has to look for mistakes.
class Ends {
 public:
  explicit Ends(std::string_view text) : text_(text) {}

  // `parent_indent`: of the collection around it, -1 for none. `from`: where the value may begin at the earliest.
  void find(LaidOut& value, long parent_indent, bool in_flow, std::size_t from) {
    switch (value.kind) {
      case Kind::nothing:
        // It is `~` or `null`, or there is none, and the parser gave it the place of what follows.
        if (is_written_null(value.begin) && value.begin >= from && nothing_between(from, value.begin)) {
          value.kind = Kind::scalar;
          value.end = end_of_scalar(value.begin, parent_indent, in_flow);
        } else {
          value.begin = value.end = from;
        }
        break;
      case Kind::scalar:
      case Kind::alias:
        value.end = end_of_scalar(value.begin, parent_indent, in_flow);
        break;
      case Kind::sequence:
        sequence(value, in_flow);
        break;
      case Kind::mapping:
        mapping(value, in_flow);
        break;
    }
  }

 private:
  char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  long column_of(std::size_t at) const {
    const std::size_t line = text_.rfind('\n', at == 0 ? 0 : at - 1);
    const std::size_t begin = line == text_.npos || at == 0 ? (text_.substr(0, 3) == kByteOrderMark ? 3 : 0) : line + 1;
    return static_cast<long>(at - begin);
  }

  // Only blanks and comments.
  std::size_t skip_space(std::size_t at) const {
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
  bool nothing_between(std::size_t from, std::size_t to) const { return skip_properties(skip_space(from)) >= to; }

  // Tags and anchors.
  std::size_t skip_properties(std::size_t at) const {
    while (this->at(at) == '!' || this->at(at) == '&') {
      while (at < text_.size() && !is_space(text_[at])) ++at;
      at = skip_space(at);
    }
    return at;
  }

  bool is_written_null(std::size_t at) const {
    const std::string_view word = text_.substr(std::min(skip_properties(at), text_.size()), 4);
    return word.substr(0, 1) == "~" || word == "null" || word == "Null" || word == "NULL";
  }

  std::size_t end_of_scalar(std::size_t begin, long parent_indent, bool in_flow) const {
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

  std::size_t end_of_quoted(std::size_t at, char quote) const {
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
  std::size_t end_of_block_scalar(std::size_t at, long parent_indent) const {
    std::size_t end = line_end(at);
    for (std::size_t line = next_line(at); line < text_.size(); line = next_line(line)) {
      const std::size_t first = first_of_line(line);
      if (first == line_end(line)) continue;  // blank: it belongs to the text only when more follows
      if (static_cast<long>(first - line) <= parent_indent) break;
      end = line_end(line);
    }
    return without_trailing_blanks(at, end);
  }

  std::size_t end_of_flow_plain(std::size_t at) const {
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
  std::size_t end_of_plain(std::size_t begin, long parent_indent) const {
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
  std::size_t end_of_plain_in_line(std::size_t begin) const {
    std::size_t at = begin;
    for (; at < text_.size() && !is_break(text_[at]); ++at) {
      if (text_[at] == '#' && at > begin && is_blank(text_[at - 1])) break;
      if (text_[at] == ':' && (at + 1 == text_.size() || is_space(text_[at + 1]))) break;
    }
    return without_trailing_blanks(begin, at);
  }

  std::size_t skip_blanks(std::size_t at) const {
    while (at < text_.size() && is_blank(text_[at])) ++at;
    return at;
  }
  std::size_t without_trailing_blanks(std::size_t begin, std::size_t end) const {
    while (end > begin && is_space(text_[end - 1])) --end;
    return end;
  }
  std::size_t line_end(std::size_t at) const { return std::min(text_.find('\n', at), text_.size()); }
  std::size_t next_line(std::size_t at) const { return std::min(line_end(at) + 1, text_.size()); }
  // The line's first byte that is no blank; its end when it has none.
  std::size_t first_of_line(std::size_t line) const {
    std::size_t at = line;
    while (at < line_end(line) && is_space(text_[at])) ++at;
    return at;
  }

  void mapping(LaidOut& value, bool in_flow) {
    in_flow = in_flow || value.flow;
    std::size_t end = skip_properties(value.begin);
    if (value.flow && at(end) == '{') ++end;
    const long indent = value.members.empty() ? 0 : column_of(value.members.front().begin);
    for (LaidOutMember& member : value.members) {
      const std::size_t key_end = end_of_key(member.begin, in_flow);
      const std::size_t colon = skip_space_or_blanks(key_end, in_flow);
      const bool has_colon = at(colon) == ':';
      if (!has_colon && !in_flow)
        throw BadInput("\"" + member.name + "\" is written as an explicit key (`? key`), which is not edited here");
      member.colon = has_colon ? colon + 1 : key_end;
      find(member.value, indent, in_flow, member.colon);
      end = member.value.end;
    }
    value.end = value.flow ? behind_bracket(value, end) : end;
  }

  std::size_t end_of_key(std::size_t begin, bool in_flow) const {
    const std::size_t at = skip_properties(begin);
    if (this->at(at) == '"' || this->at(at) == '\'') return end_of_quoted(at, this->at(at));
    return in_flow ? end_of_flow_plain(at) : end_of_plain_in_line(at);
  }
  std::size_t skip_space_or_blanks(std::size_t at, bool in_flow) const {
    return in_flow ? skip_space(at) : skip_blanks(at);
  }

  void sequence(LaidOut& value, bool in_flow) {
    in_flow = in_flow || value.flow;
    std::size_t end = skip_properties(value.begin);
    const long indent = column_of(end);
    if (value.flow) ++end;
    for (LaidOut& item : value.items) {
      std::size_t from = skip_space(end);
      if (value.flow ? at(from) == ',' : at(from) == '-') ++from;
      find(item, indent, in_flow, from);
      end = item.end;
    }
    value.end = value.flow ? behind_bracket(value, end) : end;
  }

  // A flow collection's own end; that of its last value where it has no brackets ([a: 1] holds such a mapping).
  std::size_t behind_bracket(const LaidOut& value, std::size_t end) const {
    const char first = at(skip_properties(value.begin));
    if (first != '{' && first != '[') return end;
    end = skip_space(end);
    while (at(end) == ',') end = skip_space(end + 1);
    return end + 1;
  }

  std::string_view text_;
};

}  // namespace

LaidOut lay_out(const std::string& text) {
  const std::size_t offset = std::string_view(text).substr(0, kByteOrderMark.size()) == kByteOrderMark ? 3 : 0;
  Beginnings beginnings(offset);
  std::istringstream stream(text);
  YAML::Parser(stream).HandleNextDocument(beginnings);
  Ends(text).find(beginnings.root, -1, false, offset);
  return std::move(beginnings.root);
}

}  // namespace stepop::orchestrator
