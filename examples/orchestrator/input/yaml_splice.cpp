#include "input/yaml_splice.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "input/finding.hpp"
#include "input/yaml_layout.hpp"
#include "input/yaml_text.hpp"
#include "input/yaml_text_scan.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

using Kind = LaidOut::Kind;

std::string shown(const MemberPath& path, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += (text.empty() ? "" : ".") + path[i];
  return text;
}

bool is_mapping_with_members(const json::value& value) {
  return value.is_object() && !value.get_object().empty();
}

class Splicer {
 public:
  explicit Splicer(const std::string& text) : text_(text), root_(lay_out(text)) {
    if (root_.kind != Kind::mapping) throw BadInput("the file is no mapping");
    const std::size_t first = text.find('\n');
    line_end_ = first != text.npos && first > 0 && text[first - 1] == '\r' ? "\r\n" : "\n";
    for (const LaidOutMember& member : root_.members) {
      if (member.value.kind != Kind::mapping || member.value.flow || member.value.members.empty()) continue;
      step_ = column_of(member.value.members.front().begin) - column_of(member.begin);
      break;
    }
  }

  std::string set(const MemberPath& path, const json::value& value) {
    const std::size_t known = walk(path, path.size());
    if (known == path.size()) {
      replace(*way_.back(), value);
    } else {
      json::value inner = value;
      for (std::size_t i = path.size(); i-- > known + 1;) inner = json::object{{path[i], inner}};
      add(known, path[known], inner);
    }
    return std::move(text_);
  }

  std::string remove(const MemberPath& path) {
    if (walk(path, path.size()) < path.size()) throw BadInput("there is no " + shown(path, path.size()));
    const LaidOut& mapping = mapping_at(path.size() - 1);
    const LaidOutMember& member = *way_.back();
    if (mapping.members.size() == 1) {
      empty(mapping, path.size() - 1);
    } else if (mapping.flow) {
      remove_from_flow(mapping, member);
    } else {
      remove_lines(member);
    }
    return std::move(text_);
  }

 private:
  // Fills way_ with the members that are there; returns how many.
  std::size_t walk(const MemberPath& path, std::size_t length) {
    const LaidOut* mapping = &root_;
    for (std::size_t i = 0; i < length; ++i) {
      const auto found = std::find_if(mapping->members.begin(), mapping->members.end(),
                                      [&](const LaidOutMember& member) { return member.name == path[i]; });
      if (found == mapping->members.end()) return i;
      in_flow_ = in_flow_ || mapping->flow;
      way_.push_back(&*found);
      mapping = &found->value;
      if (i + 1 == length) break;
      if (mapping->kind == Kind::alias)
        throw BadInput(shown(path, i + 1) + " is an alias: what it stands for is used elsewhere too; edit it by hand");
      if (mapping->kind == Kind::scalar || mapping->kind == Kind::sequence)
        throw BadInput(shown(path, i + 1) + " is no mapping");
    }
    return way_.size();
  }
  const LaidOut& mapping_at(std::size_t depth) const { return depth == 0 ? root_ : way_[depth - 1]->value; }

  // ---- Text ----

  std::size_t line_begin(std::size_t at) const {
    const std::size_t before = at == 0 ? text_.npos : text_.rfind('\n', at - 1);
    return before == text_.npos ? 0 : before + 1;
  }
  // Of the line's own text: before "\r\n" or "\n".
  std::size_t line_end(std::size_t at) const {
    std::size_t end = std::min(text_.find('\n', at), text_.size());
    if (end > at && text_[end - 1] == '\r') --end;
    return end;
  }
  std::size_t next_line(std::size_t at) const {
    const std::size_t end = text_.find('\n', at);
    return end == text_.npos ? text_.size() : end + 1;
  }
  std::size_t column_of(std::size_t at) const { return at - line_begin(at); }
  bool only_blanks_before(std::size_t at) const { return text_.find_first_not_of(" \t", line_begin(at)) >= at; }
  std::string joined(const std::vector<std::string>& lines) const {
    std::string text;
    for (const std::string& line : lines) text += (text.empty() ? "" : line_end_) + line;
    return text;
  }
  std::string block(const json::object& members, std::size_t indent) const {
    std::vector<std::string> lines;
    for (const auto& member : members) {
      for (std::string& line : member_lines(member.key(), member.value(), indent, step_))
        lines.push_back(std::move(line));
    }
    return joined(lines);
  }
  // A file that is JSON stays JSON.
  bool looks_like_json() const {
    return root_.flow && !root_.members.empty() && text_[root_.members.front().begin] == '"';
  }
  std::string inline_text(const json::value& value) const {
    return looks_like_json() ? json::serialize(value) : flow_text(value);
  }
  std::string inline_member(const std::string& name, const json::value& value) const {
    return (looks_like_json() ? json::serialize(json::string(name)) : string_text(name)) + ": " + inline_text(value);
  }

