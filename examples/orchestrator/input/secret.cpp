#include "input/secret.hpp"

#include "input/late_text.hpp"
#include "input/value_in_file.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// Stands for a secret where nothing is to be run.
constexpr std::string_view kNoSecret = "(secret)";

// As what_it_is has it, without what it says.
std::string kind_of(const YamlValue& value) {
  if (value.kind != YamlValue::Kind::scalar) return what_it_is(value);
  if (value.scalar.is_null()) return "nothing";
  if (value.scalar.is_bool()) return "a boolean";
  return value.scalar.is_string() ? "a string" : "a number";
}

json::object* secrets_of(json::object& settings) {
  json::value* secrets = settings.if_contains(kSecrets);
  return secrets ? secrets->if_object() : nullptr;
}

}  // namespace

json::object read_secrets(const YamlValue& value, const std::string& path, FileReading& reading) {
  json::object sources;
  if (value.kind != YamlValue::Kind::mapping)
    reading.complain(value.place, path, "found " + kind_of(value) + ", expected a mapping of names to secrets");
  for (const YamlMember& member : value.members) {
    const std::string inside = child_path(path, member.name);
    if (member.value.kind != YamlValue::Kind::scalar || !member.value.scalar.is_string()) {
      reading.complain(member.value.place, inside, "found " + kind_of(member.value) + ", expected a string",
                       "quote it");
      continue;
    }
    const std::string text = read_late_text(member.value.scalar.get_string(), member.value.place, inside, reading);
    if (has_reference(text))
      sources[member.name] = text;
    else
      sources[member.name] = place_of_value(reading.directory / std::filesystem::path(reading.file).filename(), inside);
  }
  return sources;
}

std::vector<json::value> plain_secrets(const json::object& settings) {
  std::vector<json::value> places;
  json::object copy = settings;
  if (const json::object* secrets = secrets_of(copy)) {
    for (const auto& secret : *secrets) {
      if (is_place_of_value(secret.value())) places.push_back(secret.value());
    }
  }
  return places;
}

json::object without_secrets(json::object settings) {
  if (json::object* secrets = secrets_of(settings)) {
    for (auto& secret : *secrets) secret.value() = kNoSecret;
  }
  return settings;
}

}  // namespace stepop::orchestrator
