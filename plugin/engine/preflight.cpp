#include "engine/preflight.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "engine/dry_run.hpp"
#include "engine/rights.hpp"
#include "kube/server_version.hpp"
#include "kube/status.hpp"
#include "lifecycle/report.hpp"

namespace stepop::engine {
namespace {

namespace reason = lifecycle::reason;
using plugin::Finding;
using Level = Finding::Level;

std::vector<std::string> kinds_of(const std::vector<boost::json::object>& objects) {
  std::vector<std::string> kinds;
  for (const auto& object : objects) kinds.emplace_back(object.at("kind").as_string());
  return kinds;
}

// What the answer to GET /version says; nothing more can be asked when the first of it is an error.
std::vector<Finding> read_version(const kube::Outcome& outcome, const std::string& server) {
  if (const auto* error = std::get_if<kube::TransportError>(&outcome)) {
    // Who has no credentials has asked nobody, and the message says what to do.
    if (error->kind == kube::TransportError::Kind::Credentials)
      return {{Level::error, "Credentials", "", error->message, "", true}};
    // A server that cannot be verified is not reached by trying again.
    const bool tls = error->kind == kube::TransportError::Kind::Tls;
    return {{Level::error, "Unreachable", "", error->message,
             tls ? "Check the certificate-authority of this context's cluster, and its server."
                 : "Check the cluster of this context, and that it can be reached from here.",
             !tls}};
  }
  const auto& response = std::get<kube::Response>(outcome);
  if (response.status != 200) {
    const auto status = kube::status_of(response.status, response.body);
    const bool who = response.status == 401;
    return {{Level::error, who ? "Unauthorized" : "Server", "",
             server + " answers " + std::to_string(response.status) + ": " + status.message,
             who ? "The credentials of this context are not (or no longer) valid." : "", !who}};
  }
  const auto version = kube::parse_server_version(response.body);
  std::vector<Finding> findings{{Level::ok, "Server", "", server + " answers, and knows this account", "", false}};
  if (version && kube::is_supported(*version)) {
    findings.push_back({Level::ok, "Version", "", "Kubernetes " + version->text, "", false});
  } else {
    findings.push_back({Level::warning, "Version", "",
                        version
                            ? "Kubernetes " + version->text + " is not among the versions that stepop supports: 1." +
                                  std::to_string(kube::oldest_supported_minor) + " to 1." +
                                  std::to_string(kube::newest_supported_minor) + "."
                            : server + " does not say its version.",
                        "It may well work; what differs was not tried.", false});
  }
  return findings;
}

// What the dry runs tell of the namespace, one line each. What is behind a refusal nobody knows.
std::vector<Finding> read_namespace(const std::vector<DryRun>& answers, const std::string& namespace_) {
  std::vector<Finding> findings;
  const auto all = [&](auto&& holds) { return std::all_of(answers.begin(), answers.end(), holds); };
  const auto none_refused_for = [&](auto... reasons) {
    return all([&](const DryRun& answer) { return ((answer.refused_for != reasons) && ...); });
  };
  const auto ok = [&](std::string code, std::string message) {
    findings.push_back({Level::ok, std::move(code), "", std::move(message), "", false});
  };
  // The API server looks at rights first, then at fields, the namespace, admission, and at the quota last.
  const bool known = all([](const DryRun& answer) { return answer.answered; }) &&
                     none_refused_for(reason::forbidden, reason::invalid_request);
  const bool there = known && none_refused_for(reason::namespace_missing, reason::namespace_terminating);
  const bool admitted = there && none_refused_for(reason::admission_denied);
  if (there) ok("Namespace", "namespace " + namespace_ + " is there");
  if (admitted) ok("Admission", "what decides on new objects in namespace " + namespace_ + " lets them in");
  if (admitted && none_refused_for(reason::quota_exceeded)) ok("Quota", "namespace " + namespace_ + " has room");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    for (auto finding : answers[i].findings) {
      // Who asked has not seen the objects: of what concerns no field in particular the message says enough.
      const auto path = path_of_object(i);
      if (finding.path == path || finding.path == path + pod_of_job) finding.path.clear();
      // The same refusal of several objects is one.
      const bool told = std::any_of(findings.begin(), findings.end(), [&](const Finding& other) {
        return other.code == finding.code && other.path == finding.path && other.message == finding.message;
      });
      if (!told) findings.push_back(std::move(finding));
    }
  }
  return findings;
}

// A server tells only those who have rights in a namespace that it does not exist.
Finding no_right_at_all(const std::string& namespace_) {
  return {Level::error,
          std::string(reason::forbidden),
          "kubernetes_namespace",
          "This account has no right at all in namespace " + namespace_ + ", and so is not told whether it exists.",
          "Check the name, or have the rights granted that are named next.",
          false};
}

// One run of the checks; kept alive by the handlers of its calls.
struct Run : std::enable_shared_from_this<Run> {
  kube::Client& client;
  PreflightQuestion question;
  std::function<void(std::vector<Finding>)> done;
  std::vector<Finding> server;
  std::vector<std::optional<Finding>> of_rights;  // by the right's number
  std::vector<DryRun> dry_runs;
  std::size_t open = 0;

  Run(kube::Client& c, PreflightQuestion q, std::function<void(std::vector<Finding>)> d)
      : client(c), question(std::move(q)), done(std::move(d)) {}

  void begin() {
    client.call({kube::Method::Get, "/version", {}, {}, {}, {}}, [self = shared_from_this()](kube::Outcome outcome) {
      self->server = read_version(outcome, self->client.server());
      if (self->server.front().level == Level::error) return self->done(std::move(self->server));
      self->ask();
    });
  }

  void ask() {
    const auto kinds = kinds_of(question.objects);
    const auto all = rights();
    of_rights.resize(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool required = is_required(all[i], kinds);
      if (!required && !question.optional_rights) continue;
      ++open;
      client.call(ask_right(all[i], question.namespace_),
                  [self = shared_from_this(), i, required](kube::Outcome outcome) {
                    self->of_rights[i] = read_right(rights()[i], self->question.namespace_, required, outcome);
                    self->finish_one();
                  });
    }
    ++open;
    dry_run(client, question.objects, question.timeout, [self = shared_from_this()](std::vector<DryRun> answers) {
      self->dry_runs = std::move(answers);
      self->finish_one();
    });
  }

  void finish_one() {
    if (--open > 0) return;
    std::vector<Finding> findings = std::move(server);
    bool missing = false, any = false;
    for (const auto& finding : of_rights) {
      missing = missing || (finding && finding->level == Level::error);
      any = any || (finding && finding->level == Level::ok);
    }
    if (missing && !any) findings.push_back(no_right_at_all(question.namespace_));
    for (auto& finding : of_rights) {
      if (finding) findings.push_back(std::move(*finding));
    }
    for (auto& finding : read_namespace(dry_runs, question.namespace_)) {
      // What a missing right has told already is not told again by the call that it refuses.
      if (missing && finding.code == reason::forbidden) continue;
      findings.push_back(std::move(finding));
    }
    done(std::move(findings));
  }
};

}  // namespace

void preflight(kube::Client& client, PreflightQuestion question,
               std::function<void(std::vector<plugin::Finding>)> done) {
  std::make_shared<Run>(client, std::move(question), std::move(done))->begin();
}

}  // namespace stepop::engine
