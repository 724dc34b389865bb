#include "input/service_connector.hpp"

#include <boost/json/array.hpp>

#include "input/value_in_file.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

json::value read_attribute(const YamlValue& value, const std::string& path, FileReading& reading) {
  if (value.kind != YamlValue::Kind::scalar || !value.scalar.is_string()) return read_late_value(value, path, reading);
  const std::string text = read_late_text(value.scalar.get_string(), value.place, path, reading);
  if (has_reference(text)) return json::string(text);
  return place_of_value(reading.directory / std::filesystem::path(reading.file).filename(), path);
}

ServiceConnectorEntry read_entry(const YamlMember& member, FileReading& reading) {
  const std::string path = child_path("service_connectors", member.name);
  check_name(member.name, member.place, path, reading);
  MappingReader mapping(member.value, path, reading);
  ServiceConnectorEntry entry;
  entry.name = member.name;
  entry.place = member.place;
  if (!mapping.is_mapping()) return entry;
  entry.type = mapping.take_required_string("type").value_or("");
  entry.auth_method = mapping.take_required_string("auth_method").value_or("");
  entry.connector = {{"type", entry.type}, {"auth_method", entry.auth_method}};
  for (const char* name : {"resource_type", "resource_id", "expires_at"}) {
    if (const auto text = mapping.take_string(name)) entry.connector[name] = *text;
  }
  if (const YamlMember* seconds = mapping.take("expiration_seconds")) {
    if (seconds->value.kind == YamlValue::Kind::scalar && seconds->value.scalar.is_number())
      entry.connector["expiration_seconds"] = seconds->value.scalar;
    else
      reading.complain(seconds->value.place, child_path(path, "expiration_seconds"),
                       "found " + what_it_is(seconds->value) + ", expected a number of seconds");
  }
  json::object attributes;
  if (const YamlMember* configuration = mapping.take("configuration")) {
    const std::string inside = child_path(path, "configuration");
    const MappingReader all(configuration->value, inside, reading);
    for (const YamlMember& attribute : configuration->value.members)
      attributes[attribute.name] = read_attribute(attribute.value, child_path(inside, attribute.name), reading);
  }
  entry.connector["configuration"] = std::move(attributes);
  mapping.finish();
  return entry;
}

}  // namespace

std::vector<ServiceConnectorEntry> read_service_connectors(const YamlValue& value, FileReading& reading) {
  std::vector<ServiceConnectorEntry> entries;
  if (value.kind != YamlValue::Kind::mapping) {
    reading.complain(value.place, "service_connectors",
                     "found " + what_it_is(value) + ", expected a mapping of names to service connectors");
  }
  for (const YamlMember& member : value.members) entries.push_back(read_entry(member, reading));
  return entries;
}

json::array to_json(const std::vector<ServiceConnectorEntry>& entries) {
  json::array all;
  for (const ServiceConnectorEntry& entry : entries)
    all.push_back(json::object{{"name", entry.name}, {"connector", entry.connector}});
  return all;
}

std::vector<ServiceConnectorEntry> service_connectors_from_json(const json::array& all) {
  std::vector<ServiceConnectorEntry> entries;
  for (const json::value& value : all) {
    const json::object& object = value.as_object();
    ServiceConnectorEntry entry;
    entry.name = std::string(object.at("name").as_string());
    entry.connector = object.at("connector").as_object();
    entry.type = std::string(entry.connector.at("type").as_string());
    entry.auth_method = std::string(entry.connector.at("auth_method").as_string());
    entries.push_back(std::move(entry));
  }
  return entries;
}

json::object resolved(const ServiceConnectorEntry& entry, const Environment& environment,
                      std::vector<LateError>& errors) {
  json::object connector = entry.connector;
  std::vector<LateError> found;
  connector["configuration"] = resolve_object(entry.connector.at("configuration").as_object(), environment, found);
  for (LateError& error : found) errors.push_back({"configuration." + error.path, std::move(error.what)});
  return connector;
}

bool is_plain(const ServiceConnectorEntry& entry, const std::string& attribute) {
  const json::value* value = entry.connector.at("configuration").as_object().if_contains(attribute);
  if (value == nullptr) return false;
  // A credentials file may stand there as a mapping.
  return is_place_of_value(*value) || value->is_object();
}

}  // namespace stepop::orchestrator
