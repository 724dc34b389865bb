#include "abi/kubernetes_operator.hpp"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <random>
#include <utility>

#include "abi/options.hpp"
#include "connectors/cluster_source.hpp"
#include "connectors/this_process.hpp"
#include "engine/dry_run.hpp"
#include "engine/policy.hpp"
#include "engine/preflight.hpp"
#include "kube/config_error.hpp"
#include "kube/in_cluster.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/tls.hpp"
#include "manifest/identity.hpp"
#include "manifest/objects.hpp"
#include "request/step_request.hpp"

namespace stepop::abi {
namespace {

using plugin::Error;
using plugin::Finding;
namespace json = plugin::json;

std::string random_instance() {
  std::random_device random;
  constexpr std::string_view digits = "abcdefghijklmnopqrstuvwxyz234567";
  std::string instance;
  for (int i = 0; i < 16; ++i) instance += digits[random() % digits.size()];
  return instance;
}

// A kubeconfig that is not there yet, or not good yet, says nothing against a configuration that does not name it: the
// same `open` may succeed later, and such a finding is retryable.
Error as_error(const kube::ConfigError& mistake, const request::OperatorConfig& config) {
  constexpr std::string_view context = ": context";
  const std::string& place = mistake.path();
  if (config.kubernetes_context && place.ends_with(context)) {
    return Error(STEPOP_E_INVALID, {{Finding::Level::error, "Kubeconfig", "kubernetes_context",
                                     "found " + mistake.found() + ", expected " + mistake.expected() + " of " +
                                         place.substr(0, place.size() - context.size()),
                                     mistake.hint(), false}});
  }
  return Error(STEPOP_E_INVALID, {{Finding::Level::error, "Kubeconfig", mistake.path(),
                                   "found " + mistake.found() + ", expected " + mistake.expected(), mistake.hint(),
                                   !config.kubeconfig.has_value()}});
}

kube::ClusterAccess access_to(const request::OperatorConfig& config, const Environment& environment) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment.variables) variables.push_back(name + '=' + value);
  if (config.incluster) return kube::in_cluster_access(variables);
  kube::KubeconfigQuery query;
  query.environment = std::move(variables);
  query.paths = kube::split_kubeconfig_variable(config.kubeconfig.value_or(environment.kubeconfig));
  query.home = environment.home;
  query.context = config.kubernetes_context;
  return kube::load_kubeconfig(query);
}

void announce(const std::vector<Finding>& warnings, std::string_view step_run_id, plugin::Events& events) {
  for (const auto& warning : warnings) {
    events.warning(step_run_id, warning.code, warning.path + ": " + warning.message, warning.hint);
  }
}

// What the settings leave of the time that the host gives a check.
std::chrono::milliseconds bounded(std::chrono::milliseconds timeout, const request::Settings& settings) {
  if (!settings.api_request_timeout) return timeout;
  const std::chrono::milliseconds bound = *settings.api_request_timeout * (1 + settings.max_api_retries);
  return std::min(timeout, bound);
}

// The smallest request there is, for a check of the operator alone.
json::object sample_request() {
  return {{"step_run_id", "stepop-check"}, {"step_name", "check"}, {"image", "stepop.invalid/check"}};
}

}  // namespace

Environment Environment::read() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  return {variable("KUBECONFIG"), variable("HOME"), connectors::environment_of_this_process()};
}

KubernetesOperator::KubernetesOperator(const json::object& config, const Environment& environment,
                                       plugin::Events& events)
    : parted_(part_config(config)),
      config_(request::parse_config(parted_.rest)),
      events_(events),
      instance_(random_instance()) {
  kube::initialise_tls();
  if (parted_.connector) {
    kube::ClusterAccess unknown;
    unknown.context_name = "the cluster of the " + parted_.connector->type + " service connector";
    const auto trouble = [this](const Error& error) {
      for (const Finding& finding : error.findings()) {
        events_.warning({}, "ServiceConnector", (finding.path.empty() ? "" : finding.path + ": ") + finding.message,
                        finding.hint);
      }
    };
    open_engine(std::move(unknown),
                connectors::make_cluster_source(loop_.io(), *parted_.connector, environment.variables, trouble));
  } else {
    try {
      auto access = access_to(config_, environment);
      for (const auto& warning : access.warnings) {
        access_warnings_.push_back({Finding::Level::warning, "Access", access.context_name, warning, {}, false});
      }
      open_engine(std::move(access), nullptr);
    } catch (const kube::ConfigError& mistake) {
      throw as_error(mistake, config_);
    }
  }
  announce(config_.warnings, {}, events_);
  announce(access_warnings_, {}, events_);
}

void KubernetesOperator::open_engine(kube::ClusterAccess access, std::unique_ptr<kube::CredentialSource> source) {
  engine::Engine::Self self;
  self.owner = config_.owner;
  self.instance = instance_;
  self.seed = std::random_device{}();
  self.forgotten = [this](const std::string& step_run_id) {
    const std::lock_guard lock(mutex_);
    request_hashes_.erase(step_run_id);
  };
  engine_ =
      std::make_unique<engine::Engine>(loop_.io(), std::move(access), std::move(self), events_, std::move(source));
}

KubernetesOperator::~KubernetesOperator() {
  shutdown(std::chrono::milliseconds{0});
}

template <class Answer, class Question>
Answer KubernetesOperator::ask(std::chrono::milliseconds timeout, Question question) {
  // Shared with the answer's handler, which may come after this has given up.
  const auto result = std::make_shared<std::promise<Answer>>();
  auto future = result->get_future();
  loop_.post([question = std::move(question), result]() mutable {
    question([result](Answer answer) { result->set_value(std::move(answer)); });
  });
  if (future.wait_for(timeout) != std::future_status::ready) {
    throw Error(STEPOP_E_TIMEOUT, "The cluster has not answered within " + std::to_string(timeout.count()) + " ms.");
  }
  return future.get();
}

