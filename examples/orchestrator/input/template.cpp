#include "input/template.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "input/names.hpp"

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

std::optional<ResultReference> result_reference(const std::string& body) {
  const std::vector<std::string> names = split(body, '.');
  const bool holds = names.size() >= 3 && names[2] == "result" &&
                     std::none_of(names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
  if (!holds) return std::nullopt;
  return ResultReference{names[1], {names.begin() + 3, names.end()}};
}

TemplateReading read(std::string_view text, const Environment& environment) {
  TemplateReading reading;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) reading.value.parts.emplace_back(std::move(literal));
    literal.clear();
  };
  ReferencePieces found = reference_pieces(text, {kEnvironment, kSteps});
  for (ReferencePiece& piece : found.pieces) {
    if (!piece.is_reference) {
      literal += piece.text;
    } else if (std::string_view(piece.text).substr(0, kEnvironment.size()) == kEnvironment) {
      ReferenceValue value = environment_value(piece.text, environment);
      literal += value.text;
      if (!value.error.empty()) reading.errors.push_back(std::move(value.error));
    } else if (auto reference = result_reference(piece.text)) {
      flush();
      reading.value.parts.emplace_back(std::move(*reference));
    } else {
      reading.errors.push_back("found ${" + piece.text +
                               "}, expected ${steps.STEP.result} or ${steps.STEP.result.MEMBER}");
    }
  }
  if (!found.error.empty()) reading.errors.push_back(std::move(found.error));
  flush();
  return reading;
}

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

TemplateReading read_template(std::string_view text, const Environment& environment) {
  return read(text, environment);
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
