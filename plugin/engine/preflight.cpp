#include "engine/preflight.hpp"

#include <array>
#include <boost/json.hpp>
#include <memory>

#include "kube/status.hpp"
#include "kube/targets.hpp"
#include "lifecycle/reading.hpp"
#include "lifecycle/refusal.hpp"

namespace stepop::engine {
namespace {

namespace json = boost::json;
using plugin::Finding;
using Level = Finding::Level;

struct Right {
  std::string_view verb, resource, subresource, needed_for;
};
// The least that a step's life needs; packaging/rbac has the same list as a Role.
constexpr std::array base_rights{
    // The first is the one that the dry run needs.
    Right{"create", "pods", "", "running steps"},          Right{"get", "pods", "", "finding a step's pod again"},
    Right{"list", "pods", "", "following steps"},          Right{"watch", "pods", "", "following steps"},
    Right{"patch", "pods", "", "cancelling, taking over"}, Right{"delete", "pods", "", "cancelling, cleaning up"},
    Right{"get", "pods", "log", "reading logs"},
};

constexpr Right for_secrets{"create", "secrets", "", "steps with secrets"};

std::vector<Right> rights_for(const lifecycle::Asked& asked) {
  std::vector<Right> rights(base_rights.begin(), base_rights.end());
  if (asked.secret) rights.push_back(for_secrets);
  return rights;
}

std::string name_of(const Right& right) {
  std::string name = std::string(right.verb) + " " + std::string(right.resource);
  if (!right.subresource.empty()) name += "/" + std::string(right.subresource);
  return name;
}

// One run of the checks; kept alive by the handlers of its calls.
struct Run : std::enable_shared_from_this<Run> {
  kube::Client& client;
  std::string namespace_;
  std::string manifest;
  std::function<void(std::vector<Finding>)> done;
  std::vector<Right> rights;
  std::vector<Finding> right_findings;
  Finding server, dry_run;
  std::size_t open = 0;

  Run(kube::Client& c, std::string ns, std::string m, const lifecycle::Asked& asked,
      std::function<void(std::vector<Finding>)> d)
      : client(c),
        namespace_(std::move(ns)),
        manifest(std::move(m)),
        done(std::move(d)),
        rights(rights_for(asked)),
        right_findings(rights.size()) {}

  void begin() {
    client.call({kube::Method::Get, "/version", {}, {}, {}, {}},
                [self = shared_from_this()](kube::Outcome outcome) { self->on_version(outcome); });
  }

  void on_version(const kube::Outcome& outcome) {
    if (const auto* error = std::get_if<kube::TransportError>(&outcome)) {
      // A server that cannot be verified is not reached by trying again.
      const bool tls = error->kind == kube::TransportError::Kind::Tls;
      return done({{Level::error, "Unreachable", "", error->message,
                    tls ? "Check the certificate-authority of this context's cluster, and its server."
                        : "Check the cluster of this context, and that it can be reached from here.",
                    !tls}});
    }
    const auto& response = std::get<kube::Response>(outcome);
    if (response.status != 200) {
      const auto status = kube::status_of(response.status, response.body);
      const bool who = response.status == 401;
      return done({{Level::error, who ? "Unauthorized" : "Server", "",
                    client.server() + " answers " + std::to_string(response.status) + ": " + status.message,
                    who ? "The credentials of this context are not (or no longer) valid." : "", !who}});
    }
    boost::system::error_code error;
    const auto version = json::parse(response.body, error);
    std::string git_version = "of an unknown version";
    if (!error && version.is_object()) {
      if (const auto* found = version.get_object().if_contains("gitVersion"); found && found->is_string()) {
        git_version = std::string(found->get_string());
      }
    }
    server = {Level::ok, "Server", "", "Kubernetes " + git_version + " at " + client.server(), "", false};
    ask_rights();
    ask_dry_run();
  }

