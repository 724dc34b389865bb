#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "engine/announcement.hpp"
#include "engine/pod_calls.hpp"
#include "engine/policy.hpp"
#include "kube/event.hpp"
#include "kube/pod_parser.hpp"
#include "lifecycle/log_tail.hpp"
#include "manifest/job.hpp"
#include "manifest/labels.hpp"
#include "manifest/pod.hpp"

namespace stepop::engine {
namespace {

using lifecycle::Origin;

lifecycle::Instant now() {
  return std::chrono::steady_clock::now();
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

manifest::Marks marks_of(const kube::Pod& pod) {
  const auto lookup = [](const kube::StringMap& map) {
    return [&map](std::string_view key) -> std::optional<std::string_view> {
      const auto* found = map.find(key);
      return found ? std::optional<std::string_view>(*found) : std::nullopt;
    };
  };
  return manifest::marks_of(lookup(pod.metadata.labels), lookup(pod.metadata.annotations));
}

bool concerns(kube::Resource watched, kube::Resource kind) {
  return watched == kube::Resource::Pods || kind == kube::Resource::Jobs;
}

}  // namespace

struct Engine::Step {
  std::string id;
  std::string hash;
  std::string request_hash;
  std::string namespace_;
  kube::Resource kind = kube::Resource::Pods;           // of its workload
  std::shared_ptr<const request::StepRequest> request;  // null for a step that was only attached or forgotten
  std::uint64_t serial = 0;  // tells a step from one of the same id that was forgotten before
  lifecycle::StepMachine machine;
  std::optional<kube::CallId> call;
  std::optional<lifecycle::Report> untold_end;  // the host hears it with the end of the log, or without, very soon
  std::vector<std::unique_ptr<StepLog>> logs;

