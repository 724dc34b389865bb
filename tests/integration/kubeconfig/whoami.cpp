// Asks an API server who one is, by way of a kubeconfig, as the plugin would: KUBECONFIG, HOME and the proxy
// variables are read from the environment.
//
//   stepop-whoami [--context NAME] [--again COUNT SECONDS]
//
// Prints one JSON object, {"server", "user", "uid", "groups", "extra", "warnings"}, or {"refused": why}; exit
// status 1 then. --again asks COUNT times in all, SECONDS apart, with one client, a line each.
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "kube/client.hpp"
#include "kube/config_error.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/tls.hpp"

extern char** environ;

namespace {

namespace json = boost::json;
using namespace stepop;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

json::object refused(const std::string& why) {
  return {{"refused", why}};
}

json::object answer_of(const kube::Outcome& outcome) {
  if (const auto* error = std::get_if<kube::TransportError>(&outcome)) return refused(error->message);
  const auto& response = std::get<kube::Response>(outcome);
  if (response.status != 201) return refused("the server says " + std::to_string(response.status));
  boost::system::error_code error;
  const json::value document = json::parse(response.body, error);
  const json::value* user = error ? nullptr : document.find_pointer("/status/userInfo", error);
  if (user == nullptr || !user->is_object()) return refused("the server says no user");
  json::object out;
  for (const auto& [from, to] :
       {std::pair{"username", "user"}, {"uid", "uid"}, {"groups", "groups"}, {"extra", "extra"}}) {
    if (const json::value* value = user->get_object().if_contains(from)) out[to] = *value;
  }
  return out;
}

}  // namespace

int main(int count, char** words) {
  kube::initialise_tls();
  kube::KubeconfigQuery query;
  query.paths = kube::split_kubeconfig_variable(variable("KUBECONFIG"));
  query.home = variable("HOME");
  for (char** line = environ; *line != nullptr; ++line) query.environment.emplace_back(*line);
  int times = 1;
  int seconds = 0;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--context" && i + 1 < count) {
      query.context = words[++i];
    } else if (word == "--again" && i + 2 < count) {
      times = std::atoi(words[++i]);
      seconds = std::atoi(words[++i]);
    }
  }
  bool good = true;
  try {
    const kube::ClusterAccess access = kube::load_kubeconfig(query);
    boost::asio::io_context io{1};
    kube::Client client(io, access);
    for (int i = 0; i < times; ++i) {
      json::object answer;
      client.call({kube::Method::Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                   R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})"},
                  [&](kube::Outcome outcome) {
                    answer = answer_of(outcome);
                    io.stop();
                  });
      io.restart();
      io.run();
      good = good && !answer.contains("refused");
      answer["server"] = client.server();
      json::array warnings;
      for (const auto& warning : access.warnings) warnings.emplace_back(warning);
      answer["warnings"] = std::move(warnings);
      std::cout << answer << std::endl;
      if (i + 1 == times) break;
      boost::asio::steady_timer timer(io, std::chrono::seconds(seconds));
      timer.async_wait([&](const boost::system::error_code&) { io.stop(); });
      io.restart();
      io.run();
    }
  } catch (const kube::ConfigError& mistake) {
    std::cout << refused(mistake.what()) << std::endl;
    good = false;
  }
  return good ? 0 : 1;
}
