#include "input/late_text.hpp"

#include <boost/json/array.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "input/utf8.hpp"
#include "input/value_in_file.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kEnvironment = "env:";
constexpr std::string_view kFile = "file:";
constexpr std::string_view kSteps = "steps.";
// What a Kubernetes Secret can hold, and more than any password has.
constexpr std::size_t kLargestFile = 1u << 20;

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.substr(0, beginning.size()) == beginning;
}

ReferenceValue file_value(std::string_view reference) {
  const std::string file(reference.substr(kFile.size()));
  std::error_code unknown;
  if (fs::is_directory(file, unknown)) return {"", "cannot read " + file + ": it is a directory"};
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const int error = errno;
    return {"", "cannot read " + file + ": " + std::strerror(error)};
  }
  std::string text(kLargestFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kLargestFile) return {"", file + " has more than 1 MiB, which is no secret"};
  if (first_invalid_utf8(text)) return {"", file + " has bytes that are not UTF-8, and a secret is text"};
  if (text.ends_with('\n')) text.pop_back();
  return {std::move(text), ""};
}

json::value resolve(const json::value& late, const Environment& environment, const std::string& path,
                    std::vector<LateError>& errors) {
  if (const json::string* text = late.if_string()) return json::string(resolve_text(*text, environment, path, errors));
  if (const json::array* items = late.if_array()) {
    json::array array;
    for (std::size_t i = 0; i < items->size(); ++i)
      array.push_back(resolve((*items)[i], environment, path + "[" + std::to_string(i) + "]", errors));
    return array;
  }
  if (is_place_of_value(late)) {
    ReferenceValue value = value_in_file(late);
    if (!value.error.empty()) errors.push_back({path, std::move(value.error)});
    // Escapes only: a value with a reference is not kept by its place.
    return json::string(resolve_text(value.text, environment, path, errors));
  }
  if (const json::object* members = late.if_object()) {
    json::object object;
    for (const auto& member : *members)
      object[member.key()] = resolve(member.value(), environment, child_path(path, std::string(member.key())), errors);
    return object;
  }
  return late;
}

}  // namespace

std::string read_late_text(std::string_view written, Place place, const std::string& path, FileReading& reading) {
  const ReferencePieces found = reference_pieces(written, {kEnvironment, kFile, kSteps});
  if (!found.error.empty()) reading.complain(place, path, found.error);
  std::string text;
  for (const ReferencePiece& piece : found.pieces) {
    if (piece.is_reference && begins_with(piece.text, kFile)) {
      const std::string file = piece.text.substr(kFile.size());
      if (file.empty())
        reading.complain(place, path, "found ${file:}, expected ${file:PATH}");
      else
        text += "${file:" + (reading.directory / file).lexically_normal().string() + "}";
      continue;
    }
    if (piece.is_reference && begins_with(piece.text, kSteps)) {
      reading.complain(place, path,
                       "found ${" + piece.text + "}; a step's result can stand only in command, args and environment");
    } else if (piece.is_reference) {
      // Whether it is set does not matter yet; how it is written does.
      const ReferenceValue form = environment_value(piece.text, [](const std::string&) { return std::string(); });
      if (!form.error.empty()) reading.complain(place, path, form.error);
    }
    text += piece.source;
  }
  return text;
}

bool has_reference(std::string_view late_text) {
  for (const ReferencePiece& piece : reference_pieces(late_text, {kEnvironment, kFile}).pieces) {
    if (piece.is_reference) return true;
  }
  return false;
}

std::string resolve_text(std::string_view late_text, const Environment& environment, const std::string& path,
                         std::vector<LateError>& errors) {
  std::string text;
  for (const ReferencePiece& piece : reference_pieces(late_text, {kEnvironment, kFile}).pieces) {
    if (!piece.is_reference) {
      text += piece.text;
      continue;
    }
    ReferenceValue value =
        begins_with(piece.text, kFile) ? file_value(piece.text) : environment_value(piece.text, environment);
    if (!value.error.empty()) errors.push_back({path, std::move(value.error)});
    text += value.text;
  }
  return text;
}

json::value read_late_value(const YamlValue& value, const std::string& path, FileReading& reading) {
  switch (value.kind) {
    case YamlValue::Kind::scalar:
      if (!value.scalar.is_string()) return value.scalar;
      return json::string(read_late_text(value.scalar.get_string(), value.place, path, reading));
    case YamlValue::Kind::sequence: {
      json::array array;
      for (std::size_t i = 0; i < value.items.size(); ++i)
        array.push_back(read_late_value(value.items[i], path + "[" + std::to_string(i) + "]", reading));
      return array;
    }
    case YamlValue::Kind::mapping:
      break;
  }
  json::object object;
  for (const YamlMember& member : value.members)
    object[member.name] = read_late_value(member.value, child_path(path, member.name), reading);
  return object;
}

json::object resolve_object(const json::object& late, const Environment& environment, std::vector<LateError>& errors) {
  return std::move(resolve(late, environment, "", errors).as_object());
}

}  // namespace stepop::orchestrator
