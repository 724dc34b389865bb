// The request of a step: refused with every mistake, or made into a pod that Kubernetes takes and in which stepop finds
// its step again.
#include "request/step_request.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "findings.hpp"
#include "input.hpp"
#include "kube/pod_parser.hpp"
#include "manifest/labels.hpp"
#include "manifest/pod.hpp"
#include "require.hpp"

namespace stepop::fuzz {
namespace {

namespace json = boost::json;

const request::OperatorConfig& config() {
  static const auto config = request::parse_config(json::parse(R"({
    "owner": "fuzz", "kubernetes_namespace": "dev",
    "pod_settings": {"labels": {"team": "a"}, "resources": {"limits": {"memory": "1Gi"}},
                     "tolerations": [{"key": "gpu", "operator": "Exists"}]}})")
                                                       .as_object());
  return config;
}

std::optional<request::StepRequest> read(const json::object& object) {
  try {
    return request::parse_request(object, config());
  } catch (const plugin::Error& error) {
    check_findings(error);
    return std::nullopt;
  }
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// "Object Names and IDs", and room for an Indexed Job's suffix.
bool is_a_name(std::string_view name) {
  return !name.empty() && name.size() <= 52 && name.front() >= 'a' && name.front() <= 'z' &&
         is_letter_or_digit(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

// "Labels and Selectors", syntax.
bool is_a_label_value(std::string_view value) {
  const auto ends_well = [](char c) { return is_letter_or_digit(c) || (c >= 'A' && c <= 'Z'); };
  return value.empty() || (value.size() <= 63 && ends_well(value.front()) && ends_well(value.back()) &&
                           std::all_of(value.begin(), value.end(),
                                       [&](char c) { return ends_well(c) || c == '-' || c == '_' || c == '.'; }));
}

void check_pod(const request::StepRequest& request) {
  const manifest::Identity identity{config().owner, request.step_run_id};
  const auto written = json::serialize(manifest::pod_manifest(request, identity, "instance", 7));
  const auto pod = kube::parse_pod(written);
  require(pod.has_value(), "what is sent is a pod");
  require(is_a_name(pod->metadata.name), "a pod's name is one");
  require(!pod->containers.empty() && pod->containers.front().name == manifest::main_container, "the step's container");
  for (std::size_t i = 1; i < pod->containers.size(); ++i) {
    require(pod->containers[i].name != manifest::main_container, "one container is the step's");
  }
  require(pod->containers.front().image == request.image, "the image is the one that was asked for");
  require(pod->restart_policy == "Never", "Kubernetes does not start it again");
  for (const auto& [key, value] : pod->metadata.labels) require(is_a_label_value(value), "a label's value is one");
  const auto in = [](const kube::StringMap& map) {
    return [&map](std::string_view key) -> std::optional<std::string_view> {
      const auto* value = map.find(key);
      return value ? std::optional<std::string_view>(*value) : std::nullopt;
    };
  };
  const auto marks = manifest::marks_of(in(pod->metadata.labels), in(pod->metadata.annotations));
  require(marks.owner == identity.owner && marks.instance == "instance" && marks.attempt == 7u, "whose it is");
  require(marks.step_hash == manifest::step_hash(identity), "the step is found by its hash");
  require(marks.step_run_id == request.step_run_id, "the step's id is on it, whole");
  require(marks.request_hash == manifest::request_hash(request), "the request's hash is on it");
  require(marks.policy && request::to_json(*marks.policy) == request::to_json(request.settings.policy),
          "a later life finds the policy");
  require(!marks.cancelled_at && marks.given_up.empty() && marks.restarts == 0 && !marks.replaced, "it is new");
}

}  // namespace
}  // namespace stepop::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop::fuzz;
  Input input(data, size);
  require(is_a_label_value(stepop::manifest::label_value(input.text())), "any text makes a label's value");
  require(is_a_name(stepop::manifest::workload_name(input.text(), {"fuzz", input.text()}, 4'294'967'295u)),
          "any text makes a name");
  const auto object = object_of(input.text());
  if (!object) return 0;
  const auto request = read(*object);
  const auto again = read(backwards(*object));
  require(request.has_value() == again.has_value(), "the order of members does not matter");
  if (!request) return 0;
  require(!request->step_run_id.empty() && !request->image.empty(), "a step has an id and an image");
  require(stepop::manifest::request_hash(*request) == stepop::manifest::request_hash(*again),
          "the order of members is not in the request's hash");
  check_pod(*request);
  return 0;
}
