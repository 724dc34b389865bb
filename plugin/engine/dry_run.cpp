#include "engine/dry_run.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "engine/quota.hpp"
#include "kube/status.hpp"
#include "kube/targets.hpp"
#include "lifecycle/advice.hpp"
#include "lifecycle/refusal.hpp"
#include "lifecycle/report.hpp"

namespace stepop::engine {
namespace {

namespace json = boost::json;
using plugin::Finding;
using Level = Finding::Level;

// Longer than the API server's own limit for the request, so that its answer, not our clock, decides.
constexpr std::chrono::seconds answer_margin{5};

std::string text_of(const json::object& object, std::string_view member) {
  const auto* found = object.if_contains(member);
  return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

// Where objects of a kind are created.
std::string collection_of(const json::object& object) {
  struct Kind {
    std::string_view name, group, version, resource;
  };
  static constexpr std::array kinds{
      Kind{"Pod", "", "v1", "pods"},
      Kind{"Job", "batch", "v1", "jobs"},
      Kind{"Service", "", "v1", "services"},
      Kind{"Secret", "", "v1", "secrets"},
  };
  const auto name = text_of(object, "kind");
  const auto* kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& known) { return known.name == name; });
  if (kind == kinds.end()) throw std::logic_error("no collection is known for the kind " + name);
  return kube::collection_target(kind->group, kind->version, text_of(object.at("metadata").as_object(), "namespace"),
                                 kind->resource);
}

// The pod that a Job's controller would make.
std::optional<json::object> pod_of(const json::object& object) {
  if (text_of(object, "kind") != "Job") return std::nullopt;
  json::object pod{{"apiVersion", "v1"}, {"kind", "Pod"}};
  const auto& content = object.at("spec").at("template").as_object();
  pod.insert(content.begin(), content.end());
  const auto& job = object.at("metadata").as_object();
  if (!pod.contains("metadata")) pod["metadata"] = json::object();
  auto& metadata = pod.at("metadata").as_object();
  metadata["name"] = job.at("name");
  metadata["namespace"] = job.at("namespace");
  return pod;
}

std::string joined(const std::string& path, const std::string& field) {
  return field.empty() ? path : path + "." + field;
}

// One finding for each field that is wrong, where the server names fields.
std::vector<Finding> findings_of(const kube::Status& status, const lifecycle::Refusal& refusal,
                                 const std::string& path) {
  std::vector<Finding> findings;
  const auto add = [&](Level level, const std::string& where, const std::string& message) {
    findings.push_back({level, refusal.reason, where, message, lifecycle::hint_for(refusal.reason, refusal.message),
                        lifecycle::may_help_to_retry(refusal.reason, refusal.message)});
  };
  if (refusal.reason == lifecycle::reason::invalid_request) {
    for (const auto& error : kube::strict_decoding_errors(status)) {
      add(Level::error, joined(path, error.field), error.message);
    }
    if (findings.empty()) {
      for (const auto& cause : status.details.causes) add(Level::error, joined(path, cause.field), cause.message);
    }
    if (!findings.empty()) return findings;
  }
  if (refusal.reason == lifecycle::reason::namespace_missing) {
    add(Level::error, "kubernetes_namespace", refusal.message);
    return findings;
  }
  // For room a step waits, unless no room will ever be enough.
  const bool waits = refusal.kind == lifecycle::Refusal::Kind::room && !asks_for_more_than_the_quota(refusal.message);
  add(waits ? Level::warning : Level::error, path, refusal.message);
  if (refusal.kind == lifecycle::Refusal::Kind::room && !waits) {
    findings.back().hint = "The quota allows less than this altogether: ask for less, or have it raised.";
    findings.back().retryable = false;
  }
  return findings;
}

}  // namespace

