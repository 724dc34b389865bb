#include "input/yaml_document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "input/core_schema.hpp"
#include "input/utf8.hpp"
#include "input/yaml_text_scan.hpp"

namespace stepop::orchestrator {
namespace {

// Nobody writes a longer stack or pipeline by hand, and it bounds memory.
constexpr std::size_t kLargestFile = 16u << 20;
// What aliases may expand to: more is a "billion laughs" file.
constexpr std::size_t kMostValues = 1'000'000;
// Of a scalar in a message.
constexpr std::size_t kLongestQuote = 40;

Place place_of(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

// yaml-cpp 0.7 makes one byte of the escapes \N (U+0085) and \_ (U+00A0), which alone is not UTF-8. All else is, since the
// file is.
std::string as_utf8(const std::string& scalar) {
  std::string text = scalar;
  while (const auto at = first_invalid_utf8(text)) text.insert(*at, 1, '\xC2');
  return text;
}

// Builds the tree from the parser's events. The parser calls; nothing here throws but TooLarge.
class TreeBuilder : public YAML::EventHandler {
 public:
  struct TooLarge {};

  TreeBuilder(const std::string& file, std::string_view text) : file_(file), text_(text) {
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) text_.remove_prefix(kByteOrderMark.size());
  }

  YamlValue root;
  std::vector<Finding> findings;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlValue value;
    value.place = place_of(mark);
    value.scalar = nullptr;
    value.written = null_at(mark);
    add(std::move(value), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& scalar) override {
    const std::string text = as_utf8(scalar);
    YamlValue value;
    value.place = place_of(mark);
    value.written = text;
    value.plain = tag == "?" || tag.empty();
    if (tag == "!" || tag == "!!str" || tag == "tag:yaml.org,2002:str") {
      value.scalar = boost::json::string(text);
    } else {
      if (tag != "?" && !tag.empty() && !is_core_tag(tag)) complain_about_tag(value.place, tag);
      PlainScalar plain = read_plain_scalar(text);
      value.scalar = std::move(plain.value);
      if (!plain.error.empty()) {
        findings.push_back({file_, value.place, path(),
                            "found " + (in_secrets() ? std::string("a number") : text) + ": " + plain.error,
                            "quote it to have a string"});
      }
    }
    add(std::move(value), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {  // inside itself
      findings.push_back({file_, place_of(mark), path(), "this alias stands inside its own anchor", ""});
      YamlValue nothing;
      nothing.place = place_of(mark);
      add(std::move(nothing), 0);
      return;
    }
    count(known->second);
    add(known->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlValue::Kind::sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlValue::Kind::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlValue value;
    YAML::anchor_t anchor = 0;
    std::optional<YamlMember> key;  // of a mapping: read, its value is not
    bool key_is_usable = true;
    std::map<std::string, Place> seen;
  };

  static bool is_core_tag(const std::string& tag) {
    static constexpr std::string_view kCore = "tag:yaml.org,2002:";
    std::string_view name = tag;
    if (name.substr(0, kCore.size()) == kCore)
      name.remove_prefix(kCore.size());
    else if (name.substr(0, 2) == "!!")
      name.remove_prefix(2);
    else
      return false;
    return name == "null" || name == "bool" || name == "int" || name == "float" || name == "seq" || name == "map";
  }

  void complain_about_tag(Place place, const std::string& tag) {
    findings.push_back(
        {file_, place, path(), "unknown tag " + tag, "only YAML's own tags are known (!!str, !!int, ...)"});
  }

  std::string path() const {
    std::string text;
    for (const Open& open : open_) {
      if (open.value.kind == YamlValue::Kind::sequence) {
        text += "[" + std::to_string(open.value.items.size()) + "]";
      } else if (open.key) {
        if (!text.empty()) text += '.';
        text += open.key->name;
      }
    }
    return text;
  }

  // No message says what a secret is.
  bool in_secrets() const {
    return std::any_of(open_.begin(), open_.end(),
                       [](const Open& open) { return open.key && open.key->name == "secrets"; });
  }

  void count_one() {
    if (++values_ > kMostValues) throw TooLarge{};
  }
  void count(const YamlValue& value) {
    count_one();
    for (const YamlValue& item : value.items) count(item);
    for (const YamlMember& member : value.members) count(member.value);
  }

  void open(YamlValue::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    Open entry;
    entry.value.kind = kind;
    entry.value.place = place_of(mark);
    entry.anchor = anchor;
    if (tag != "?" && tag != "!" && !tag.empty() && !is_core_tag(tag)) {
      complain_about_tag(entry.value.place, tag);
    }
    open_.push_back(std::move(entry));
  }

  void close() {
    Open entry = std::move(open_.back());
    open_.pop_back();
    add(std::move(entry.value), entry.anchor);
  }

  void add(YamlValue value, YAML::anchor_t anchor) {
    count_one();
    if (anchor != 0) anchors_[anchor] = value;
    if (open_.empty()) {
      root = std::move(value);
      return;
    }
    Open& parent = open_.back();
    if (parent.value.kind == YamlValue::Kind::sequence) {
      parent.value.items.push_back(std::move(value));
    } else if (!parent.key) {
      add_key(parent, value);
    } else {
      YamlMember member = std::move(*parent.key);
      parent.key.reset();
      // The parser gives an empty value the place of what follows it.
      if (value.kind == YamlValue::Kind::scalar && value.scalar.is_null() && value.written.empty())
        value.place = member.place;
      member.value = std::move(value);
      if (parent.key_is_usable) parent.value.members.push_back(std::move(member));
    }
  }

  void add_key(Open& parent, const YamlValue& key) {
    YamlMember member;
    member.place = key.place;
    parent.key_is_usable = true;
    if (key.kind != YamlValue::Kind::scalar || (key.scalar.is_null() && key.written.empty())) {
      findings.push_back({file_, key.place, path(), "found " + what_it_is(key) + " as a key, expected a string", ""});
      parent.key_is_usable = false;
    } else {
      member.name = key.written;
      if (member.name == "<<" && key.plain) {
        findings.push_back({file_, key.place, path(), "found a merge key (<<), which YAML 1.2 does not have",
                            "write its members here; *alias alone stands for a whole value"});
        parent.key_is_usable = false;
      }
      const auto [first, fresh] = parent.seen.emplace(member.name, key.place);
      if (!fresh) {
        std::string where = path();
        if (!where.empty()) where += '.';
        findings.push_back({file_, key.place, where + member.name,
                            "duplicate key; it is already at line " + std::to_string(first->second.line), ""});
        parent.key_is_usable = false;
      }
    }
    parent.key = std::move(member);
  }

  // The parser tells a written null from nothing only by what stands at its place.
  std::string null_at(const YAML::Mark& mark) const {
    if (mark.is_null()) return "";
    const std::string_view rest = text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()));
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (rest.substr(0, word.size()) == word && ends_scalar(rest.substr(word.size()))) return std::string(word);
    }
    return "";
  }
  static bool ends_scalar(std::string_view rest) {
    return rest.empty() || std::string_view(" \t\r\n,]}").find(rest[0]) != std::string_view::npos;
  }

