#include "input/key_values.hpp"

#include <algorithm>

#include "input/yaml_document.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

const json::object* property(const json::object& schema, const std::string& key) {
  const json::value* properties = schema.if_contains("properties");
  const json::value* found =
      properties && properties->is_object() ? properties->get_object().if_contains(key) : nullptr;
  return found ? found->if_object() : nullptr;
}

// A key that the schema does not know is one too: the plugin says what is wrong with it.
bool is_text(const json::object* schema) {
  if (schema == nullptr) return true;
  const json::value* type = schema->if_contains("type");
  if (type == nullptr) return schema->contains("enum") || schema->contains("pattern");
  if (const json::array* types = type->if_array())
    return std::all_of(types->begin(), types->end(), [](const json::value& t) { return t == "string" || t == "null"; });
  return *type == "string";
}

std::string with_file(const std::string& value) {
  if (!value.starts_with('@')) return value;
  return value.starts_with("@@") ? value.substr(1) : read_text_file(value.substr(1));
}

}  // namespace

SplitArguments split_key_values(const std::vector<std::string>& arguments, const std::vector<std::string>& known) {
  SplitArguments split;
  std::vector<Finding> findings;
  const auto complain = [&](const std::string& key, const std::string& message) {
    findings.push_back({"", {}, "--" + key, message, ""});
  };
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      split.known.insert(split.known.end(), arguments.begin() + static_cast<long>(i), arguments.end());
      break;
    }
    const std::size_t equals = argument.find('=');
    const std::string key =
        argument.starts_with("--") ? argument.substr(2, equals == argument.npos ? equals : equals - 2) : "";
    if (key.empty() || std::find(known.begin(), known.end(), key) != known.end()) {
      split.known.push_back(argument);
      continue;
    }
    KeyValue setting{key, ""};
    if (equals != argument.npos) {
      setting.value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size() && !arguments[i + 1].starts_with("--")) {
      setting.value = arguments[++i];
    } else {
      complain(key, "it has no value, expected --" + key + " VALUE");
      continue;
    }
    const bool twice = std::any_of(split.settings.begin(), split.settings.end(),
                                   [&](const KeyValue& other) { return other.key == key; });
    if (twice)
      complain(key, "it is given twice");
    else
      split.settings.push_back(std::move(setting));
  }
  if (!findings.empty()) throw BadInput(std::move(findings));
  return split;
}

json::object typed_values(const std::vector<KeyValue>& settings, const json::object& schema) {
  json::object values;
  std::vector<Finding> findings;
  for (const KeyValue& setting : settings) {
    try {
      const std::string text = with_file(setting.value);
      if (text.empty() || is_text(property(schema, setting.key)))
        values[setting.key] = text;
      else
        values[setting.key] = to_json(parse_yaml("--" + setting.key, text).root);
    } catch (const BadInput& bad) {
      findings.insert(findings.end(), bad.findings().begin(), bad.findings().end());
    }
  }
  if (!findings.empty()) throw BadInput(std::move(findings));
  return values;
}

}  // namespace stepop::orchestrator
