// Surroundings that a test writes: variables, files, a clock, and what is answered to each question.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "connectors/connector.hpp"
#include "connectors/encoding.hpp"

namespace stepop::connectors {

inline Answer json_answer(std::string body, int status = 200) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.content_type = "application/json";
  return answer;
}

inline Answer typed_answer(int status, std::string content_type, std::string body) {
  Answer answer = json_answer(std::move(body), status);
  answer.content_type = std::move(content_type);
  return answer;
}

struct FakeCloud {
  Surroundings around;
  std::map<std::string, std::string> files;
  std::vector<Call> asked;
  // The first whose key is in "METHOD url body" answers; a question that nobody expected is unreachable.
  std::vector<std::pair<std::string, std::vector<Answer>>> answers;
  Time now{std::chrono::seconds{1440938160}};  // 2015-08-30T12:36:00Z

  FakeCloud() {
    around.now = [this] { return now; };
    around.read_file = [this](const std::string& path) -> std::optional<std::string> {
      const auto found = files.find(path);
      return found == files.end() ? std::nullopt : std::optional(found->second);
    };
    around.ask = [this](const Call& call) {
      asked.push_back(call);
      const std::string text = std::string(kube::method_name(call.method)) + " " + call.url + " " + call.body;
      for (auto& [key, queue] : answers) {
        if (text.find(key) == std::string::npos || queue.empty()) continue;
        const Answer answer = queue.front();
        if (queue.size() > 1) queue.erase(queue.begin());
        return answer;
      }
      throw Error(STEPOP_E_UNAVAILABLE, "cannot connect to " + origin_of(call.url));
    };
  }
  FakeCloud(const FakeCloud&) = delete;

  void answer(std::string key, std::vector<Answer> with) { answers.emplace_back(std::move(key), std::move(with)); }
  std::string header(std::size_t call, const std::string& name) const {
    for (const auto& [key, value] : asked.at(call).headers) {
      if (key == name) return value;
    }
    return "";
  }
};

// What the connector of a configuration says when it refuses: every finding's path, message and hint.
template <class Function>
std::string complaint_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    std::string text;
    for (const Finding& finding : error.findings())
      text += finding.path + ": " + finding.message + " (" + finding.hint + ")\n";
    return text.empty() ? error.what() : text;
  }
  return "";
}

inline json::object connector_of(const std::string& type, const std::string& method, json::object values) {
  return {{"type", type}, {"auth_method", method}, {"configuration", std::move(values)}};
}

inline std::unique_ptr<Connector> make(const json::object& connector) {
  return make_connector(read_configuration(connector));
}

}  // namespace stepop::connectors
