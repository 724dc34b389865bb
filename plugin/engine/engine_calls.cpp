#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "engine/engine_step.hpp"
#include "engine/pod_calls.hpp"
#include "kube/event.hpp"
#include "kube/pod_parser.hpp"
#include "manifest/job.hpp"
#include "manifest/pod.hpp"

// Engine: what it says to the cluster.

namespace stepop::engine {

std::string Engine::manifest_of(const Step& step, const lifecycle::CreatePod& create) const {
  const manifest::Identity identity{self_.owner, step.id};
  auto workload = step.kind == kube::Resource::Jobs
                      ? manifest::job_manifest(*step.request, identity, self_.instance, create.attempt)
                      : manifest::pod_manifest(*step.request, identity, self_.instance, create.attempt);
  if (create.restarts > 0) {
    auto& annotations = workload["metadata"].as_object()["annotations"].as_object();
    annotations[manifest::annotation::restarts] = std::to_string(create.restarts);
  }
  return boost::json::serialize(workload);
}

std::string Engine::secret_of(const Step& step, const lifecycle::CreateSecret& create) const {
  const bool job = step.kind == kube::Resource::Jobs;
  const manifest::Owner owner{job ? "batch/v1" : "v1", job ? "Job" : "Pod", create.name, create.uid};
  return boost::json::serialize(
      manifest::secret_manifest(*step.request, {self_.owner, step.id}, self_.instance, create.attempt, owner));
}

std::string Engine::name_of(const Step& step, std::uint32_t attempt) const {
  // Without a request nothing is ever created, and no pod is looked for by a name that was not seen.
  const auto readable = step.request ? manifest::readable_name(*step.request) : std::string();
  return manifest::workload_name(readable, {self_.owner, step.id}, attempt);
}

void Engine::send(Step& step, kube::Request request, std::function<void(Step&, const kube::Outcome&)> then) {
  step.call = client_.call(std::move(request), [this, id = step.id, serial = step.serial,
                                                then = std::move(then)](const kube::Outcome& outcome) {
    auto* step = find(id);
    if (!step || step->serial != serial) return;
    step->call.reset();
    then(*step, outcome);
  });
}

void Engine::answer(Step& step, const kube::Outcome& outcome) {
  const auto view_of = [&](kube::Pod object) { return read_object(step, std::move(object)); };
  perform(step, step.machine.on_answer(now(), read_answer(outcome, step.kind, view_of)));
}

void Engine::call(Step& step, kube::Request request, Quote quote) {
  send(step, std::move(request), [this, quote](Step& step, const kube::Outcome& outcome) {
    if (const auto* response = std::get_if<kube::Response>(&outcome); response && quote == Quote::warnings) {
      for (const auto& warning : response->warnings) events_.warning(step.id, "ApiWarning", warning);
    }
    answer(step, outcome);
  });
}

// The Job, and then its pods as they are after that.
void Engine::look_at_job(Step& step, const std::string& name) {
  const auto on_job = [this](Step& step, const kube::Outcome& got) {
    const auto* response = std::get_if<kube::Response>(&got);
    auto job = response && response->status == 200 ? kube::parse_pod(response->body, nullptr, kube::Resource::Jobs)
                                                   : std::nullopt;
    if (!job) return answer(step, got);
    const auto uid = job->metadata.uid;
    const auto on_pods = [this, view = read_object(step, std::move(*job))](Step& step, const kube::Outcome& listed) {
      const auto* response = std::get_if<kube::Response>(&listed);
      if (!response || response->status != 200) return answer(step, listed);
      auto pods = kube::parse_pod_list(response->body);
      if (!pods)
        return answer(step, kube::TransportError{kube::TransportError::Kind::Protocol, true, "no list of pods"});
      auto job = *view.job;
      job.list_pods(std::move(pods->items));
      perform(step, step.machine.on_answer(now(), read(step, {job.as_one(), job})));
    };
    send(step, list_pods_of_job(step.namespace_, uid), on_pods);
  };
  send(step, get_workload(step.kind, step.namespace_, name), on_job);
}

// One of that name may be left of an earlier Job, and would go when the garbage collector comes to it. It is the same but for
// its owner.
void Engine::make_service(Step& step, const lifecycle::CreateService& create) {
  const manifest::Owner owner{"batch/v1", "Job", create.name, create.uid};
  const auto service =
      manifest::service_manifest(*step.request, {self_.owner, step.id}, self_.instance, create.attempt, owner);
  const auto owners = service.at("metadata").at("ownerReferences");
  const auto on_made = [this, name = create.name, owners](Step& step, const kube::Outcome& made) {
    const auto* response = std::get_if<kube::Response>(&made);
    if (!response || !kube::is_already_exists(kube::status_of(response->status, response->body)))
      return answer(step, made);
    send(step, adopt_service(step.namespace_, name, owners), [this](Step& step, const kube::Outcome& adopted) {
      const auto* response = std::get_if<kube::Response>(&adopted);
      const bool gone = response && response->status == 404;
      answer(step,
             gone ? kube::TransportError{kube::TransportError::Kind::Protocol, true, "it was just removed"} : adopted);
    });
  };
  send(step, create_service(step.namespace_, boost::json::serialize(service)), on_made);
}

// The garbage collector deletes a Job's pods with their own grace: a shorter one is for us to ask for. An answer that is lost
// only leaves them the longer one.
void Engine::shorten_grace(const Step& step, std::chrono::seconds grace) {
  const auto* view = step.machine.view();
  if (!view || !view->job) return;
  for (const auto* part : view->job->newest()) {
    const auto& meta = part->pod.metadata;
    if (part->gone || lifecycle::has_ended(part->pod)) continue;
    client_.call(delete_workload(kube::Resource::Pods, step.namespace_, meta.name, meta.uid, {}, grace),
                 [](const kube::Outcome&) {});
  }
}

// One question for all who ask meanwhile.
void Engine::ask_ready(const std::string& step_run_id) {
  waiting_for_ready_.insert(step_run_id);
  if (waiting_for_ready_.size() > 1) return;
  client_.call(get_ready(), [this](kube::Outcome outcome) {
    const auto ready = read_ready(outcome);
    for (const auto& id : std::exchange(waiting_for_ready_, {})) {
      if (auto* step = find(id)) perform(*step, step->machine.on_ready(now(), ready));
    }
  });
}

void Engine::ask_why(const Step& step, const lifecycle::AskWhy& question) {
  side_reads_.ask(kube::get_events_of(step.namespace_, question.uid),
                  [this, id = step.id, serial = step.serial, uid = question.uid](std::optional<std::string> answer) {
                    auto* step = find(id);
                    if (!step || step->serial != serial) return;
                    auto events = answer ? kube::parse_event_list(*answer) : std::nullopt;
                    perform(*step, step->machine.on_events(now(), uid, std::move(events)));
                  });
}

}  // namespace stepop::engine
