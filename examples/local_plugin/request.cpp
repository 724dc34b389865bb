#include "request.hpp"

#include <unistd.h>
#include <stepop/schema.hpp>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace stepop::local {
namespace {

using plugin::Finding;

// The number of the normalised form below: change it with the form, and old steps are not taken for other ones.
constexpr int request_schema_number = 1;

json::object parsed(std::string_view text) {
  return json::parse(text).as_object();
}

[[noreturn]] void refuse(std::vector<Finding> findings) {
  throw plugin::Error(STEPOP_E_INVALID, std::move(findings));
}

Finding invalid(std::string path, std::string message, std::string hint = "") {
  return {Finding::Level::error, "InvalidValue", std::move(path), std::move(message), std::move(hint), false};
}

std::string string_or(const json::object& object, std::string_view key, std::string otherwise) {
  const json::value* found = object.if_contains(key);
  return found == nullptr ? otherwise : std::string(found->get_string());
}

bool alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The rule for label values of Kubernetes ("Labels and Selectors"), so that one owner's name serves both flavors.
bool valid_owner(std::string_view owner) {
  return !owner.empty() && alphanumeric(owner.front()) && alphanumeric(owner.back()) &&
         std::all_of(owner.begin(), owner.end(),
                     [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string default_state_directory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::string(state) + "/stepop/local";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string(home) + "/.local/state/stepop/local";
  return "";
}

void check_environment(const json::object& environment, const std::string& path, std::vector<Finding>& findings) {
  for (const auto& variable : environment) {
    const std::string_view key = variable.key();
    if (key.empty() || key.find('=') != key.npos || key.find('\0') != key.npos)
      findings.push_back(
          invalid(path + "." + std::string(key), "the name of a variable must not be empty or hold '=' or NUL"));
    if (key.starts_with("STEPOP_"))
      findings.push_back(invalid(path + "." + std::string(key), "names that begin with STEPOP_ are the plugin's own"));
  }
}

// A NUL ends an argument of exec before its time.
void refuse_nul(const json::value& value, const std::string& path, std::vector<Finding>& findings) {
  if (const auto* text = value.if_string(); text != nullptr && text->find('\0') != text->npos)
    findings.push_back(invalid(path, "must not hold a NUL"));
  if (const auto* list = value.if_array())
    for (std::size_t i = 0; i < list->size(); ++i)
      refuse_nul((*list)[i], path + "[" + std::to_string(i) + "]", findings);
  if (const auto* object = value.if_object())
    for (const auto& member : *object)
      refuse_nul(member.value(), path.empty() ? std::string(member.key()) : path + "." + std::string(member.key()),
                 findings);
}

std::chrono::milliseconds seconds(const json::value& value) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(value.to_number<double>() * 1000.0));
}

// `working_directory` is what the request itself says: the config's default may differ in the host's next life.
std::string normalised(const Request& request, const std::string& working_directory) {
  json::array command;
  for (const std::string& word : request.command) command.emplace_back(word);
  json::object labels;
  for (const auto& [key, value] : request.labels) labels[key] = value;
  json::object environment;
  for (const auto& [key, value] : request.environment) environment[key] = value;
  json::object asked{{"schema", request_schema_number},
                     {"labels", std::move(labels)},
                     {"command", std::move(command)},
                     {"environment", std::move(environment)},
                     {"working_directory", working_directory}};
  if (!request.secrets.empty()) {
    json::array names;
    for (const auto& [name, value] : request.secrets) names.emplace_back(name);
    asked["secrets"] = std::move(names);
  }
  return json::serialize(asked);
}

}  // namespace

const json::object& settings_schema() {
  static const json::object schema = parsed(R"({
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "working_directory": {"type": "string", "minLength": 1,
        "description": "Where the command runs; an absolute path. Default: the config's."},
      "secrets": {"type": "object", "additionalProperties": {"type": "string"},
        "description": "Variables like those of the request's environment, whose values the plugin writes down nowhere."},
      "cleanup": {"type": "string", "enum": ["on_success", "never", "always"],
        "description": "What forget removes: the directory with the step's log and result. Default: the config's."},
      "termination_grace_seconds": {"type": "number", "minimum": 0, "maximum": 86400,
        "description": "How long the command may take to stop after SIGTERM. Default: the config's."}
    }
  })");
  return schema;
}

const json::object& config_schema() {
  static const json::object schema = parsed(R"({
    "type": "object",
    "additionalProperties": false,
    "required": ["owner"],
    "properties": {
      "owner": {"type": "string", "minLength": 1, "maxLength": 63,
        "description": "Whose steps these are: the same step_run_id of another owner is another step."},
      "state_directory": {"type": "string", "minLength": 1,
        "description": "Where steps are kept; an absolute path. Default: $XDG_STATE_HOME/stepop/local, or ~/.local/state/stepop/local."},
      "working_directory": {"type": "string", "minLength": 1,
        "description": "Where commands run; an absolute path. Default: the host's working directory at open."},
      "cleanup": {"type": "string", "enum": ["on_success", "never", "always"], "default": "on_success",
        "description": "What forget removes: the directory with the step's log and result."},
      "termination_grace_seconds": {"type": "number", "minimum": 0, "maximum": 86400, "default": 30,
        "description": "How long a command may take to stop after SIGTERM."}
    }
  })");
  return schema;
}

