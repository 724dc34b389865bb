#include "json_text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <set>

namespace stepop::plugin {
namespace {

// Follows the parser through the text and collects the paths of keys that are given twice.
class DuplicateKeys {
 public:
  // What basic_parser asks of its handler: no limits of our own, the text is already in memory.
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return enter(false); }
  bool on_object_end(std::size_t, json::error_code&) { return leave(); }
  bool on_array_begin(json::error_code&) { return enter(true); }
  bool on_array_end(std::size_t, json::error_code&) { return leave(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    key_.append(part.data(), part.size());
    Container& object = open_.back();
    object.at = key_;
    if (!object.keys.insert(key_).second) twice_.push_back(path());
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return scalar(); }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return scalar(); }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return scalar(); }
  bool on_double(double, json::string_view, json::error_code&) { return scalar(); }
  bool on_bool(bool, json::error_code&) { return scalar(); }
  bool on_null(json::error_code&) { return scalar(); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  const std::vector<std::string>& twice() const { return twice_; }

 private:
  struct Container {
    bool array = false;
    std::size_t index = 0;  // of the element that is being read
    std::string at;         // the key that is being read
    std::set<std::string> keys;
  };

  bool enter(bool array) {
    open_.push_back({array, 0, {}, {}});
    return true;
  }
  bool leave() {
    open_.pop_back();
    return scalar();
  }
  // A value is complete.
  bool scalar() {
    if (!open_.empty() && open_.back().array) ++open_.back().index;
    return true;
  }
  std::string path() const {
    std::string text;
    for (const Container& c : open_) {
      if (c.array)
        text += "[" + std::to_string(c.index) + "]";
      else
        text += (text.empty() ? "" : ".") + c.at;
    }
    return text;
  }

  std::vector<Container> open_;
  std::string key_;
  std::vector<std::string> twice_;
};

// "line 3, column 7", both from 1; a column counts bytes.
std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == before.npos ? offset + 1 : offset - newline;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

[[noreturn]] void refuse(std::string code, std::string path, std::string message, std::string hint = "") {
  throw Error(STEPOP_E_INVALID, std::vector<Finding>{{Finding::Level::error, std::move(code), std::move(path),
                                                      std::move(message), std::move(hint), false}});
}

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

json::object parse_object(std::string_view text, std::string_view what) {
  json::parse_options options;
  options.max_depth = max_json_depth;
  const std::string name(what);

  json::basic_parser<DuplicateKeys> check(options);
  json::error_code error;
  const std::size_t read = check.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (error) {
    const std::string where = place(text, std::min(read, text.size()));
    if (error == json::error::too_deep)
      refuse("TooDeep", where, name + " is nested deeper than " + std::to_string(max_json_depth) + " levels");
    refuse("InvalidJson", where, name + " is not valid JSON: " + error.message());
  }
  if (!check.handler().twice().empty()) {
    std::vector<Finding> findings;
    for (const std::string& path : check.handler().twice())
      findings.push_back({Finding::Level::error, "DuplicateKey", path, "the key is given twice in one object",
                          "remove one of them", false});
    throw Error(STEPOP_E_INVALID, std::move(findings));
  }

  json::value value = json::parse(text, {}, options);
  if (!value.is_object())
    refuse("WrongType", "", name + " must be a JSON object, found " + std::string(kind_name(value)));
  return std::move(value.get_object());
}

}  // namespace stepop::plugin