  const std::string& file_;
  std::string_view text_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlValue> anchors_;
  std::size_t values_ = 0;
};

// `line` from 0.
bool is_indented_with_tabs(std::string_view text, int line) {
  for (; line > 0 && text.find('\n') != text.npos; --line) text.remove_prefix(text.find('\n') + 1);
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != text.npos;
}

}  // namespace

YamlDocument parse_yaml(std::string file, const std::string& text) {
  YamlDocument document;
  document.file = std::move(file);
  if (text.size() > kLargestFile) {
    throw BadInput(
        std::vector<Finding>{{document.file, {}, "", "the file has more than 16 MiB, expected a smaller one", ""}});
  }
  if (const auto bad = first_invalid_utf8(text)) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(*bad), '\n');
    throw BadInput(std::vector<Finding>{
        {document.file, {static_cast<int>(line), 1}, "", "found bytes that are not UTF-8, expected UTF-8", ""}});
  }
  // yaml-cpp would take it for a backslash.
  if (const auto nul = text.find('\0'); nul != std::string::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(nul), '\n');
    throw BadInput(std::vector<Finding>{
        {document.file, {static_cast<int>(line), 1}, "", "found a NUL character, expected text", ""}});
  }
  TreeBuilder builder(document.file, text);
  const auto fail = [&](Place place, std::string message, std::string hint = "") {
    std::vector<Finding> findings = std::move(builder.findings);
    findings.push_back({document.file, place, "", std::move(message), std::move(hint)});
    throw BadInput(std::move(findings));
  };
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      fail({1, 1}, "the file is empty, expected a YAML mapping");
    }
    YamlValue first = std::move(builder.root);
    TreeBuilder second(document.file, text);
    if (parser.HandleNextDocument(second)) {
      fail(second.root.place, "found a second document, expected one document in the file",
           "remove the \"---\" before it");
    }
    builder.root = std::move(first);
  } catch (const YAML::Exception& e) {
    std::string hint;
    if (e.msg.find("illegal EOF") != std::string::npos) hint = "something is not closed";
    if (is_indented_with_tabs(text, e.mark.line))
      hint = "its line is indented with a tab, which YAML does not take: write spaces";
    fail(place_of(e.mark), "this is not YAML: " + e.msg, hint);
  } catch (const TreeBuilder::TooLarge&) {
    fail({}, "its aliases expand to more than a million values");
  }
  if (!builder.findings.empty()) throw BadInput(std::move(builder.findings));
  document.root = std::move(builder.root);
  return document;
}

std::string read_text_file(const std::string& file) {
  std::error_code unknown;
  if (std::filesystem::is_directory(file, unknown)) throw BadInput(file + " is a directory, expected a file");
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream) text << stream.rdbuf();
  if (!stream || stream.bad()) {
    const int error = errno;
    throw BadInput(
        std::vector<Finding>{{file, {}, "", std::string("cannot read the file: ") + std::strerror(error), ""}});
  }
  return text.str();
}

YamlDocument read_yaml_file(const std::string& file) {
  return parse_yaml(file, read_text_file(file));
}

boost::json::value to_json(const YamlValue& value) {
  if (value.kind == YamlValue::Kind::sequence) {
    boost::json::array items;
    for (const YamlValue& item : value.items) items.push_back(to_json(item));
    return items;
  }
  if (value.kind == YamlValue::Kind::mapping) {
    boost::json::object members;
    for (const YamlMember& member : value.members) members[member.name] = to_json(member.value);
    return members;
  }
  return value.scalar;
}

std::string what_it_is(const YamlValue& value) {
  if (value.kind == YamlValue::Kind::sequence) return "a list";
  if (value.kind == YamlValue::Kind::mapping) return "a mapping";
  const std::string quoted =
      value.written.size() > kLongestQuote ? value.written.substr(0, kLongestQuote) + "..." : value.written;
  switch (value.scalar.kind()) {
    case boost::json::kind::null:
      return value.written.empty() ? "nothing" : "null (" + quoted + ")";
    case boost::json::kind::bool_:
      return "a boolean (" + quoted + ")";
    case boost::json::kind::string:
      return "a string (\"" + quoted + "\")";
    default:
      return "a number (" + quoted + ")";
  }
}

}  // namespace stepop::orchestrator
