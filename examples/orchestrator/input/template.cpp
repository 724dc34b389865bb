#include "input/template.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdlib>

#include "input/did_you_mean.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kSteps = "steps.";

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t at = text.find(separator, from);
    parts.emplace_back(text.substr(from, at == text.npos ? at : at - from));
    if (at == text.npos) return parts;
    from = at + 1;
  }
}

bool is_variable_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Reader {
 public:
  Reader(std::string_view text, const Environment& environment) : text_(text), environment_(environment) {}

  TemplateReading read() {
    for (std::size_t at = 0; at < text_.size();) {
      const std::string_view rest = text_.substr(at);
      if (rest.substr(0, 3) == "$${") {
        literal_ += "${";
        at += 3;
      } else if (rest.substr(0, 2) == "${" && is_ours(rest.substr(2))) {
        const std::size_t end = rest.find('}');
        if (end == rest.npos) {
          reading_.errors.push_back("\"" + std::string(rest) + "\" has no closing }");
          return finish();
        }
        reference(rest.substr(2, end - 2));
        at += end + 1;
      } else {
        literal_ += text_[at++];
      }
    }
    return finish();
  }

 private:
  static bool is_ours(std::string_view body) {
    return body.substr(0, kEnvironment.size()) == kEnvironment || body.substr(0, kSteps.size()) == kSteps;
  }

  void reference(std::string_view body) {
    if (body.substr(0, kEnvironment.size()) == kEnvironment)
      environment_reference(body);
    else
      result_reference(body);
  }

  void environment_reference(std::string_view body) {
    std::string_view name = body.substr(kEnvironment.size());
    std::optional<std::string> fallback;
    if (const std::size_t at = name.find(":-"); at != name.npos) {
      fallback = std::string(name.substr(at + 2));
      name = name.substr(0, at);
    }
    if (!is_variable_name(name)) {
      reading_.errors.push_back("found ${" + std::string(body) + "}, expected ${env:NAME} or ${env:NAME:-default}");
      return;
    }
    if (auto value = environment_(std::string(name))) {
      literal_ += *value;
    } else if (fallback) {
      literal_ += *fallback;
    } else {
      reading_.errors.push_back("the environment variable " + std::string(name) +
                                " is not set; set it, or give a default: ${env:" + std::string(name) + ":-...}");
    }
  }

  void result_reference(std::string_view body) {
    std::vector<std::string> names = split(body, '.');
    const bool holds = names.size() >= 3 && names[2] == "result" &&
                       std::none_of(names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
    if (!holds) {
      reading_.errors.push_back("found ${" + std::string(body) +
                                "}, expected ${steps.STEP.result} or ${steps.STEP.result.MEMBER}");
      return;
    }
    flush();
    ResultReference reference;
    reference.step = names[1];
    reference.path.assign(names.begin() + 3, names.end());
    reading_.value.parts.emplace_back(std::move(reference));
  }

  void flush() {
    if (!literal_.empty()) reading_.value.parts.emplace_back(std::move(literal_));
    literal_.clear();
  }

  TemplateReading finish() {
    flush();
    return std::move(reading_);
  }

  std::string_view text_;
  const Environment& environment_;
  std::string literal_;
  TemplateReading reading_;
};

std::vector<std::string> member_names(const json::object& object) {
  std::vector<std::string> names;
  for (const auto& member : object) names.emplace_back(member.key());
  return names;
}

// The value inside a result, or null and `error`.
const json::value* look_up(const ResultReference& reference, const Results& results, std::string& error) {
  const auto found = results.find(reference.step);
  if (found == results.end()) {
    error = to_text(reference) + ": step " + reference.step + " wrote no result";
    return nullptr;
  }
  const json::value* value = &found->second;
  for (const std::string& name : reference.path) {
    if (const json::object* object = value->if_object()) {
      value = object->if_contains(name);
      if (value == nullptr) {
        error = to_text(reference) + ": the result has no \"" + name + "\"";
        const std::string meant = did_you_mean(name, member_names(*object));
        if (!meant.empty()) error += "; " + meant;
        return nullptr;
      }
    } else if (const json::array* array = value->if_array()) {
      std::size_t index = 0;
      const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (code != std::errc{} || end != name.data() + name.size() || index >= array->size()) {
        error = to_text(reference) + ": \"" + name + "\" is no index of a list of " + std::to_string(array->size());
        return nullptr;
      }
      value = &(*array)[index];
    } else {
      error = to_text(reference) + ": \"" + name + "\" is looked up in " + std::string(json::to_string(value->kind())) +
              ", expected an object or a list";
      return nullptr;
    }
  }
  return value;
}

}  // namespace

std::string to_text(const ResultReference& reference) {
  std::string text = "${steps." + reference.step + ".result";
  for (const std::string& name : reference.path) text += "." + name;
  return text + "}";
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    if (const char* value = std::getenv(name.c_str())) return std::string(value);
    return std::nullopt;
  };
}

TemplateReading read_template(std::string_view text, const Environment& environment) {
  return Reader(text, environment).read();
}

json::value to_json(const Template& value) {
  if (value.parts.empty()) return json::string();
  if (value.parts.size() == 1) {
    if (const std::string* text = std::get_if<std::string>(&value.parts[0])) return json::string(*text);
  }
  json::array parts;
  for (const Template::Part& part : value.parts) {
    if (const std::string* text = std::get_if<std::string>(&part)) {
      parts.emplace_back(*text);
    } else {
      const ResultReference& reference = std::get<ResultReference>(part);
      json::array path;
      for (const std::string& name : reference.path) path.emplace_back(name);
      parts.emplace_back(json::object{{"step", reference.step}, {"path", std::move(path)}});
    }
  }
  return parts;
}

Template template_from_json(const json::value& value) {
  Template result;
  if (const json::string* text = value.if_string()) {
    if (!text->empty()) result.parts.emplace_back(std::string(*text));
    return result;
  }
  for (const json::value& part : value.as_array()) {
    if (const json::string* text = part.if_string()) {
      result.parts.emplace_back(std::string(*text));
      continue;
    }
    ResultReference reference;
    reference.step = std::string(part.as_object().at("step").as_string());
    for (const json::value& name : part.as_object().at("path").as_array())
      reference.path.emplace_back(name.as_string());
    result.parts.emplace_back(std::move(reference));
  }
  return result;
}

Rendering render(const Template& value, const Results& results) {
  Rendering rendering;
  for (const Template::Part& part : value.parts) {
    if (const std::string* text = std::get_if<std::string>(&part)) {
      rendering.text += *text;
      continue;
    }
    const json::value* found = look_up(std::get<ResultReference>(part), results, rendering.error);
    if (found == nullptr) return {"", std::move(rendering.error)};
    if (const json::string* text = found->if_string())
      rendering.text.append(text->data(), text->size());
    else
      rendering.text += json::serialize(*found);
  }
  return rendering;
}

}  // namespace stepop::orchestrator
