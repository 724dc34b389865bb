// What the host hands over: the operator's config and a step's request, declared once as JSON Schemas, and read into plain structs.
#pragma once

#include <stepop/plugin.hpp>

#include <map>

namespace stepop::local {

namespace json = boost::json;

const json::object& config_schema();
const json::object& settings_schema();
const json::object& request_schema();

// What `forget` does with a step's directory.
enum class Cleanup { on_success, never, always };

struct Config {
  std::string owner;
  std::string state_directory;  // absolute
  // What a step gets when its settings do not say.
  std::string working_directory;  // absolute
  Cleanup cleanup = Cleanup::on_success;
  std::chrono::milliseconds termination_grace{};
  // The host's, when `open` was called.
  std::map<std::string, std::string> environment;
};

struct Request {
  std::string step_run_id;
  // Who it is for: step_name, pipeline, run_id, run_name, project_id, and step_run_id.
  std::map<std::string, std::string> labels;
  std::vector<std::string> command;  // with its arguments
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> secrets;  // variables too, but never written anywhere
  std::string working_directory;
  Cleanup cleanup = Cleanup::on_success;
  std::chrono::milliseconds termination_grace{};
  // Of all that decides what is run, normalised: the same step asks for the same. Of secrets the names: a token that was
  // renewed is the same step. No text can be had back from it.
  std::string hash;
};

// Both throw plugin::Error(INVALID) with every mistake. `read_config` reads the environment and the working directory.
Config read_config(const json::object& config);
Request read_request(const json::object& request, const Config& config);

// "on_success", "never" or "always"; throws plugin::Error(INVALID) that names `path`.
Cleanup read_cleanup(std::string_view text, std::string_view path);
std::string_view name(Cleanup);

// A UUID (RFC 9562, version 5: of a SHA-1 hash) of a text.
std::string digest(std::string_view text);

}  // namespace stepop::local