  // ---- Replacing ----

  void replace(const LaidOutMember& member, const json::value& value) {
    if (!in_flow_ && is_mapping_with_members(value))
      replace_by_block(member, value.get_object());
    else
      replace_by_inline(member, inline_text(value));
  }

  void replace_by_inline(const LaidOutMember& member, const std::string& inside) {
    const LaidOut& old = member.value;
    if (old.kind == Kind::nothing) {
      const bool colon = member.colon > 0 && text_[member.colon - 1] == ':';
      text_.insert(member.colon, (colon ? " " : ": ") + inside);
    } else if (!in_flow_ && line_begin(old.begin) != line_begin(member.begin)) {
      // What is in the lines below goes; a comment in the key's line stays.
      text_.erase(line_end(member.colon), line_end(old.end) - line_end(member.colon));
      text_.insert(member.colon, " " + inside);
    } else {
      text_.replace(old.begin, old.end - old.begin, inside);
    }
  }

  void replace_by_block(const LaidOutMember& member, const json::object& members) {
    const LaidOut& old = member.value;
    const std::string lines = block(members, column_of(member.begin) + step_);
    if (old.kind != Kind::nothing && line_begin(old.begin) != line_begin(member.begin)) {
      const std::size_t begin = line_begin(old.begin);
      text_.replace(begin, line_end(old.end) - begin, lines);
      return;
    }
    // Behind what ends the key's line: a comment stays there.
    text_.insert(line_end(old.end), line_end_ + lines);
    text_.erase(member.colon, old.end - member.colon);
  }

  // ---- Adding ----

  void add(std::size_t depth, const std::string& name, const json::value& value) {
    const LaidOut& mapping = mapping_at(depth);
    const json::object alone{{name, value}};
    if (mapping.members.empty()) {
      if (depth > 0)
        replace(*way_.back(), alone);
      else
        text_.replace(root_.begin, root_.end - root_.begin, block(alone, 0));
      return;
    }
    if (mapping.flow || in_flow_) {
      add_to_flow(mapping, inline_member(name, value));
      return;
    }
    const std::size_t end = line_end(mapping.members.back().value.end);
    text_.insert(end, line_end_ + block(alone, column_of(mapping.members.front().begin)));
  }

  void add_to_flow(const LaidOut& mapping, const std::string& member) {
    const LaidOutMember& last = mapping.members.back();
    const std::size_t end = last.value.end;
    const std::size_t next = YamlText(text_).skip_space(end);
    const bool has_comma = next < text_.size() && text_[next] == ',';
    const std::size_t behind = has_comma ? next + 1 : end;
    if (!only_blanks_before(last.begin)) {
      text_.insert(behind, (has_comma ? " " : ", ") + member);
      return;
    }
    // A member a line: so does the new one, behind what ends the last one's line.
    const std::string line = line_end_ + std::string(column_of(last.begin), ' ') + member;
    const bool bracket_follows = line_end(behind) >= mapping.end;
    text_.insert(bracket_follows ? behind : line_end(behind), line + (has_comma ? "," : ""));
    if (!has_comma) text_.insert(end, ",");
  }

  // ---- Removing ----

  void empty(const LaidOut& mapping, std::size_t depth) {
    if (depth > 0)
      replace_by_inline(*way_[depth - 1], "{}");
    else
      text_.replace(mapping.begin, mapping.end - mapping.begin, "{}");
  }

  void remove_lines(const LaidOutMember& member) {
    if (!only_blanks_before(member.begin)) throw BadInput(member.name + " does not begin its line; edit it by hand");
    std::size_t begin = line_begin(member.begin);
    std::size_t end = next_line(member.value.end);
    if (end == text_.size() && text_.back() != '\n' && begin > 0) {
      // The file's last line has no end: neither has the one that is last now.
      begin = line_end(line_begin(begin - 1));
    }
    text_.erase(begin, end - begin);
  }

  void remove_from_flow(const LaidOut& mapping, const LaidOutMember& member) {
    const std::size_t index = static_cast<std::size_t>(&member - mapping.members.data());
    if (index + 1 < mapping.members.size()) {
      text_.erase(member.begin, mapping.members[index + 1].begin - member.begin);
    } else {
      const std::size_t begin = mapping.members[index - 1].value.end;
      text_.erase(begin, member.value.end - begin);
    }
  }

  std::string text_;
  LaidOut root_;
  std::string line_end_;
  std::size_t step_ = 2;
  std::vector<const LaidOutMember*> way_;  // the members from the root to where the edit is
  bool in_flow_ = false;                   // way_.back() stands in brackets
};

}  // namespace

std::string with_member(const std::string& text, const MemberPath& path, const json::value& value) {
  return Splicer(text).set(path, value);
}

std::string without_member(const std::string& text, const MemberPath& path) {
  return Splicer(text).remove(path);
}

}  // namespace stepop::orchestrator