const json::object& request_schema() {
  static const json::object schema = [] {
    json::object base = parsed(R"({
      "type": "object",
      "additionalProperties": false,
      "required": ["step_run_id", "command"],
      "properties": {
        "step_run_id": {"type": "string", "minLength": 1, "maxLength": 512,
          "description": "The step's identity."},
        "step_name": {"type": "string"},
        "pipeline": {"type": "string"},
        "run_id": {"type": "string"},
        "run_name": {"type": "string"},
        "project_id": {"type": "string"},
        "image": {"type": "string",
          "description": "Not used: a process runs with what this machine has. Taken so that a pipeline can move between flavors."},
        "command": {"type": "array", "minItems": 1, "items": {"type": "string"},
          "description": "The program, looked up in PATH, and its first arguments."},
        "args": {"type": "array", "items": {"type": "string"},
          "description": "Further arguments."},
        "environment": {"type": "object", "additionalProperties": {"type": "string"},
          "description": "Added to the host's environment at open."}
      }
    })");
    base["properties"].as_object()["settings"] = settings_schema();
    return base;
  }();
  return schema;
}

std::string digest(std::string_view text) {
  // A fixed namespace of our own; any will do, as long as it never changes.
  static constexpr boost::uuids::uuid names{
      {0x5b, 0x1e, 0x36, 0x0a, 0x8f, 0x1d, 0x4c, 0x0e, 0x9d, 0x55, 0x0c, 0x8e, 0x21, 0x7a, 0x64, 0x3f}};
  return boost::uuids::to_string(boost::uuids::name_generator_sha1(names)(text.data(), text.size()));
}

Cleanup read_cleanup(std::string_view text, std::string_view path) {
  if (text == "on_success") return Cleanup::on_success;
  if (text == "never") return Cleanup::never;
  if (text == "always") return Cleanup::always;
  refuse({invalid(std::string(path), "must be on_success, never or always")});
}

std::string_view name(Cleanup cleanup) {
  switch (cleanup) {
    case Cleanup::never:
      return "never";
    case Cleanup::always:
      return "always";
    case Cleanup::on_success:
      break;
  }
  return "on_success";
}

Config read_config(const json::object& object) {
  std::vector<Finding> findings = plugin::validate(object, config_schema());
  refuse_nul(object, "", findings);
  if (!findings.empty()) refuse(std::move(findings));

  Config config;
  config.owner = object.at("owner").get_string();
  if (!valid_owner(config.owner))
    findings.push_back(invalid("owner",
                               "must consist of letters, digits, '-', '_' and '.', and begin and "
                               "end with a letter or digit"));
  config.state_directory = string_or(object, "state_directory", default_state_directory());
  if (config.state_directory.empty())
    findings.push_back({Finding::Level::error, "MissingKey", "state_directory",
                        "is required: neither XDG_STATE_HOME nor HOME is set", "", false});
  else if (config.state_directory.front() != '/')
    findings.push_back(invalid("state_directory", "must be an absolute path"));
  std::error_code error;
  config.working_directory = string_or(object, "working_directory", std::filesystem::current_path(error).string());
  if (config.working_directory.empty() || config.working_directory.front() != '/')
    findings.push_back(invalid("working_directory", "must be an absolute path"));
  config.cleanup = read_cleanup(string_or(object, "cleanup", "on_success"), "cleanup");
  const json::value* grace = object.if_contains("termination_grace_seconds");
  config.termination_grace = grace == nullptr ? std::chrono::seconds(30) : seconds(*grace);
  if (!findings.empty()) refuse(std::move(findings));

  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals != text.npos && !text.starts_with("STEPOP_"))
      config.environment[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return config;
}

Request read_request(const json::object& object, const Config& config) {
  std::vector<Finding> findings = plugin::validate(object, request_schema());
  refuse_nul(object, "", findings);
  if (!findings.empty()) refuse(std::move(findings));

  Request request;
  request.step_run_id = object.at("step_run_id").get_string();
  for (const std::string_view key : {"step_run_id", "step_name", "pipeline", "run_id", "run_name", "project_id"})
    if (const json::value* label = object.if_contains(key)) request.labels[std::string(key)] = label->get_string();
  for (const std::string_view key : {"command", "args"})
    if (const json::value* words = object.if_contains(key))
      for (const json::value& word : words->get_array()) request.command.emplace_back(word.get_string());
  if (request.command.front().empty()) findings.push_back(invalid("command[0]", "must not be empty"));
  if (const json::value* environment = object.if_contains("environment")) {
    check_environment(environment->get_object(), "environment", findings);
    for (const auto& variable : environment->get_object())
      request.environment[std::string(variable.key())] = variable.value().get_string();
  }

  const json::value* given = object.if_contains("settings");
  const json::object settings = given == nullptr ? json::object{} : given->get_object();
  if (const json::value* secrets = settings.if_contains("secrets")) {
    check_environment(secrets->get_object(), "settings.secrets", findings);
    for (const auto& secret : secrets->get_object()) {
      const std::string key(secret.key());
      if (request.environment.contains(key))
        findings.push_back(invalid("settings.secrets." + key, "is a variable of environment too"));
      request.secrets[key] = secret.value().get_string();
    }
  }
  const std::string own_directory = string_or(settings, "working_directory", "");
  request.working_directory = own_directory.empty() ? config.working_directory : own_directory;
  if (request.working_directory.front() != '/')
    findings.push_back(invalid("settings.working_directory", "must be an absolute path"));
  request.cleanup = read_cleanup(string_or(settings, "cleanup", std::string(name(config.cleanup))), "settings.cleanup");
  const json::value* grace = settings.if_contains("termination_grace_seconds");
  request.termination_grace = grace == nullptr ? config.termination_grace : seconds(*grace);
  if (!findings.empty()) refuse(std::move(findings));

  request.hash = digest(normalised(request, own_directory));
  return request;
}

}  // namespace stepop::local