  void ask_rights() {
    for (std::size_t i = 0; i < rights.size(); ++i) {
      const auto& right = rights[i];
      json::object attributes{{"namespace", namespace_}, {"verb", right.verb}, {"resource", right.resource}};
      if (!right.subresource.empty()) attributes["subresource"] = right.subresource;
      const json::object review{{"apiVersion", "authorization.k8s.io/v1"},
                                {"kind", "SelfSubjectAccessReview"},
                                {"spec", {{"resourceAttributes", std::move(attributes)}}}};
      kube::Request request;
      request.method = kube::Method::Post;
      request.target = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
      request.body = json::serialize(review);
      ++open;
      client.call(std::move(request), [self = shared_from_this(), i](kube::Outcome outcome) {
        self->right_findings[i] = self->read_right(self->rights[i], outcome);
        self->finish_one();
      });
    }
  }

  Finding read_right(const Right& right, const kube::Outcome& outcome) const {
    const auto what = name_of(right) + " in namespace " + namespace_;
    const auto* response = std::get_if<kube::Response>(&outcome);
    boost::system::error_code error;
    const auto review = response && response->status == 201 ? json::parse(response->body, error) : json::value();
    const auto* status = review.is_object() ? review.get_object().if_contains("status") : nullptr;
    const auto* allowed = status && status->is_object() ? status->get_object().if_contains("allowed") : nullptr;
    if (!allowed || !allowed->is_bool()) {
      return {Level::warning,
              "RightUnknown",
              "",
              "The server does not say whether this account may " + what + ".",
              "",
              true};
    }
    if (allowed->get_bool()) return {Level::ok, "Right", "", "may " + what, "", false};
    return {Level::error,
            "Forbidden",
            "",
            "This account may not " + what + ", needed for " + std::string(right.needed_for) + ".",
            lifecycle::hint_for(lifecycle::reason::forbidden),
            false};
  }

  void ask_dry_run() {
    kube::Request request;
    request.method = kube::Method::Post;
    request.target =
        kube::with_query(kube::pods_target(namespace_), {{"dryRun", "All"}, {"fieldValidation", "Strict"}});
    request.body = manifest;
    ++open;
    client.call(std::move(request), [self = shared_from_this()](kube::Outcome outcome) {
      self->dry_run = self->read_dry_run(outcome);
      self->finish_one();
    });
  }

  Finding read_dry_run(const kube::Outcome& outcome) const {
    if (const auto* error = std::get_if<kube::TransportError>(&outcome)) {
      return {Level::warning, "DryRunUnknown", "", error->message, "", true};
    }
    const auto& response = std::get<kube::Response>(outcome);
    if (response.status >= 200 && response.status < 300) {
      return {Level::ok, "DryRun", "", "namespace " + namespace_ + " takes such a pod (server-side dry run)",
              "",        false};
    }
    const auto refusal = lifecycle::read_create_refusal(kube::status_of(response.status, response.body));
    if (refusal.kind == lifecycle::Refusal::Kind::name_taken) {
      return {Level::ok, "DryRun", "", "the pod exists already in namespace " + namespace_, "", false};
    }
    const bool waits = refusal.kind == lifecycle::Refusal::Kind::room;
    return {waits ? Level::warning : Level::error,
            refusal.reason,
            refusal.reason == lifecycle::reason::namespace_missing ? "kubernetes_namespace" : "",
            refusal.message,
            lifecycle::hint_for(refusal.reason),
            lifecycle::may_help_to_retry(refusal.reason)};
  }

  void finish_one() {
    if (--open > 0) return;
    std::vector<Finding> findings{server};
    findings.insert(findings.end(), right_findings.begin(), right_findings.end());
    // What a missing right has told already is not told again by the call that it refuses.
    const bool told = dry_run.code == lifecycle::reason::forbidden && right_findings[0].level == Level::error;
    if (!told) findings.push_back(dry_run);
    done(std::move(findings));
  }
};

}  // namespace

void preflight(kube::Client& client, std::string namespace_, std::string manifest, lifecycle::Asked asked,
               std::function<void(std::vector<plugin::Finding>)> done) {
  std::make_shared<Run>(client, std::move(namespace_), std::move(manifest), asked, std::move(done))->begin();
}

}  // namespace stepop::engine