  explicit Step(lifecycle::StepMachine m) : machine(std::move(m)) {}
};

Engine::Engine(boost::asio::io_context& io, kube::ClusterAccess access, Self self, plugin::Events& events)
    : io_(io),
      self_(std::move(self)),
      events_(events),
      client_(io, std::move(access)),
      agenda_(io,
              [this](const std::string& id) {
                if (auto* step = find(id)) perform(*step, step->machine.on_timer(now()));
              }),
      side_reads_(io, client_) {}

Engine::~Engine() = default;

void Engine::stop() {
  agenda_.stop();
  side_reads_.stop();
  for (auto& [id, step] : steps_) {
    if (step->untold_end) events_.state(announcement(id, *step->untold_end));
  }
  for (auto& [name, view] : namespaces_) view->stop();
  orphaned_logs_.clear();
  steps_.clear();
  namespaces_.clear();
  client_.abort_all();
}

// ---- What the host asks --------------------------------------------------------------------------------------

void Engine::submit(Submission submission) {
  if (auto* known = find(submission.step_run_id)) {
    known->request_hash = submission.request_hash;
    known->request = std::move(submission.request);
    perform(*known, known->machine.submitted_again(now(), asked_of(*known->request)));
    return;
  }
  const auto origin = submission.report_lost_if_absent ? Origin::resubmitted : Origin::submitted;
  auto& step = add(submission.step_run_id, submission.step_hash, submission.namespace_, kind_of(*submission.request),
                   lifecycle::StepMachine(origin, true, std::move(submission.policy), self_.seed + next_serial_,
                                          asked_of(*submission.request)));
  step.request_hash = std::move(submission.request_hash);
  step.request = std::move(submission.request);
  begin(step);
}

void Engine::cancel(const std::string& step_run_id, std::optional<std::chrono::milliseconds> grace) {
  if (auto* step = find(step_run_id)) perform(*step, step->machine.cancel(now(), grace));
}

void Engine::forget(const std::string& step_run_id, const std::string& namespace_,
                    std::optional<lifecycle::Cleanup> cleanup) {
  if (auto* step = find(step_run_id)) {
    perform(*step, step->machine.forget(now(), cleanup));
    return;
  }
  const auto hash = manifest::step_hash({self_.owner, step_run_id});
  // What it was, the view will tell.
  auto& step = add(step_run_id, hash, namespace_, kube::Resource::Jobs,
                   lifecycle::StepMachine(Origin::forgotten, true, {}, self_.seed + next_serial_));
  const auto serial = step.serial;
  begin(step);
  auto* still = find(step_run_id);
  if (still && still->serial == serial) perform(*still, still->machine.forget(now(), cleanup));
}

void Engine::attach(std::uint64_t ticket, AttachFilter filter, bool own) {
  Attachment attachment{ticket, std::move(filter), own, {}, {}};
  for (const auto& name : attachment.filter.namespaces) attachment.waiting_for.insert(name);
  attachments_.push_back(std::move(attachment));
  const auto names = attachments_.back().filter.namespaces;
  for (const auto& name : names) {
    view_of(name).follow_jobs(false);
    on_synced(name, kube::Resource::Jobs);
  }
}

void Engine::open_logs(const std::string& step_run_id, const plugin::LogOptions& options,
                       std::shared_ptr<plugin::LogPipe> pipe) {
  auto* step = find(step_run_id);
  if (!step) {
    pipe->push({plugin::LogRecord::Kind::end, false, 0, 0, 0, ""});
    return;
  }
  auto log = std::make_unique<StepLog>(io_, client_, options, std::move(pipe));
  for (auto& workload : view_of(step->namespace_).workloads_of(step->hash)) {
    const auto view = read(*step, std::move(workload));
    const auto* pod = view.job ? view.job->leading() : &view.pod;
    if (view.same_step && pod) log->on_pod(view.attempt, *pod);
  }
  if (const auto* pod = step->machine.pod()) log->on_pod(step->machine.attempt(), *pod);
  log->start();
  step->logs.push_back(std::move(log));
  tell_logs(*step);
}

void Engine::when_idle(std::function<void()> then) {
  when_idle_ = std::move(then);
  tell_idle();
}

void Engine::tell_idle() {
  if (when_idle_ && idle()) std::exchange(when_idle_, nullptr)();
}

bool Engine::idle() const {
  return std::all_of(steps_.begin(), steps_.end(), [](const auto& entry) {
    const auto& step = *entry.second;
    return step.machine.handed_on() && !step.untold_end;
  });
}

// ---- Steps ------------------------------------------------------------------------------------------------

Engine::Step* Engine::find(const std::string& step_run_id) {
  const auto found = steps_.find(step_run_id);
  return found == steps_.end() ? nullptr : found->second.get();
}

Engine::Step& Engine::add(std::string step_run_id, std::string step_hash, std::string namespace_, kube::Resource kind,
                          lifecycle::StepMachine machine) {
  auto step = std::make_unique<Step>(std::move(machine));
  step->id = std::move(step_run_id);
  step->hash = std::move(step_hash);
  step->namespace_ = std::move(namespace_);
  step->kind = kind;
  step->serial = next_serial_++;
  id_of_hash_[step->hash] = step->id;
  auto& place = steps_[step->id];
  place = std::move(step);
  return *place;
}

// What the cluster already has of the step is seen before the machine may create anything.
void Engine::begin(Step& step) {
  auto& view = view_of(step.namespace_);
  const auto id = step.id;
  const auto serial = step.serial;
  if (step.kind == kube::Resource::Jobs) view.follow_jobs(step.request != nullptr);
  if (!view.unbroken(step.kind)) perform(step, step.machine.on_gap(now()));
  for (auto& workload : view.workloads_of(step.hash)) {
    if (!step.request) step.kind = workload.job ? kube::Resource::Jobs : kube::Resource::Pods;
    perform(step, step.machine.on_pod(now(), read(step, std::move(workload))));
    if (const auto* still = find(id); !still || still->serial != serial) return;
  }
  perform(step, step.machine.start(now(), view.complete_as_of(step.kind)));
}

lifecycle::PodView Engine::read(const Step& step, Workload workload) const {
  const auto marks = marks_of(workload.pod);
  lifecycle::PodView view;
  view.same_step = marks.owner == self_.owner && marks.step_hash == step.hash;
  view.same_request = marks.request_hash == step.request_hash;
  view.ours = marks.instance == self_.instance;
  view.cancelled = marks.cancelled_at.has_value();
  view.given_up = marks.given_up;
  view.replaced = marks.replaced;
  view.attempt = marks.attempt.value_or(0);
  view.restarts = marks.restarts;
  view.pod = std::move(workload.pod);
  view.job = std::move(workload.job);
  return view;
}

lifecycle::PodView Engine::read_object(const Step& step, kube::Pod object) const {
  if (step.kind == kube::Resource::Pods) return read(step, {std::move(object), std::nullopt});
  lifecycle::JobView job;
  for (const auto& known : namespaces_.at(step.namespace_)->workloads_of(step.hash)) {
    if (known.job && known.pod.metadata.uid == object.metadata.uid) job = *known.job;
  }
  job.see_job(std::move(object));
  return read(step, {job.as_one(), job});
}

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

void Engine::perform(Step& step, lifecycle::Actions actions) {
  // TellForgotten ends the step; nothing but a WakeAt follows it.
  const auto id = step.id;
  const auto serial = step.serial;
  const auto still = [&]() -> Step* {
    auto* found = find(id);
    return found && found->serial == serial ? found : nullptr;
  };
  for (const auto& action : actions) {
    if (auto* present = still()) carry_out(*present, action);
  }
  if (auto* present = still()) tell_logs(*present);
  tell_idle();
}

void Engine::carry_out(Step& step, const lifecycle::Action& action) {
  using namespace lifecycle;
  std::visit(
      Overloaded{
          [&](const CreatePod& create) {
            call(step, create_workload(step.kind, step.namespace_, manifest_of(step, create)));
          },
          [&](const CreateSecret& create) {
            call(step, create_secret(step.namespace_, secret_of(step, create)), Quote::nothing);
          },
          [&](const GetPod& get) {
            const auto name = get.name.empty() ? name_of(step, get.attempt) : get.name;
            if (step.kind == kube::Resource::Jobs) return look_at_job(step, name);
            call(step, get_workload(step.kind, step.namespace_, name));
          },
          [&](const MarkCancelled& mark) {
            const auto at = std::chrono::time_point_cast<kube::Timestamp::duration>(std::chrono::system_clock::now());
            call(step, annotate_workload(step.kind, step.namespace_, mark.name, mark.uid, mark.resource_version,
                                         manifest::annotation::cancelled_at, kube::format_rfc3339(at)));
          },
          [&](const MarkGivenUp& mark) {
            call(step, annotate_workload(step.kind, step.namespace_, mark.name, mark.uid, mark.resource_version,
                                         manifest::annotation::given_up, mark.why));
          },
          [&](const MarkReplaced& mark) {
            call(step, annotate_workload(step.kind, step.namespace_, mark.name, mark.uid, {},
                                         manifest::annotation::replaced_by, std::to_string(step.machine.attempt())));
          },
          [&](const TakeOver& take) {
            call(step, label_workload(step.kind, step.namespace_, take.name, take.uid, take.resource_version,
                                      manifest::label::instance, self_.instance));
          },
          [&](const DeletePod& remove) {
            if (step.kind == kube::Resource::Jobs && remove.grace) shorten_grace(step, *remove.grace);
            call(step, delete_workload(step.kind, step.namespace_, remove.name, remove.uid, remove.resource_version,
                                       remove.grace));
          },
          [&](const AskReady&) { ask_ready(step.id); },
          [&](const AskWhy& question) { ask_why(step, question); },
          [&](const Announce& said) { announce(step, said.report); },
          [&](const Warn& warning) { events_.warning(step.id, warning.code, warning.message); },
          [&](const TellDisplaced&) { events_.displaced(step.id); },
          [&](const TellForgotten& told) { drop(step.id, told.deleted); },
          [&](const WakeAt& wake) { agenda_.set(step.id, wake.time); },
      },
      action);
}

void Engine::announce(Step& step, const lifecycle::Report& report) {
  const auto* view = step.machine.view();
  const auto* pod = step.machine.pod();
  const auto container = lifecycle::container_to_quote(report, view ? &view->pod : nullptr);
  if (!container || !pod || !view_of(step.namespace_).holds(pod->metadata.uid)) {
    events_.state(announcement(step.id, report));
    return;
  }
  step.untold_end = report;
  side_reads_.ask(get_log_tail(step.namespace_, pod->metadata.name, *container),
                  [this, id = step.id, serial = step.serial](std::optional<std::string> answer) {
                    auto* step = find(id);
                    if (!step || step->serial != serial) return;
                    tell_end(*step, answer ? lifecycle::tail_of(*answer) : std::string());
                  });
}

void Engine::tell_end(Step& step, const std::string& log_tail) {
  if (!step.untold_end) return;
  events_.state(announcement(step.id, *std::exchange(step.untold_end, std::nullopt), log_tail));
  tell_attached();
  tell_idle();
}

void Engine::call(Step& step, kube::Request request, Quote quote) {
  step.call =
      client_.call(std::move(request), [this, id = step.id, serial = step.serial, quote](kube::Outcome outcome) {
        auto* step = find(id);
        if (!step || step->serial != serial) return;
        step->call.reset();
        if (const auto* response = std::get_if<kube::Response>(&outcome); response && quote == Quote::warnings) {
          for (const auto& warning : response->warnings) events_.warning(id, "ApiWarning", warning);
        }
        const auto view_of = [&](kube::Pod object) { return read_object(*step, std::move(object)); };
        perform(*step, step->machine.on_answer(now(), read_answer(outcome, step->kind, view_of)));
      });
}

// The Job, and then its pods as they are after that.
void Engine::look_at_job(Step& step, const std::string& name) {
  const auto when_there = [this, id = step.id, serial = step.serial](auto then) {
    return [this, id, serial, then](kube::Outcome outcome) {
      auto* step = find(id);
      if (!step || step->serial != serial) return;
      step->call.reset();
      then(*step, outcome);
    };
  };
  const auto give_up = [this](Step& step, const kube::Outcome& outcome) {
    const auto view_of = [&](kube::Pod object) { return read_object(step, std::move(object)); };
    perform(step, step.machine.on_answer(now(), read_answer(outcome, step.kind, view_of)));
  };
  const auto on_job = [this, when_there, give_up](Step& step, const kube::Outcome& got) {
    const auto* response = std::get_if<kube::Response>(&got);
    auto job = response && response->status == 200 ? kube::parse_pod(response->body, nullptr, kube::Resource::Jobs)
                                                   : std::nullopt;
    if (!job) return give_up(step, got);
    auto view = read_object(step, *job);
    const auto on_pods = [this, give_up, view](Step& step, const kube::Outcome& listed) {
      const auto* response = std::get_if<kube::Response>(&listed);
      if (!response || response->status != 200) return give_up(step, listed);
      auto pods = kube::parse_pod_list(response->body);
      if (!pods)
        return give_up(step, kube::TransportError{kube::TransportError::Kind::Protocol, true, "no list of pods"});
      auto job = *view.job;
      job.list_pods(std::move(pods->items));
      perform(step, step.machine.on_answer(now(), read(step, {job.as_one(), job})));
    };
    step.call = client_.call(list_pods_of_job(step.namespace_, job->metadata.uid), when_there(on_pods));
  };
  step.call = client_.call(get_workload(step.kind, step.namespace_, name), when_there(on_job));
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

void Engine::drop(const std::string& step_run_id, bool deleted) {
  const auto found = steps_.find(step_run_id);
  if (found == steps_.end()) return;
  auto step = std::move(found->second);
  if (step->untold_end) events_.state(announcement(step_run_id, *step->untold_end));
  steps_.erase(found);
  id_of_hash_.erase(step->hash);
  agenda_.clear(step_run_id);
  if (step->call) client_.cancel(*step->call);
  std::erase_if(orphaned_logs_, [](const auto& log) { return log->finished(); });
  for (auto& log : step->logs) {
    if (const auto* pod = step->machine.pod(); pod && deleted) log->on_gone(pod->metadata.uid);
    log->on_step_ended();
    if (!log->finished()) orphaned_logs_.push_back(std::move(log));
  }
  self_.forgotten(step_run_id);
  events_.forgotten(step_run_id, deleted);
}

void Engine::tell_logs(Step& step) {
  for (auto& log : step.logs) {
    if (const auto* pod = step.machine.pod()) log->on_pod(step.machine.attempt(), *pod);
    if (step.machine.ended()) log->on_step_ended();
  }
  std::erase_if(step.logs, [](const auto& log) { return log->finished(); });
}

// ---- What the cluster says --------------------------------------------------------------------------------

NamespaceView& Engine::view_of(const std::string& namespace_) {
  auto& view = namespaces_[namespace_];
  if (!view) {
    NamespaceView::Listener listener;
    listener.applied = [this, namespace_](const std::string& hash, const Workload& workload) {
      if (auto* step = step_of(hash, namespace_)) on_applied(*step, workload);
    };
    listener.removed = [this, namespace_](const std::string& hash, const std::string& uid,
                                          std::optional<Workload> last) {
      if (auto* step = step_of(hash, namespace_)) on_removed(*step, uid, std::move(last));
    };
    listener.pod_applied = [this, namespace_](const std::string& hash, const kube::Pod& pod) {
      if (auto* step = step_of(hash, namespace_)) on_pod_applied(*step, pod);
    };
    listener.pod_removed = [this, namespace_](const std::string& hash, const kube::PodRemoved& removed) {
      if (auto* step = step_of(hash, namespace_)) on_pod_removed(*step, removed);
    };
    listener.gap = [this, namespace_](kube::Resource resource) { on_gap(namespace_, resource); };
    listener.synced = [this, namespace_](kube::Resource resource) { on_synced(namespace_, resource); };
    listener.trouble = [this, namespace_](kube::Resource resource, const kube::WatchTrouble& trouble) {
      on_trouble(namespace_, resource, trouble);
    };
    view = std::make_unique<NamespaceView>(io_, client_, namespace_, manifest::owner_selector(self_.owner), self_.seed,
                                           std::move(listener));
  }
  return *view;
}

Engine::Step* Engine::step_of(const std::string& step_hash, const std::string& namespace_) {
  const auto id = id_of_hash_.find(step_hash);
  auto* step = id == id_of_hash_.end() ? nullptr : find(id->second);
  return step && step->namespace_ == namespace_ ? step : nullptr;
}

void Engine::on_applied(Step& step, const Workload& workload) {
  if (!step.request) step.kind = workload.job ? kube::Resource::Jobs : kube::Resource::Pods;
  perform(step, step.machine.on_pod(now(), read(step, workload)));
}

void Engine::on_removed(Step& step, const std::string& uid, std::optional<Workload> last) {
  std::optional<lifecycle::PodView> view;
  if (last) view = read(step, std::move(*last));
  perform(step, step.machine.on_removed(now(), uid, std::move(view)));
}

// Before the machine goes on to another attempt.
void Engine::on_pod_applied(Step& step, const kube::Pod& pod) {
  for (auto& log : step.logs) log->on_pod(marks_of(pod).attempt.value_or(0), pod);
}

void Engine::on_pod_removed(Step& step, const kube::PodRemoved& removed) {
  // One that only lost its labels is still there.
  const bool gone = !removed.last || removed.last->metadata.deletion_timestamp;
  for (auto& log : step.logs) {
    if (removed.last) log->on_pod(marks_of(*removed.last).attempt.value_or(0), *removed.last);
    if (gone) log->on_gone(removed.uid);
  }
}

std::vector<std::string> Engine::steps_in(const std::string& namespace_) const {
  std::vector<std::string> ids;
  for (const auto& [id, step] : steps_) {
    if (step->namespace_ == namespace_) ids.push_back(id);
  }
  return ids;
}

// What happens to the watch of Jobs is nothing to a bare pod.
void Engine::on_gap(const std::string& namespace_, kube::Resource resource) {
  for (const auto& id : steps_in(namespace_)) {
    auto* step = find(id);
    if (step && concerns(resource, step->kind)) perform(*step, step->machine.on_gap(now()));
  }
}

void Engine::on_synced(const std::string& namespace_, kube::Resource resource) {
  last_trouble_.erase(namespace_);
  const auto& view = view_of(namespace_);
  take_in_whoever_waits(namespace_);
  for (const auto& id : steps_in(namespace_)) {
    auto* step = find(id);
    if (!step || !concerns(resource, step->kind) || !view.unbroken(step->kind)) continue;
    if (const auto time = view.complete_as_of(step->kind)) perform(*step, step->machine.on_synced(now(), *time));
  }
}

void Engine::on_trouble(const std::string& namespace_, kube::Resource resource, const kube::WatchTrouble& trouble) {
  using Kind = kube::WatchTrouble::Kind;
  if (trouble.kind == Kind::Unauthorized || trouble.kind == Kind::Forbidden) {
    kube::Status status;
    status.code = trouble.status;
    status.message = trouble.message;
    for (const auto& id : steps_in(namespace_)) {
      auto* step = find(id);
      if (step && concerns(resource, step->kind)) perform(*step, step->machine.on_view_refused(now(), status));
    }
  }
  if (resource == kube::Resource::Jobs && view_of(namespace_).jobs_are_refused()) {
    // Who may not know of Jobs has none.
    for (const auto& id : steps_in(namespace_)) {
      if (auto* step = find(id); step && !step->request) step->kind = kube::Resource::Pods;
    }
    on_synced(namespace_, kube::Resource::Pods);
  }
  const auto ids = steps_in(namespace_);
  const bool needed =
      std::any_of(ids.begin(), ids.end(), [&](const auto& id) { return concerns(resource, find(id)->kind); });
  if (resource == kube::Resource::Jobs && !needed) return;
  auto& told = last_trouble_[namespace_];
  if (told == trouble.message) return;
  told = trouble.message;
  const std::string what = resource == kube::Resource::Jobs ? "Jobs" : "pods";
  events_.warning("", "WatchTrouble", "Watching " + what + " in namespace " + namespace_ + ": " + trouble.message);
}

// ---- attach -----------------------------------------------------------------------------------------------

void Engine::take_in(Attachment& attachment, const std::string& namespace_) {
  const auto& filter = attachment.filter;
  for (auto& [hash, workload] : view_of(namespace_).workloads()) {
    const auto& pod = workload.pod;
    const auto marks = marks_of(pod);
    if (marks.owner != self_.owner || marks.step_run_id.empty()) continue;
    const auto& ids = filter.step_run_ids;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), marks.step_run_id) == ids.end()) continue;
    const bool labelled = std::all_of(filter.labels.begin(), filter.labels.end(), [&](const auto& label) {
      const auto* value = pod.metadata.labels.find(label.first);
      return value && *value == label.second;
    });
    if (!labelled) continue;
    const auto& found = attachment.found;
    if (std::find(found.begin(), found.end(), marks.step_run_id) != found.end()) continue;
    attachment.found.push_back(marks.step_run_id);
    if (auto* known = find(marks.step_run_id)) {
      if (attachment.own) perform(*known, known->machine.own(now()));
      continue;
    }
    auto& step =
        add(marks.step_run_id, hash, namespace_, workload.job ? kube::Resource::Jobs : kube::Resource::Pods,
            lifecycle::StepMachine(Origin::attached, attachment.own, policy_of(marks), self_.seed + next_serial_));
    step.request_hash = marks.request_hash;

    begin(step);
  }
}

void Engine::take_in_whoever_waits(const std::string& namespace_) {
  const auto& view = view_of(namespace_);
  if (!view.complete_as_of(kube::Resource::Pods)) return;
  if (!view.complete_as_of(kube::Resource::Jobs) && !view.jobs_are_refused()) return;
  for (auto& attachment : attachments_) {
    if (attachment.waiting_for.erase(namespace_)) take_in(attachment, namespace_);
  }
  tell_attached();
}

// Once the namespaces are known, and each step that was found has been told of.
void Engine::tell_attached() {
  const auto untold = [this](const std::string& id) {
    const auto* step = find(id);
    return step && step->untold_end;
  };
  std::erase_if(attachments_, [&](const Attachment& attachment) {
    if (!attachment.waiting_for.empty()) return false;
    if (std::any_of(attachment.found.begin(), attachment.found.end(), untold)) return false;
    events_.attached(attachment.ticket, attachment.found);
    return true;
  });
}

}  // namespace stepop::engine
