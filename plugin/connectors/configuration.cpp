#include "connectors/configuration.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <stepop/nearest_name.hpp>

#include "kube/timestamp.hpp"

namespace stepop::connectors {
namespace {

using plugin::Error;
using plugin::Finding;
using Kind = Attribute::Kind;

std::string what_it_is(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "a mapping";
    default:
      return "a number";
  }
}

const char* expected(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::list:
      return "a list of texts";
    default:
      return "a text that is not empty";
  }
}

const char* kind_name(Kind kind) {
  return kind == Kind::boolean ? "boolean" : kind == Kind::list ? "list" : "text";
}

bool fits(const json::value& value, Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return value.is_bool();
    case Kind::list:
      return value.is_array() && std::all_of(value.get_array().begin(), value.get_array().end(),
                                             [](const json::value& item) { return item.is_string(); });
    default:
      return value.is_string() && !value.get_string().empty();
  }
}

template <class Named>
std::vector<std::string> names_of(const std::vector<Named>& all) {
  std::vector<std::string> names;
  for (const Named& one : all) names.emplace_back(one.name);
  return names;
}

template <class Named>
const Named* find(const std::vector<Named>& all, std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

class Reader {
 public:
  void complain(const char* code, std::string path, std::string message, std::string hint = "") {
    findings_.push_back({Finding::Level::error, code, std::move(path), std::move(message), std::move(hint), false});
  }
  // "" where it is not there, or is none.
  std::string text(const json::object& object, const char* name, bool required = false) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr) {
      if (required) complain("MissingKey", name, std::string("is missing, expected a text"));
      return "";
    }
    if (fits(*value, Kind::text)) return std::string(value->get_string());
    complain("WrongType", name, "found " + what_it_is(*value) + ", expected a text that is not empty");
    return "";
  }
  void done() {
    if (!findings_.empty()) throw Error(STEPOP_E_INVALID, std::move(findings_));
  }

 private:
  std::vector<Finding> findings_;
};

void read_values(const AuthMethod& method, const json::object& values, Configuration& out, Reader& reader) {
  for (const auto& member : values) {
    const std::string path = "configuration." + std::string(member.key());
    const Attribute* attribute = find(method.attributes, member.key());
    if (attribute == nullptr) {
      reader.complain("UnknownKey", path, "is no attribute of the method " + std::string(method.name),
                      did_you_mean(std::string(member.key()), names_of(method.attributes)));
    } else if (attribute->kind == Kind::secret && member.value().is_object()) {
      // ZenML takes a credentials file as a mapping too.
      out.values[member.key()] = json::serialize(member.value());
    } else if (!fits(member.value(), attribute->kind)) {
      reader.complain("WrongType", path,
                      "found " + what_it_is(member.value()) + ", expected " + expected(attribute->kind));
    } else {
      out.values[member.key()] = member.value();
    }
  }
  for (const Attribute& attribute : method.attributes) {
    if (attribute.required && !values.contains(attribute.name)) {
      reader.complain("MissingKey", "configuration." + std::string(attribute.name),
                      std::string("is missing, expected ") + attribute.title);
    }
  }
}

void read_lifetime(const AuthMethod& method, const json::object& connector, Configuration& out, Reader& reader) {
  if (const json::value* seconds = connector.if_contains("expiration_seconds")) {
    const bool whole = seconds->is_int64() || seconds->is_uint64();
    const auto given = whole ? seconds->to_number<std::int64_t>() : 0;
    if (method.default_seconds == 0) {
      reader.complain("NotPossible", "expiration_seconds",
                      "the method " + std::string(method.name) + " does not decide how long its credentials live");
    } else if (!whole || given < method.least_seconds || given > method.most_seconds) {
      reader.complain("WrongValue", "expiration_seconds",
                      "found " + (whole ? std::to_string(given) : what_it_is(*seconds)) +
                          ", expected a whole number from " + std::to_string(method.least_seconds) + " to " +
                          std::to_string(method.most_seconds));
    } else {
      out.expiration_seconds = static_cast<int>(given);
    }
  }
  const std::string expires = reader.text(connector, "expires_at");
  if (expires.empty()) return;
  if (const auto time = kube::parse_rfc3339(expires)) {
    out.expires_at = std::chrono::floor<std::chrono::seconds>(*time);
  } else {
    reader.complain("WrongValue", "expires_at", "found \"" + expires + "\", expected a time as 2026-01-31T12:00:00Z");
  }
}

}  // namespace

