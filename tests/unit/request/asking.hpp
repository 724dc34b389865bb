// How these tests ask: JSON text in, a request or the mistakes out.
#pragma once

#include <boost/json/parse.hpp>
#include <stepop/plugin.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "request/step_request.hpp"

namespace stepop::request {

inline json::object object(std::string_view text) {
  return json::parse(text).as_object();
}

inline OperatorConfig config(std::string_view text = R"({"owner": "me"})") {
  return parse_config(object(text));
}

// The least that a request has, and what `more` adds: members, as they stand in JSON.
inline json::object asking(std::string_view more = "") {
  return object(R"({"step_run_id": "r1/train", "image": "img")" +
                (more.empty() ? std::string() : ", " + std::string(more)) + "}");
}

inline StepRequest request(std::string_view more = "", const OperatorConfig& operator_config = config()) {
  return parse_request(asking(more), operator_config);
}

// "code path: message (hint)", one for each mistake.
inline std::vector<std::string> lines(const plugin::Error& error) {
  std::vector<std::string> lines;
  for (const auto& finding : error.findings()) {
    lines.push_back(finding.code + " " + finding.path + ": " + finding.message +
                    (finding.hint.empty() ? "" : " (" + finding.hint + ")"));
  }
  return lines;
}

inline std::vector<std::string> mistakes_in_request(const json::object& asked,
                                                    const OperatorConfig& operator_config = config()) {
  try {
    parse_request(asked, operator_config);
  } catch (const plugin::Error& error) {
    return lines(error);
  }
  return {};
}

inline std::vector<std::string> mistakes_in_config(const json::object& configured) {
  try {
    parse_config(configured);
  } catch (const plugin::Error& error) {
    return lines(error);
  }
  return {};
}

}  // namespace stepop::request
