// What a connector may look at and ask: handed in, so that every flow can be run by a test without a network.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kube/http.hpp"

namespace stepop::connectors {

using Time = std::chrono::sys_seconds;

// One HTTP request to a cloud.
struct Call {
  kube::Method method = kube::Method::Get;
  std::string url{};  // absolute: https://host[:port]/path[?query]
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::string content_type = "application/x-www-form-urlencoded";
  // What must stand in no message, whatever the other side answers.
  std::vector<std::string> secrets{};
  // Zero: as long as there is time. An instance's metadata is asked for a moment only: elsewhere nobody answers there.
  std::chrono::milliseconds timeout{0};
};

using Answer = kube::Response;

struct Surroundings {
  std::map<std::string, std::string> variables{};  // the environment
  // What is in a file; nothing where it cannot be read.
  std::function<std::optional<std::string>(const std::string& path)> read_file{};
  // Blocks. Throws plugin::Error (UNAVAILABLE, TIMEOUT), which names the server and holds no secret. Never follows a redirect.
  std::function<Answer(const Call&)> ask{};
  // By the clocks of the clouds, once one has answered.
  std::function<Time()> now{};

  // Nothing when it is not set, or empty.
  std::optional<std::string> variable(const std::string& name) const;
  // `path` with ~ as $HOME.
  std::string home_path(std::string_view path) const;
};

// https://host:port of a URL, for messages; the whole of it where that is not one.
std::string origin_of(std::string_view url);

}  // namespace stepop::connectors
