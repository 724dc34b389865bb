#include "manifest/labels.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace stepop::manifest {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_label_value = 63;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool is_of_label_value(char c) {
  return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
}

// Without what is no letter or digit at the ends.
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && !is_letter_or_digit(text.front())) text.remove_prefix(1);
  while (!text.empty() && !is_letter_or_digit(text.back())) text.remove_suffix(1);
  return text;
}

std::string text_of(const Lookup& values, std::string_view key) {
  return std::string(values(key).value_or(std::string_view()));
}

std::optional<std::uint32_t> read_number(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::optional<request::Policy> read_policy(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return request::policy_from_json(value.get_object());
}

}  // namespace

std::string label_value(std::string_view name) {
  std::string value;
  bool replacing = false;
  for (const char c : name) {
    if (is_of_label_value(c)) {
      value += c;
      replacing = false;
    } else if (!replacing) {
      value += '-';
      replacing = true;
    }
  }
  return std::string(trimmed(trimmed(value).substr(0, longest_label_value)));
}

request::StringMap pod_labels(const request::StepRequest& request, const Identity& identity, std::string_view instance,
                              std::uint32_t attempt) {
  // A user's label is refused where it is one of the others, when the request is read.
  request::StringMap labels = request.settings.pod_settings.labels;
  const auto set = [&labels](std::string_view key, std::string_view value) {
    labels.insert_or_assign(std::string(key), std::string(value));
  };
  const auto set_name = [&](std::string_view key, std::string_view name) {
    if (const std::string value = label_value(name); !value.empty()) set(key, value);
  };
  set_name("project_id", request.project_id);
  set_name("run_id", request.run_id);
  set_name("run_name", request.run_name);
  set_name("run", request.run_name);
  set_name("pipeline", request.pipeline);
  set_name("step_run_id", request.step_run_id);
  set_name("step_name", request.step_name);
  set(label::managed_by, label::managed_by_stepop);
  set(label::owner, identity.owner);
  set(label::instance, instance);
  set(label::attempt, std::to_string(attempt));
  set(label::step, step_hash(identity));
  return labels;
}

request::StringMap pod_annotations(const request::StepRequest& request) {
  request::StringMap annotations = request.settings.pod_settings.annotations;
  const auto set = [&annotations](std::string_view key, std::string_view value) {
    if (!value.empty()) annotations.insert_or_assign(std::string(key), std::string(value));
  };
  set(annotation::step_run_id, request.step_run_id);
  set(annotation::step_name, request.step_name);
  set(annotation::pipeline, request.pipeline);
  set(annotation::run_id, request.run_id);
  set(annotation::run_name, request.run_name);
  set(annotation::project_id, request.project_id);
  set(annotation::request_hash, request_hash(request));
  set(annotation::policy, json::serialize(request::to_json(request.settings.policy)));
  return annotations;
}

std::string owner_selector(std::string_view owner) {
  return std::string(label::managed_by) + '=' + std::string(label::managed_by_stepop) + ',' +
         std::string(label::owner) + '=' + std::string(owner);
}

std::string step_selector(const Identity& identity) {
  return owner_selector(identity.owner) + ',' + std::string(label::step) + '=' + step_hash(identity);
}

Marks marks_of(const Lookup& labels, const Lookup& annotations) {
  Marks marks;
  marks.owner = text_of(labels, label::owner);
  marks.instance = text_of(labels, label::instance);
  marks.step_hash = text_of(labels, label::step);
  marks.attempt = read_number(labels(label::attempt));
  marks.step_run_id = text_of(annotations, annotation::step_run_id);
  marks.request_hash = text_of(annotations, annotation::request_hash);
  if (const auto text = annotations(annotation::policy)) marks.policy = read_policy(*text);
  if (const auto text = annotations(annotation::cancelled_at)) marks.cancelled_at = *text;
  marks.given_up = text_of(annotations, annotation::given_up);
  marks.restarts = read_number(annotations(annotation::restarts)).value_or(0);
  marks.replaced = annotations(annotation::replaced_by).has_value();
  return marks;
}

}  // namespace stepop::manifest
