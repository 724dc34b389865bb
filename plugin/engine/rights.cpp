#include "engine/rights.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "lifecycle/report.hpp"

namespace stepop::engine {
namespace {

namespace json = boost::json;
using Level = plugin::Finding::Level;

constexpr std::string_view base = "base.yaml";
constexpr std::string_view jobs = "jobs.yaml";
constexpr std::string_view secrets = "secrets.yaml";
constexpr std::string_view events = "events.yaml";

constexpr std::array all{
    Right{"create", "", "pods", "", "Pod", base, "running steps"},
    Right{"get", "", "pods", "", "Pod", base, "finding a step's pod again"},
    Right{"list", "", "pods", "", "Pod", base, "following steps"},
    Right{"watch", "", "pods", "", "Pod", base, "following steps"},
    Right{"patch", "", "pods", "", "Pod", base, "cancelling, taking over"},
    Right{"delete", "", "pods", "", "Pod", base, "cancelling, cleaning up"},
    Right{"get", "", "pods", "log", "Pod", base, "reading logs"},
    Right{"create", "batch", "jobs", "", "Job", jobs, "steps that are Jobs"},
    Right{"get", "batch", "jobs", "", "Job", jobs, "finding a step's Job again"},
    Right{"list", "batch", "jobs", "", "Job", jobs, "following Jobs"},
    Right{"watch", "batch", "jobs", "", "Job", jobs, "following Jobs"},
    Right{"patch", "batch", "jobs", "", "Job", jobs, "cancelling a Job, taking it over"},
    Right{"delete", "batch", "jobs", "", "Job", jobs, "cancelling a Job, cleaning up"},
    Right{"create", "", "services", "", "Service", jobs, "steps of several pods, which find each other by name"},
    Right{"patch", "", "services", "", "Service", jobs, "taking over the Service of an earlier attempt at such a step"},
    Right{"create", "", "secrets", "", "Secret", secrets, "steps with secrets"},
    Right{"list", "", "events", "", "", events, "saying why a step waits, where only events tell"},
};

// Every step has pods, whatever it is made of.
constexpr std::string_view every_steps_kind = "Pod";

}  // namespace

std::span<const Right> rights() {
  return all;
}

bool is_required(const Right& right, std::span<const std::string> kinds) {
  return right.kind == every_steps_kind || std::find(kinds.begin(), kinds.end(), right.kind) != kinds.end();
}

std::string name_of(const Right& right) {
  std::string name = std::string(right.verb) + " " + std::string(right.resource);
  if (!right.group.empty()) name += "." + std::string(right.group);
  if (!right.subresource.empty()) name += "/" + std::string(right.subresource);
  return name;
}

kube::Request ask_right(const Right& right, const std::string& namespace_) {
  json::object attributes{{"namespace", namespace_}, {"verb", right.verb}, {"resource", right.resource}};
  if (!right.group.empty()) attributes["group"] = right.group;
  if (!right.subresource.empty()) attributes["subresource"] = right.subresource;
  kube::Request request;
  request.method = kube::Method::Post;
  request.target = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  request.body = json::serialize(json::object{{"apiVersion", "authorization.k8s.io/v1"},
                                              {"kind", "SelfSubjectAccessReview"},
                                              {"spec", {{"resourceAttributes", std::move(attributes)}}}});
  return request;
}

plugin::Finding read_right(const Right& right, const std::string& namespace_, bool required,
                           const kube::Outcome& outcome) {
  const auto what = name_of(right) + " in namespace " + namespace_;
  const auto* response = std::get_if<kube::Response>(&outcome);
  boost::system::error_code error;
  const auto review = response && response->status == 201 ? json::parse(response->body, error) : json::value();
  const auto* status = review.is_object() ? review.get_object().if_contains("status") : nullptr;
  const auto* allowed = status && status->is_object() ? status->get_object().if_contains("allowed") : nullptr;
  if (!allowed || !allowed->is_bool()) {
    return {
        Level::warning, "RightUnknown", "", "The server does not say whether this account may " + what + ".", "", true};
  }
  if (allowed->get_bool()) return {Level::ok, "Right", "", "may " + what, "", false};
  return {required ? Level::error : Level::warning,
          std::string(lifecycle::reason::forbidden),
          "",
          "This account may not " + what + ", needed for " + std::string(right.needed_for) + ".",
          "packaging/rbac/" + std::string(right.role) + " grants it: kubectl apply -n " + namespace_ +
              " -f packaging/rbac/" + std::string(right.role) + ", and bind it to this account.",
          false};
}

}  // namespace stepop::engine