std::string Configuration::text(std::string_view attribute) const {
  const json::value* value = values.if_contains(attribute);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::string> Configuration::list(std::string_view attribute) const {
  std::vector<std::string> texts;
  if (const json::value* value = values.if_contains(attribute); value != nullptr && value->is_array()) {
    for (const json::value& item : value->get_array()) texts.emplace_back(item.get_string());
  }
  return texts;
}

bool Configuration::flag(std::string_view attribute) const {
  const json::value* value = values.if_contains(attribute);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Configuration read_configuration(const json::object& connector) {
  static const std::vector<std::string> members{"type",        "auth_method",        "configuration", "resource_type",
                                                "resource_id", "expiration_seconds", "expires_at"};
  Reader reader;
  Configuration out;
  for (const auto& member : connector) {
    const std::string name(member.key());
    if (std::find(members.begin(), members.end(), name) == members.end())
      reader.complain("UnknownKey", name, "is no member of a service connector", did_you_mean(name, members));
  }
  out.type = reader.text(connector, "type", true);
  const ConnectorType* type = find(connector_types(), out.type);
  if (type == nullptr && !out.type.empty()) {
    reader.complain("UnknownName", "type", "found \"" + out.type + "\", which is no type of service connector",
                    did_you_mean(out.type, names_of(connector_types())));
  }
  out.auth_method = reader.text(connector, "auth_method", true);
  const AuthMethod* method = type == nullptr ? nullptr : find(type->methods, out.auth_method);
  if (type != nullptr && method == nullptr && !out.auth_method.empty()) {
    reader.complain("UnknownName", "auth_method",
                    "found \"" + out.auth_method + "\", which is no method of the type " + type->name,
                    did_you_mean(out.auth_method, names_of(type->methods)));
  }
  const std::string resource_type = reader.text(connector, "resource_type");
  if (!resource_type.empty() && resource_type != kKubernetesCluster) {
    reader.complain("UnknownName", "resource_type",
                    "found \"" + resource_type + "\", expected " + kKubernetesCluster + ", the only one here");
  }
  out.resource_id = reader.text(connector, "resource_id");
  static const json::object none;
  const json::value* values = connector.if_contains("configuration");
  if (values != nullptr && !values->is_object())
    reader.complain("WrongType", "configuration", "found " + what_it_is(*values) + ", expected a mapping");
  if (method != nullptr) {
    read_values(*method, values != nullptr && values->is_object() ? values->get_object() : none, out, reader);
    read_lifetime(*method, connector, out, reader);
  }
  reader.done();
  if (!out.expiration_seconds && method->default_seconds != 0) out.expiration_seconds = method->default_seconds;
  return out;
}

json::array types_as_json() {
  json::array types;
  for (const ConnectorType& type : connector_types()) {
    json::array methods;
    for (const AuthMethod& method : type.methods) {
      json::array attributes;
      for (const Attribute& attribute : method.attributes) {
        attributes.push_back(json::object{{"name", attribute.name},
                                          {"title", attribute.title},
                                          {"type", kind_name(attribute.kind)},
                                          {"secret", attribute.kind == Kind::secret},
                                          {"required", attribute.required}});
      }
      json::object shown{{"auth_method", method.name}, {"title", method.title}, {"attributes", std::move(attributes)}};
      if (method.default_seconds != 0) {
        shown["expiration_seconds"] = json::object{
            {"default", method.default_seconds}, {"minimum", method.least_seconds}, {"maximum", method.most_seconds}};
      }
      methods.push_back(std::move(shown));
    }
    types.push_back(json::object{{"type", type.name},
                                 {"title", type.title},
                                 {"auth_methods", std::move(methods)},
                                 {"resource_types", json::array{json::object{{"resource_type", kKubernetesCluster},
                                                                             {"resource_id", type.resource_id}}}}});
  }
  return types;
}

}  // namespace stepop::connectors
