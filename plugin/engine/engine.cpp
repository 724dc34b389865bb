#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

#include "engine/announcement.hpp"
#include "engine/engine_step.hpp"
#include "engine/pod_calls.hpp"
#include "engine/policy.hpp"
#include "lifecycle/log_tail.hpp"

namespace stepop::engine {
namespace {

using lifecycle::Origin;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

Engine::Engine(boost::asio::io_context& io, kube::ClusterAccess access, Self self, plugin::Events& events,
               std::unique_ptr<kube::CredentialSource> source)
    : io_(io),
      self_(std::move(self)),
      events_(events),
      client_(io, std::move(access), {}, std::move(source)),
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
    perform(*known, known->machine.submitted_again(now(), asked_of(*known->request), std::move(submission.policy)));
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
  if (step->request) log->expect(static_cast<std::size_t>(step->request->settings.pod_count));
  for (auto& workload : view_of(step->namespace_).workloads_of(step->hash)) {
    const auto view = read(*step, std::move(workload));
    if (view.same_step) tell_log(*log, view);
  }
  if (const auto* view = step->machine.view()) tell_log(*log, *view);
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
  return read(step, namespaces_.at(step.namespace_)->with_answer(step.hash, step.kind, std::move(object)));
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
          [&](const CreateService& create) { make_service(step, create); },
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
    if (const auto* view = step->machine.view(); view && deleted) tell_gone(*log, *view);
    log->on_step_ended();
    if (!log->finished()) orphaned_logs_.push_back(std::move(log));
  }
  self_.forgotten(step_run_id);
  events_.forgotten(step_run_id, deleted);
}

// Each pod of the workload, as it was last seen.
void Engine::tell_log(StepLog& log, const lifecycle::PodView& view) {
  if (!view.job) return log.on_pod(view.attempt, view.pod);
  log.expect(view.job->expected());
  for (const auto& part : view.job->parts()) {
    log.on_pod(view.attempt, part.pod);
    if (part.gone) log.on_gone(part.pod.metadata.uid);
  }
}

void Engine::tell_gone(StepLog& log, const lifecycle::PodView& view) {
  if (!view.job) return log.on_gone(view.pod.metadata.uid);
  for (const auto& part : view.job->parts()) log.on_gone(part.pod.metadata.uid);
}

void Engine::tell_logs(Step& step) {
  for (auto& log : step.logs) {
    if (const auto* view = step.machine.view()) tell_log(*log, *view);
    if (step.machine.ended()) log->on_step_ended();
  }
  std::erase_if(step.logs, [](const auto& log) { return log->finished(); });
}

}  // namespace stepop::engine
