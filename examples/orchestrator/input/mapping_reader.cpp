#include "input/mapping_reader.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "input/names.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

constexpr std::size_t kLongestName = 63;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_string(const YamlValue& value) {
  return value.kind == YamlValue::Kind::scalar && value.scalar.is_string();
}

std::string quoting_hint(const YamlValue& value) {
  const bool scalar = value.kind == YamlValue::Kind::scalar && !value.written.empty();
  return scalar ? "quote it: \"" + value.written + "\"" : "";
}

}  // namespace

void FileReading::complain(Place place, std::string path, std::string message, std::string hint) {
  findings.push_back({file, place, std::move(path), std::move(message), std::move(hint)});
}

std::string child_path(const std::string& parent, const std::string& name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), is_word);
  const std::string shown = plain ? name : "\"" + name + "\"";
  return parent.empty() ? shown : parent + "." + shown;
}

MappingReader::MappingReader(const YamlValue& value, std::string path, FileReading& reading)
    : value_(value), path_(std::move(path)), reading_(reading), is_mapping_(value.kind == YamlValue::Kind::mapping) {
  if (!is_mapping_) {
    reading_.complain(value.place, path_, "found " + what_it_is(value) + ", expected a mapping");
  }
}

const YamlMember* MappingReader::take(const std::string& name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
  for (const YamlMember& member : value_.members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

const YamlMember* MappingReader::take_required(const std::string& name, const std::string& expected) {
  const YamlMember* member = take(name);
  if (member == nullptr && is_mapping_) {
    reading_.complain(value_.place, path_, "\"" + name + "\" is missing, expected " + expected);
  }
  return member;
}

std::optional<std::string> MappingReader::as_string(const YamlMember* member) {
  if (member == nullptr) return std::nullopt;
  const std::string path = child_path(path_, member->name);
  auto text = read_string(member->value, path, reading_);
  if (text && text->empty()) {
    reading_.complain(member->value.place, path, "found an empty string, expected some text");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> MappingReader::take_string(const std::string& name) {
  return as_string(take(name));
}

std::optional<std::string> MappingReader::take_required_string(const std::string& name) {
  return as_string(take_required(name, "a string"));
}

void MappingReader::finish() {
  for (const YamlMember& member : value_.members) {
    if (std::find(known_.begin(), known_.end(), member.name) != known_.end()) continue;
    reading_.complain(member.place, child_path(path_, member.name), "unknown key", did_you_mean(member.name, known_));
  }
}

std::optional<Template> read_template_string(const YamlValue& value, const std::string& path, FileReading& reading) {
  if (!is_string(value)) {
    reading.complain(value.place, path, "found " + what_it_is(value) + ", expected a string", quoting_hint(value));
    return std::nullopt;
  }
  TemplateReading result = read_template(value.scalar.get_string(), reading.environment);
  for (std::string& error : result.errors) reading.complain(value.place, path, std::move(error));
  if (!result.errors.empty()) return std::nullopt;
  return std::move(result.value);
}

std::optional<std::string> read_string(const YamlValue& value, const std::string& path, FileReading& reading) {
  const auto result = read_template_string(value, path, reading);
  if (!result) return std::nullopt;
  std::string text;
  for (const Template::Part& part : result->parts) {
    if (const auto* reference = std::get_if<ResultReference>(&part)) {
      reading.complain(
          value.place, path,
          "found " + to_text(*reference) + "; a step's result can stand only in command, args and environment");
      return std::nullopt;
    }
    text += std::get<std::string>(part);
  }
  return text;
}

json::value read_json(const YamlValue& value, const std::string& path, FileReading& reading) {
  switch (value.kind) {
    case YamlValue::Kind::scalar: {
      if (!value.scalar.is_string()) return value.scalar;
      return json::string(read_string(value, path, reading).value_or(""));
    }
    case YamlValue::Kind::sequence: {
      json::array array;
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        array.push_back(read_json(value.items[i], path + "[" + std::to_string(i) + "]", reading));
      }
      return array;
    }
    case YamlValue::Kind::mapping: {
      json::object object;
      for (const YamlMember& member : value.members) {
        object[member.name] = read_json(member.value, child_path(path, member.name), reading);
      }
      return object;
    }
  }
  return nullptr;
}

json::object read_json_object(const YamlValue& value, const std::string& path, FileReading& reading) {
  if (value.kind != YamlValue::Kind::mapping) {
    reading.complain(value.place, path, "found " + what_it_is(value) + ", expected a mapping");
    return {};
  }
  return std::move(read_json(value, path, reading).as_object());
}

bool check_name(const std::string& name, Place place, const std::string& path, FileReading& reading) {
  const bool good =
      !name.empty() && name.size() <= kLongestName && name[0] != '-' && std::all_of(name.begin(), name.end(), is_word);
  if (!good) {
    reading.complain(place, path,
                     "the name \"" + name +
                         "\" is not usable, expected 1 to 63 letters, digits, \"_\" and \"-\", "
                         "not beginning with \"-\"");
  }
  return good;
}

}  // namespace stepop::orchestrator
