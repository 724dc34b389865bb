#include "options.hpp"

#include <stepop/nearest_name.hpp>

#include "rfc3339.hpp"

namespace stepop::plugin {
namespace {

// An id is a key in journals, labels and file names: long enough for any engine's ids, short enough
// for all of those.
constexpr std::size_t max_step_run_id_size = 512;

class Mistakes {
 public:
  void add(std::string code, std::string path, std::string message, std::string hint = "") {
    findings_.push_back(
        {Finding::Level::error, std::move(code), std::move(path), std::move(message), std::move(hint), false});
  }
  void unknown_keys(const json::object& object, const std::vector<std::string>& known) {
    for (const auto& member : object) {
      const std::string key(member.key());
      if (std::find(known.begin(), known.end(), key) == known.end())
        add("UnknownKey", key, "there is no such option", did_you_mean(key, known));
    }
  }
  void strings(const json::object& object, std::string_view key) {
    const json::value* list = object.if_contains(key);
    if (list == nullptr) return;
    const std::string path(key);
    if (!list->is_array()) return add("WrongType", path, "expected an array of strings");
    for (std::size_t i = 0; i < list->get_array().size(); ++i)
      if (!list->get_array()[i].is_string())
        add("WrongType", path + "[" + std::to_string(i) + "]", "expected a string");
  }
  void string(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    if (value != nullptr && !value->is_string()) add("WrongType", std::string(key), "expected a string");
  }
  void throw_if_any() {
    if (!findings_.empty()) throw Error(STEPOP_E_INVALID, std::move(findings_));
  }

 private:
  std::vector<Finding> findings_;
};

// What is wrong with an id; "" when nothing is.
std::string fault(std::string_view id) {
  if (id.empty()) return "is empty";
  if (id.size() > max_step_run_id_size)
    return "has " + std::to_string(id.size()) + " bytes; at most " + std::to_string(max_step_run_id_size) +
           " are allowed";
  for (const char c : id)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return "has a control character";
  return "";
}

}  // namespace

void check_step_run_id(std::string_view id) {
  Mistakes mistakes;
  if (const std::string wrong = fault(id); !wrong.empty())
    mistakes.add("InvalidStepRunId", "step_run_id", "the step's id " + wrong);
  mistakes.throw_if_any();
}

std::string_view step_run_id_of(const json::object& request) {
  Mistakes mistakes;
  const json::value* id = request.if_contains("step_run_id");
  if (id == nullptr)
    mistakes.add("MissingKey", "step_run_id", "the request does not say which step it is",
                 "give every step an id of its own");
  else if (!id->is_string())
    mistakes.add("WrongType", "step_run_id", "expected a string");
  mistakes.throw_if_any();
  check_step_run_id(id->get_string());
  return id->get_string();
}

LogOptions log_options(const json::object& options) {
  Mistakes mistakes;
  mistakes.unknown_keys(options, {"follow", "since", "tail_lines"});
  LogOptions out;
  if (const json::value* follow = options.if_contains("follow")) {
    if (follow->is_bool())
      out.follow = follow->get_bool();
    else
      mistakes.add("WrongType", "follow", "expected true or false");
  }
  if (const json::value* since = options.if_contains("since")) {
    if (since->is_string()) out.since = parse_rfc3339(since->get_string());
    if (!out.since)
      mistakes.add("WrongType", "since", "expected a time in RFC 3339", "write it like \"2026-01-31T12:00:00Z\"");
  }
  if (const json::value* tail = options.if_contains("tail_lines")) {
    if (tail->is_int64() && tail->get_int64() >= 0)
      out.tail_lines = tail->get_int64();
    else
      mistakes.add("WrongType", "tail_lines", "expected an integer of at least 0");
  }
  mistakes.throw_if_any();
  return out;
}

void check_filter(const json::object& filter) {
  Mistakes mistakes;
  mistakes.unknown_keys(filter, {"namespaces", "step_run_ids", "labels"});
  mistakes.strings(filter, "namespaces");
  mistakes.strings(filter, "step_run_ids");
  if (const json::value* labels = filter.if_contains("labels")) {
    if (!labels->is_object())
      mistakes.add("WrongType", "labels", "expected an object of strings");
    else
      for (const auto& label : labels->get_object())
        if (!label.value().is_string())
          mistakes.add("WrongType", "labels." + std::string(label.key()), "expected a string");
  }
  mistakes.throw_if_any();
}

void check_forget_options(const json::object& options) {
  Mistakes mistakes;
  mistakes.unknown_keys(options, {"namespace", "cleanup"});
  mistakes.string(options, "namespace");
  mistakes.string(options, "cleanup");
  mistakes.throw_if_any();
}

}  // namespace stepop::plugin
