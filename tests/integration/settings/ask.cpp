// What the rooms `request` and `manifest` make of an input, for the scripts that compare it with what others make of it.
//
//   stepop-ask schemas            the three JSON Schemas: {"config", "settings", "request"}
//   stepop-ask page               the reference of all settings, in Markdown: plugin/request/SETTINGS.md
//   stepop-ask answers < CASES    a line for each line: {"config": text, "request": text} becomes {"findings": [...]}, or
//                                 {"warnings": [...], "pod", "job", "service", "secret"}; without "request" it is the
//                                 configuration that is asked about. The texts are JSON.
#include <boost/json.hpp>
#include <iostream>
#include <plugin/json_text.hpp>
#include <string>

#include "manifest/job.hpp"
#include "manifest/pod.hpp"
#include "request/schema.hpp"

namespace stepop {
namespace {

namespace json = boost::json;

json::array as_array(const std::vector<plugin::Finding>& findings) {
  json::array array;
  for (const auto& finding : findings) array.push_back(plugin::to_json(finding));
  return array;
}

json::object answer(const json::object& question) {
  try {
    const auto* configured = question.if_contains("config");
    const auto config = request::parse_config(
        plugin::parse_object(configured ? configured->as_string() : R"({"owner": "me"})", "the configuration"));
    const auto* asked = question.if_contains("request");
    if (!asked) return {{"warnings", as_array(config.warnings)}};
    const auto request = request::parse_request(plugin::parse_object(asked->as_string(), "the request"), config);
    const manifest::Identity identity{config.owner, request.step_run_id};
    json::object answer{{"warnings", as_array(request.warnings)},
                        {"pod", manifest::pod_manifest(request, identity, "instance", 0)}};
    answer["job"] = manifest::job_manifest(request, identity, "instance", 0);
    const manifest::Owner owner{"batch/v1", "Job",
                                manifest::workload_name(manifest::readable_name(request), identity, 0), "uid-1"};
    answer["service"] = manifest::service_manifest(request, identity, "instance", 0, owner);
    answer["secret"] = manifest::secret_manifest(request, identity, "instance", 0, owner);
    return answer;
  } catch (const plugin::Error& error) {
    return {{"findings", as_array(error.findings())}};
  }
}

int run(const std::string& command) {
  if (command == "schemas") {
    std::cout << json::serialize(json::object{{"config", request::config_schema()},
                                              {"settings", request::settings_schema()},
                                              {"request", request::request_schema()}})
              << '\n';
  } else if (command == "page") {
    std::cout << request::documentation();
  } else if (command == "answers") {
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << json::serialize(answer(json::parse(line).as_object())) << std::endl;
    }
  } else {
    std::cerr << "stepop-ask schemas | page | answers\n";
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace stepop

int main(int count, char** words) {
  return stepop::run(count == 2 ? words[1] : "");
}
