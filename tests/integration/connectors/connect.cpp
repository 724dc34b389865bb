// The service connectors without a host, for the scripts that compare them with the clouds' own libraries.
//
//   stepop-connect < QUESTIONS    a line for each line: {"connector": {"type", "auth_method", "configuration", ...},
//                                 "do": "verify" | "list" | "describe" | "access", "resource_id": text} becomes
//                                 {"answer": ...} or {"error": text, "code": number, "findings": [...]}.
//                                 With "access" the answer holds secrets: it is for tests alone.
#include <boost/json.hpp>
#include <iostream>
#include <stepop/plugin.hpp>
#include <string>

#include "connectors/connector.hpp"
#include "connectors/this_process.hpp"
#include "kube/tls.hpp"

namespace stepop::connectors {
namespace {

// For all that one question asks the clouds. A test's clouds answer at once.
constexpr std::chrono::seconds timeout{20};

json::value seconds_of(const std::optional<Time>& time) {
  return time ? json::value(time->time_since_epoch().count()) : json::value();
}

json::object shown(const Cluster& cluster) {
  return {{"id", cluster.id},
          {"name", cluster.name},
          {"location", cluster.location},
          {"status", cluster.status},
          {"version", cluster.version}};
}

json::object shown(const Access& access) {
  return {{"server", access.access.server},
          {"ca", access.access.ca_pem},
          {"insecure", access.access.insecure_skip_tls_verify},
          {"token", access.access.token},
          {"username", access.access.username},
          {"password", access.access.password},
          {"client_certificate", access.access.client_certificate_pem},
          {"client_key", access.access.client_key_pem},
          {"expires_at", seconds_of(access.expires_at)},
          {"cluster", shown(access.cluster)}};
}

json::value answer(const json::object& question) {
  const auto connector = make_connector(read_configuration(question.at("connector").as_object()));
  const Surroundings around = surroundings_of_this_process(timeout);
  const json::value* given = question.if_contains("resource_id");
  const std::string resource_id(given ? std::string_view(given->as_string()) : "");
  const auto& asked = question.at("do").as_string();
  if (asked == "list") {
    json::array clusters;
    for (const Cluster& cluster : connector->list(around)) clusters.push_back(shown(cluster));
    return clusters;
  }
  if (asked == "describe") return shown(connector->describe(around, resource_id));
  if (asked == "access") return shown(connector->access(around, resource_id));
  const Identity identity = connector->verify(around);
  return json::object{{"name", identity.name}, {"expires_at", seconds_of(identity.expires_at)}};
}

json::object answered(const json::object& question) {
  try {
    return {{"answer", answer(question)}};
  } catch (const plugin::Error& error) {
    return {{"error", error.what()}, {"code", error.code()}, {"findings", plugin::to_json(error.findings())}};
  } catch (const std::exception& error) {
    return {{"error", error.what()}, {"code", STEPOP_E_INTERNAL}};
  }
}

}  // namespace
}  // namespace stepop::connectors

int main() {
  stepop::kube::initialise_tls();
  for (std::string line; std::getline(std::cin, line);)
    std::cout << boost::json::serialize(stepop::connectors::answered(boost::json::parse(line).as_object()))
              << std::endl;
}
