#include "request/schema.hpp"

#include <algorithm>

#include "request/declarations.hpp"
#include "request/openapi/kinds.hpp"
#include "request/openapi/table.hpp"

namespace stepop::request {
namespace {

json::object titled(const char* title, json::object schema) {
  json::object result{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  auto definitions = openapi::definitions_of(schema);
  for (auto& [key, value] : schema) result[key] = std::move(value);
  result["$defs"] = std::move(definitions);
  return result;
}

void append_table(std::string& page, const std::string& title, const std::vector<MemberText>& members) {
  page += "## " + title + "\n\n| name | value | default | meaning |\n|---|---|---|---|\n";
  for (const auto& member : members) {
    const std::string default_ = member.required           ? "required"
                                 : member.default_.empty() ? ""
                                                           : "`" + member.default_ + "`";
    page += "| `" + member.name + "` | " + member.expected + " | " + default_ + " | " + member.description + " |\n";
  }
  page += '\n';
  for (const auto& member : members) {
    if (!member.members.empty()) append_table(page, title + ", `" + member.name + "`", member.members);
  }
}

}  // namespace

json::object config_schema() {
  return titled("Configuration of the kubernetes step operator", config_object().schema());
}

json::object settings_schema() {
  return titled("Settings of a step", settings_object().schema());
}

json::object request_schema() {
  return titled("Request for a step", request_object().schema());
}

std::string documentation() {
  const auto settings = settings_object().texts();
  auto config = config_object().texts();
  std::erase_if(config, [&](const MemberText& member) {
    return std::any_of(settings.begin(), settings.end(),
                       [&](const MemberText& setting) { return setting.name == member.name; });
  });
  auto request = request_object().texts();
  for (auto& member : request) {
    if (member.name == "settings") member.members.clear();  // they have a chapter of their own
  }
  std::string page =
      "# What the flavor `kubernetes` can be asked\n\n"
      "Made from the declarations by `stepop-ask page`; a test compares.\n\n"
      "Objects that are named by a type (Affinity, Volume, PodSpec, ...) are Kubernetes' own, of its API " +
      std::string(openapi::kubernetes_version) +
      ". Each of their fields may have Kubernetes' name (`hostIPC`) or the Kubernetes Python client's (`host_ipc`), "
      "but "
      "not both; one that is null is one that is not given. Keys that are yours (labels, node selectors, resource "
      "names) "
      "stay as they are. Everywhere else null is an error.\n\n"
      "A step's scalars and lists take the place of the operator's; maps and objects merge by key.\n\n";
  append_table(page, "Configuration", config);
  page += "Every setting below may stand beside these, as the default of every step.\n\n";
  append_table(page, "Request", request);
  append_table(page, "Settings", settings);
  return page;
}

}  // namespace stepop::request