kube::Request dry_run_create(const json::object& object, std::chrono::milliseconds timeout) {
  const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(timeout), std::chrono::seconds{1});
  kube::Request request;
  request.method = kube::Method::Post;
  request.target = kube::with_query(collection_of(object), {{"dryRun", "All"},
                                                            {"fieldManager", "stepop"},
                                                            {"fieldValidation", "Strict"},
                                                            {"timeout", std::to_string(seconds.count()) + "s"}});
  request.body = json::serialize(object);
  request.timeout = seconds + answer_margin;
  return request;
}

std::string path_of_object(std::size_t number) {
  return "manifests[" + std::to_string(number) + "]";
}

DryRun read_dry_run(const kube::Outcome& outcome, const std::string& path) {
  DryRun result;
  if (const auto* error = std::get_if<kube::TransportError>(&outcome)) {
    result.findings.push_back({Level::warning, "DryRunUnknown", path, error->message, "", true});
    return result;
  }
  const auto& response = std::get<kube::Response>(outcome);
  for (const auto& warning : response.warnings) {
    result.findings.push_back({Level::warning, "ServerWarning", path, warning, "", false});
  }
  if (response.status >= 200 && response.status < 300) {
    boost::system::error_code error;
    result.accepted = json::parse(response.body, error);
    result.answered = !error;
    if (error) {
      result.accepted = nullptr;
      result.findings.push_back({Level::warning, "DryRunUnknown", path, "The server's answer is no JSON.", "", true});
    }
    return result;
  }
  const auto status = kube::status_of(response.status, response.body);
  const auto refusal = lifecycle::read_create_refusal(status);
  if (refusal.kind == lifecycle::Refusal::Kind::unknown_outcome ||
      refusal.reason == lifecycle::reason::cluster_unavailable) {
    result.findings.push_back({Level::warning, "DryRunUnknown", path, refusal.message,
                               lifecycle::hint_for(refusal.reason, refusal.message), true});
    return result;
  }
  result.answered = true;
  if (refusal.kind == lifecycle::Refusal::Kind::name_taken) {
    result.findings.push_back({Level::ok, "Exists", path, "it is there already", "", false});
    return result;
  }
  result.refused_for = refusal.reason;
  for (auto& finding : findings_of(status, refusal, path)) result.findings.push_back(std::move(finding));
  return result;
}

void dry_run(kube::Client& client, std::vector<json::object> objects, std::chrono::milliseconds timeout,
             std::function<void(std::vector<DryRun>)> done) {
  // Kept alive by the handlers of its calls.
  struct Run {
    std::vector<DryRun> answers, of_pods;  // by the object's number
    std::size_t open = 0;
    std::function<void(std::vector<DryRun>)> done;

    void finish_one() {
      if (--open > 0) return;
      for (std::size_t i = 0; i < answers.size(); ++i) {
        auto& answer = answers[i];
        auto& pod = of_pods[i];
        answer.findings.insert(answer.findings.end(), std::make_move_iterator(pod.findings.begin()),
                               std::make_move_iterator(pod.findings.end()));
        if (pod.refused_for.empty() || !answer.refused_for.empty()) continue;
        answer.refused_for = pod.refused_for;
        answer.accepted = nullptr;
      }
      done(std::move(answers));
    }
  };
  const auto run = std::make_shared<Run>();
  run->answers.resize(objects.size());
  run->of_pods.resize(objects.size());
  run->done = std::move(done);
  const auto ask = [&](const json::object& object, std::vector<DryRun> Run::*answers, std::size_t i, std::string path) {
    ++run->open;
    client.call(dry_run_create(object, timeout), [run, answers, i, path = std::move(path)](kube::Outcome outcome) {
      ((*run).*answers)[i] = read_dry_run(outcome, path);
      run->finish_one();
    });
  };
  for (std::size_t i = 0; i < objects.size(); ++i) {
    ask(objects[i], &Run::answers, i, path_of_object(i));
    if (const auto pod = pod_of(objects[i])) ask(*pod, &Run::of_pods, i, path_of_object(i) + pod_of_job);
  }
}

}  // namespace stepop::engine
