#include "input/yaml_layout.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <string_view>

#include "input/finding.hpp"
#include "input/yaml_text_scan.hpp"

namespace stepop::orchestrator {
namespace {

using Kind = LaidOut::Kind;

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

// Finds where each value ends.
class Ends {
 public:
  explicit Ends(std::string_view text) : text_(text) {}

  // `parent_indent`: of the collection around it, -1 for none. `from`: where the value may begin at the earliest.
  void find(LaidOut& value, long parent_indent, bool in_flow, std::size_t from) {
    switch (value.kind) {
      case Kind::nothing:
        // It is `~` or `null`, or there is none, and the parser gave it the place of what follows.
        if (text_.is_written_null(value.begin) && value.begin >= from && nothing_between(from, value.begin)) {
          value.kind = Kind::scalar;
          value.end = text_.end_of_scalar(value.begin, parent_indent, in_flow);
        } else {
          value.begin = value.end = from;
        }
        break;
      case Kind::scalar:
      case Kind::alias:
        value.end = text_.end_of_scalar(value.begin, parent_indent, in_flow);
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
  bool nothing_between(std::size_t from, std::size_t to) const {
    return text_.skip_properties(text_.skip_space(from)) >= to;
  }

  void mapping(LaidOut& value, bool in_flow) {
    in_flow = in_flow || value.flow;
    std::size_t end = text_.skip_properties(value.begin);
    if (value.flow && text_.at(end) == '{') ++end;
    const long indent = value.members.empty() ? 0 : text_.column_of(value.members.front().begin);
    for (LaidOutMember& member : value.members) {
      const std::size_t key_end = text_.end_of_key(member.begin, in_flow);
      const std::size_t colon = skip_space_or_blanks(key_end, in_flow);
      const bool has_colon = text_.at(colon) == ':';
      if (!has_colon && !in_flow)
        throw BadInput("\"" + member.name + "\" is written as an explicit key (`? key`), which is not edited here");
      member.colon = has_colon ? colon + 1 : key_end;
      find(member.value, indent, in_flow, member.colon);
      end = member.value.end;
    }
    value.end = value.flow ? behind_bracket(value, end) : end;
  }

  std::size_t skip_space_or_blanks(std::size_t at, bool in_flow) const {
    return in_flow ? text_.skip_space(at) : text_.skip_blanks(at);
  }

  void sequence(LaidOut& value, bool in_flow) {
    in_flow = in_flow || value.flow;
    std::size_t end = text_.skip_properties(value.begin);
    const long indent = text_.column_of(end);
    if (value.flow) ++end;
    for (LaidOut& item : value.items) {
      std::size_t from = text_.skip_space(end);
      if (value.flow ? text_.at(from) == ',' : text_.at(from) == '-') ++from;
      find(item, indent, in_flow, from);
      end = item.end;
    }
    value.end = value.flow ? behind_bracket(value, end) : end;
  }

  // A flow collection's own end; that of its last value where it has no brackets ([a: 1] holds such a mapping).
  std::size_t behind_bracket(const LaidOut& value, std::size_t end) const {
    const char first = text_.at(text_.skip_properties(value.begin));
    if (first != '{' && first != '[') return end;
    end = text_.skip_space(end);
    while (text_.at(end) == ',') end = text_.skip_space(end + 1);
    return end + 1;
  }

  YamlText text_;
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
