#include "input/secret.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// As what_it_is has it, without what it says.
std::string kind_of(const YamlValue& value) {
  if (value.kind != YamlValue::Kind::scalar) return what_it_is(value);
  if (value.scalar.is_null()) return "nothing";
  if (value.scalar.is_bool()) return "a boolean";
  return value.scalar.is_string() ? "a string" : "a number";
}

const YamlValue* member_of(const YamlValue& mapping, const std::string& name) {
  for (const YamlMember& member : mapping.members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

// What stands plainly in a pipeline file, read again.
std::string value_in_file(const json::object& source, const std::string& name, std::vector<LateError>& errors) {
  const std::string file(source.at("file").as_string());
  try {
    const YamlDocument document = read_yaml_file(file);
    const YamlValue* at = &document.root;
    for (const std::string& key :
         {std::string("steps"), std::string(source.at("step").as_string()), std::string("secrets"), name}) {
      at = at ? member_of(*at, key) : nullptr;
    }
    if (at != nullptr && at->kind == YamlValue::Kind::scalar && at->scalar.is_string()) {
      // Escapes only: a reference would not have been plain.
      return resolve_text(
          at->scalar.get_string(), [](const std::string&) { return std::string(); }, name, errors);
    }
    errors.push_back({name, "it is not in " + file + " any more"});
  } catch (const BadInput&) {
    errors.push_back({name, "it stands in " + file + ", which cannot be read any more"});
  }
  return "";
}

}  // namespace

json::object read_secrets(const YamlValue& value, const std::filesystem::path& base, const std::string& step,
                          FileReading& reading) {
  json::object sources;
  const std::string path = child_path(child_path("steps", step), "secrets");
  if (value.kind != YamlValue::Kind::mapping)
    reading.complain(value.place, path, "found " + kind_of(value) + ", expected a mapping of names to secrets");
  for (const YamlMember& member : value.members) {
    const std::string inside = child_path(path, member.name);
    if (member.value.kind != YamlValue::Kind::scalar || !member.value.scalar.is_string()) {
      reading.complain(member.value.place, inside, "found " + kind_of(member.value) + ", expected a string",
                       "quote it");
      continue;
    }
    const std::string text =
        read_late_text(member.value.scalar.get_string(), base, member.value.place, inside, reading);
    if (has_reference(text)) {
      sources[member.name] = text;
    } else {
      const auto file = base / std::filesystem::path(reading.file).filename();
      sources[member.name] = json::object{{"file", file.string()}, {"step", step}};
    }
  }
  return sources;
}

std::vector<std::string> plain_secrets(const json::object& sources) {
  std::vector<std::string> names;
  for (const auto& source : sources) {
    if (source.value().is_object()) names.emplace_back(source.key());
  }
  return names;
}

json::object resolve_secrets(const json::object& sources, const Environment& environment,
                             std::vector<LateError>& errors) {
  json::object values;
  for (const auto& source : sources) {
    const std::string name(source.key());
    values[name] = source.value().is_object() ? value_in_file(source.value().get_object(), name, errors)
                                              : resolve_text(source.value().as_string(), environment, name, errors);
  }
  return values;
}

}  // namespace stepop::orchestrator
