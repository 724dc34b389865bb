#include "request/step_request.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "request/declarations.hpp"
#include "request/reserved.hpp"

namespace stepop::request {
namespace {

// Ours: an id or a name is a line that people read, and is kept in an annotation.
constexpr std::size_t longest_name = 4096;

// Linux' MAX_ARG_STRLEN: no argument, and no NAME=value, of a process is longer, the NUL at its end
// included.
constexpr std::size_t longest_argument = 128 * 1024 - 1;

// Command, arguments and environment together. An object in etcd is at most 1.5 MiB, with
// everything that the cluster adds.
constexpr std::size_t most_arguments = 1024 * 1024;

constexpr const char* list_hint = R"(write it as a list; for a shell's line: ["sh", "-c", "..."])";

Kind<std::string> id() {
  Kind<std::string> kind = text(longest_name);
  kind.expected = "a text of 1 to " + std::to_string(longest_name) + " bytes";
  kind.schema["minLength"] = 1;
  kind.read = [read = kind.read, expected = kind.expected](const json::value& value, std::string& into,
                                                           const Reader& place) {
    if (!value.is_string()) return report_wrong_type(place, value, expected);
    if (value.get_string().empty()) {
      return place.report(finding::invalid_value, found_expected("an empty text", expected));
    }
    read(value, into, place);
  };
  return kind;
}

// Errors do not show what a command or a variable is: it may hold a secret.
Kind<std::vector<std::string>> arguments() {
  auto kind = list_of(text(longest_argument, Content::hidden));
  kind.expected = "a list of texts";
  kind.read = [read = kind.read, expected = kind.expected](const json::value& value, std::vector<std::string>& into,
                                                           const Reader& place) {
    if (value.is_string()) {
      return place.report(finding::wrong_type, found_expected("one text", expected), list_hint);
    }
    if (!value.is_array()) return report_wrong_type(place, value, expected, Content::hidden);
    read(value, into, place);
  };
  return kind;
}

using Environment = std::vector<std::pair<std::string, std::string>>;

// A map that keeps the order in which it is written.
Kind<Environment> environment() {
  const auto value_kind = text(longest_argument, Content::hidden);
  Kind<Environment> kind;
  kind.expected = "an object of texts";
  kind.schema = {{"type", "object"},
                 {"propertyNames", text(rule::environment_name).schema},
                 {"additionalProperties", value_kind.schema}};
  kind.schema["propertyNames"].as_object()["not"] = reserved_variables();
  kind.read = [value_kind, expected = kind.expected](const json::value& value, Environment& into, const Reader& place) {
    if (!value.is_object()) return report_wrong_type(place, value, expected, Content::hidden);
    for (const auto& [key, element] : value.get_object()) {
      const std::string_view name(key.data(), key.size());
      const Reader here = place.member(name);
      if (!follows(rule::environment_name, name, here)) continue;
      if (!refuse_reserved_variable(name, here)) continue;
      std::string text;
      value_kind.read(element, text, here);
      if (name.size() + 1 + text.size() > longest_argument) {
        here.report(finding::too_long,
                    found_expected("a name and value of " + std::to_string(name.size() + text.size()) + " bytes",
                                   "at most " + std::to_string(longest_argument - 1)));
      }
      into.emplace_back(name, std::move(text));
    }
  };
  kind.write = [](const Environment& from) {
    json::object entries;
    for (const auto& [name, value] : from) entries[name] = value;
    return json::value(std::move(entries));
  };
  return kind;
}

void check_command(const StepRequest& request, const Reader& here) {
  if (!request.command.empty() && request.command.front().empty()) {
    const Reader command = here.member("command");
    command.element(0).report(finding::invalid_value, found_expected("an empty text", "a program to run"));
  }
  std::size_t size = 0;
  for (const auto& word : request.command) size += word.size();
  for (const auto& word : request.args) size += word.size();
  for (const auto& [name, value] : request.environment) size += name.size() + value.size();
  const auto& pod = request.settings.pod_settings;
  for (const auto* list : {&pod.volumes, &pod.volume_mounts, &pod.env, &pod.env_from, &pod.tolerations}) {
    if (!list->empty()) size += json::serialize(*list).size();
  }
  for (const auto* object : {&pod.affinity, &pod.container_security_context, &pod.additional_pod_spec_args}) {
    if (!object->empty()) size += json::serialize(*object).size();
  }
  if (size > most_arguments) {
    here.report(finding::too_long,
                found_expected(std::to_string(size) + " bytes of command, args, environment and pod_settings",
                               "at most " + std::to_string(most_arguments)));
  }
}

// The cluster would take the last of two variables of one name.
void check_secrets(const StepRequest& request, const Reader& here) {
  for (const auto& [name, value] : request.environment) {
    if (!request.settings.secrets.contains(name)) continue;
    const Reader environment = here.member("environment");
    environment.member(name).report(finding::duplicate_key,
                                    found_expected("a variable that is one of settings.secrets too", "one of them"));
  }
}

// What `value` says that `base` does not.
json::object difference(const json::object& value, const json::object& base) {
  json::object result;
  for (const auto& [key, ours] : value) {
    const auto* theirs = base.if_contains(key);
    if (theirs && *theirs == ours) continue;
    if (theirs && theirs->is_object() && ours.is_object()) {
      auto deeper = difference(ours.get_object(), theirs->get_object());
      if (!deeper.empty()) result[key] = std::move(deeper);
    } else {
      result[key] = ours;
    }
  }
  return result;
}

// Everything but what is named here counts: a new setting does unless it is added.
json::object asked(const StepRequest& request, const OperatorConfig& config) {
  StepRequest base;
  base.settings = config.settings;
  json::object result = difference(request_object().write(request), request_object().write(base));
  for (const char* name : {"step_run_id", "step_name", "pipeline", "run_id", "run_name", "project_id"}) {
    result.erase(name);
  }
  if (auto* settings = result.if_contains("settings")) {
    for (const auto& member : policy_object().members()) settings->get_object().erase(member.name);
    for (const char* name : {"job_name_prefix", "active_deadline_seconds", "ttl_seconds_after_finished",
                             "api_request_timeout", "max_api_retries"}) {
      settings->get_object().erase(name);
    }
    if (settings->get_object().empty()) result.erase("settings");
  }
  return result;
}

}  // namespace

const Object<StepRequest>& request_object() {
  static const auto object =
      Object<StepRequest>()
          .member("step_run_id", &StepRequest::step_run_id, id(),
                  "The step's identity, and its idempotency key: the same id (of the same owner) "
                  "is the same "
                  "step, in this process or the next.")
          .required()
          .member("image", &StepRequest::image, text(rule::image), "The container image that the step runs in.")
          .required()
          .member("command", &StepRequest::command, arguments(),
                  "What to run, a list; the image's entrypoint when it is empty or not given. "
                  "Kubernetes "
                  "expands $(NAME) of the environment.")
          .member("args", &StepRequest::args, arguments(),
                  "The command's arguments; without a command, those of the image's entrypoint.")
          .member("environment", &StepRequest::environment, environment(), "Environment variables of the step.")
          .member("step_name", &StepRequest::step_name, text(longest_name),
                  "The step's name in its pipeline: a label, and the readable part of the pod's name.")
          .member("pipeline", &StepRequest::pipeline, text(longest_name), "The pipeline's name: a label.")
          .member("run_id", &StepRequest::run_id, text(longest_name), "The pipeline run's id: a label.")
          .member("run_name", &StepRequest::run_name, text(longest_name),
                  "The pipeline run's name: the labels run and run_name.")
          .member("project_id", &StepRequest::project_id, text(longest_name), "The project's id: a label.")
          .member("settings", &StepRequest::settings, settings_object(), "The step's settings, over the operator's.")
          .misplaced(settings_object(), "settings")
          .misplaced(pod_settings_object(), "settings.pod_settings")
          .check(check_command)
          .check(check_secrets);
  return object;
}

StepRequest parse_request(const json::object& object, const OperatorConfig& config) {
  StepRequest request;
  request.settings = config.settings;
  std::vector<plugin::Finding> findings;
  request_object().read(object, request, Reader(findings, &request.warnings));
  throw_if_any(std::move(findings));
  request.asked = asked(request, config);
  return request;
}

}  // namespace stepop::request
