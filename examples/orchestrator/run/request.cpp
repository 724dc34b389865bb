#include "run/request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <functional>

#include "input/secret.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

json::object request_with(const RunNames& run, const Pipeline& pipeline, const Step& step,
                          const std::function<std::string(const Template&)>& text) {
  json::object request{{"step_run_id", step_run_id(run, step)},
                       {"pipeline", pipeline.name},
                       {"run_id", run.id},
                       {"run_name", run.name},
                       {"step_name", step.name}};
  if (step.image) request["image"] = *step.image;
  if (!step.command.empty()) {
    json::array command;
    for (const Template& part : step.command) command.emplace_back(text(part));
    request["command"] = std::move(command);
  }
  if (!step.args.empty()) {
    json::array args;
    for (const Template& part : step.args) args.emplace_back(text(part));
    request["args"] = std::move(args);
  }
  if (!step.environment.empty()) {
    json::object environment;
    for (const Variable& variable : step.environment) environment[variable.name] = text(variable.value);
    request["environment"] = std::move(environment);
  }
  if (!step.settings.empty()) request["settings"] = step.settings;
  return request;
}

}  // namespace

std::string step_run_id(const RunNames& run, const Step& step) {
  return run.id + "/" + step.name;
}

RequestMaking make_request(const RunNames& run, const Pipeline& pipeline, const Step& step, const Results& results) {
  RequestMaking made;
  made.request = request_with(run, pipeline, step, [&](const Template& part) {
    Rendering rendering = render(part, results);
    if (!rendering.error.empty() && made.error.empty()) made.error = std::move(rendering.error);
    return std::move(rendering.text);
  });
  return made;
}

std::string with_secrets(const std::string& request, const Environment& environment, std::vector<LateError>& errors) {
  // Most requests have none, and are handed on as they are.
  if (request.find("\"secrets\"") == request.npos) return request;
  json::object whole = json::parse(request).as_object();
  json::value* settings = whole.if_contains("settings");
  json::value* sources = settings ? settings->as_object().if_contains(kSecrets) : nullptr;
  if (sources == nullptr) return request;
  *sources = resolve_object(sources->as_object(), environment, errors);
  return json::serialize(whole);
}

json::object make_preview(const RunNames& run, const Pipeline& pipeline, const Step& step) {
  json::object preview = request_with(run, pipeline, step, [](const Template& part) {
    std::string text;
    for (const Template::Part& piece : part.parts) {
      const std::string* literal = std::get_if<std::string>(&piece);
      text += literal ? *literal : to_text(std::get<ResultReference>(piece));
    }
    return text;
  });
  if (json::value* settings = preview.if_contains("settings"))
    *settings = without_secrets(std::move(settings->as_object()));
  return preview;
}

}  // namespace stepop::orchestrator