std::vector<Finding> KubernetesOperator::check(const json::object* request, std::chrono::milliseconds timeout) {
  const auto submission = prepare(request ? *request : sample_request(), false);
  const auto& warnings = submission.request->warnings;
  timeout = bounded(timeout, submission.request->settings);
  engine::PreflightQuestion question{submission.namespace_, objects_of(submission), request == nullptr, timeout};
  auto findings = ask<std::vector<Finding>>(timeout, [this, question = std::move(question)](auto answer) mutable {
    engine::preflight(engine_->client(), std::move(question), std::move(answer));
  });
  const bool unanswered = findings.size() == 1 && findings.front().level == Finding::Level::error;
  if (unanswered && findings.front().code != "Unauthorized") throw Error(STEPOP_E_UNAVAILABLE, std::move(findings));
  findings.insert(findings.begin(), warnings.begin(), warnings.end());
  findings.insert(findings.begin(), access_warnings_.begin(), access_warnings_.end());
  return findings;
}

plugin::Rendering KubernetesOperator::render(const json::object& request, bool dry_run,
                                             std::chrono::milliseconds timeout) {
  const auto submission = prepare(request, false);
  timeout = bounded(timeout, submission.request->settings);
  auto objects = objects_of(submission);
  plugin::Rendering rendering;
  rendering.findings = submission.request->warnings;
  for (const auto& object : objects) rendering.manifests.push_back(manifest::without_secret_values(object));
  if (!dry_run) return rendering;
  auto answers =
      ask<std::vector<engine::DryRun>>(timeout, [this, objects = std::move(objects), timeout](auto answer) mutable {
        engine::dry_run(engine_->client(), std::move(objects), timeout, std::move(answer));
      });
  rendering.accepted.emplace();
  bool answered = false;
  for (auto& answer : answers) {
    answered = answered || answer.answered;
    rendering.accepted->push_back(answer.accepted.is_object()
                                      ? manifest::without_secret_values(std::move(answer.accepted.get_object()))
                                      : json::value());
    for (auto& finding : answer.findings) rendering.findings.push_back(std::move(finding));
  }
  if (!answered) throw Error(STEPOP_E_UNAVAILABLE, std::move(rendering.findings));
  return rendering;
}

std::vector<json::object> KubernetesOperator::objects_of(const engine::Submission& submission) const {
  return manifest::objects_of(*submission.request, {config_.owner, submission.step_run_id}, instance_);
}

engine::Submission KubernetesOperator::prepare(const json::object& object, bool report_lost_if_absent) const {
  auto request = std::make_shared<const request::StepRequest>(request::parse_request(object, config_));
  const manifest::Identity identity{config_.owner, request->step_run_id};
  engine::Submission submission;
  submission.step_run_id = request->step_run_id;
  submission.step_hash = manifest::step_hash(identity);
  submission.request_hash = manifest::request_hash(*request);
  submission.namespace_ = request->settings.kubernetes_namespace;
  submission.policy = engine::policy_of(request->settings.policy);
  submission.report_lost_if_absent = report_lost_if_absent;
  submission.request = std::move(request);
  return submission;
}

void KubernetesOperator::note(const engine::Submission& submission) {
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = request_hashes_.emplace(submission.step_run_id, submission.request_hash);
  if (!is_new && known->second != submission.request_hash) {
    throw Error(STEPOP_E_CONFLICT, "step_run_id " + submission.step_run_id + " is known here with another request.",
                "Give the changed step an id of its own.");
  }
}

void KubernetesOperator::submit(const json::object& request, bool report_lost_if_absent) {
  auto submission = prepare(request, report_lost_if_absent);
  note(submission);
  events_.state({submission.step_run_id, plugin::State::accepted, 0, {}});
  announce(submission.request->warnings, submission.step_run_id, events_);
  loop_.post([this, submission = std::move(submission)]() mutable { engine_->submit(std::move(submission)); });
}

void KubernetesOperator::cancel(std::string_view step_run_id, std::optional<std::chrono::milliseconds> grace) {
  loop_.post([this, id = std::string(step_run_id), grace] { engine_->cancel(id, grace); });
}

void KubernetesOperator::attach(std::uint64_t ticket, const json::object& filter, bool own) {
  auto wanted = read_attach_filter(filter, config_.settings.kubernetes_namespace);
  loop_.post(
      [this, ticket, wanted = std::move(wanted), own]() mutable { engine_->attach(ticket, std::move(wanted), own); });
}

void KubernetesOperator::open_logs(std::string_view step_run_id, const plugin::LogOptions& options,
                                   std::shared_ptr<plugin::LogPipe> pipe) {
  loop_.post([this, id = std::string(step_run_id), options, pipe = std::move(pipe)]() mutable {
    engine_->open_logs(id, options, std::move(pipe));
  });
}

void KubernetesOperator::forget(std::string_view step_run_id, const json::object& options) {
  const auto read = read_forget_options(options, config_.settings.kubernetes_namespace);
  loop_.post([this, id = std::string(step_run_id), read] { engine_->forget(id, read.namespace_, read.cleanup); });
}

void KubernetesOperator::shutdown(std::chrono::milliseconds timeout) {
  if (std::exchange(shut_, true)) return;
  if (timeout.count() > 0) {
    const auto drained = std::make_shared<std::promise<void>>();
    auto done = drained->get_future();
    loop_.post([this, drained] { engine_->when_idle([drained] { drained->set_value(); }); });
    done.wait_for(timeout);
  }
  loop_.run_and_wait([this] { engine_->stop(); });
  loop_.stop();
  engine_.reset();
}

}  // namespace stepop::abi
