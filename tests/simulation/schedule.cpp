#include "schedule.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "api_server.hpp"
#include "host.hpp"
#include "job_controller.hpp"
#include "manifest/labels.hpp"
#include "network.hpp"
#include "nodes.hpp"

namespace stepop::simulation {

namespace {

// No fault strikes after it: from then on everything works, and every step has to end.
constexpr Duration faults_cease = std::chrono::minutes(8);
// The longest that a healthy cluster takes for it: a startup timeout, a lost node's wait, three replacements, and room.
constexpr Duration all_end_within = std::chrono::hours(2);
// A host that no planned death has met dies within this.
constexpr Duration first_death_within = seconds(4);

std::vector<lifecycle::Policy> make_policies(Random random, std::uint32_t steps) {
  std::vector<lifecycle::Policy> policies(steps);
  for (auto& policy : policies) {
    policy.startup_timeout = random.chance(40) ? std::chrono::seconds(15) : std::chrono::seconds(600);
    policy.lost_after = random.chance(60) ? std::chrono::seconds(40) : std::chrono::seconds(900);
    policy.waiting_reason_grace = random.chance(50) ? std::chrono::seconds(5) : std::chrono::seconds(60);
    if (random.chance(60)) {
      policy.fatal_waiting_reasons = {"ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError"};
    }
    if (random.chance(20)) policy.scheduling_timeout = std::chrono::seconds(20);
    policy.max_startup_retries = random.chance(50) ? 3 : random.below(3);
    policy.max_disruption_restarts = random.chance(75) ? 0 : 1 + random.below(2);
    if (random.chance(15)) policy.on_node_lost = lifecycle::OnNodeLost::replace;
    constexpr std::array cleanups{lifecycle::Cleanup::on_success, lifecycle::Cleanup::never,
                                  lifecycle::Cleanup::always};
    policy.cleanup = cleanups[random.below(3)];
  }
  return policies;
}

class Schedule : public Handler, ClusterObserver, NetworkObserver, OperatorObserver {
 public:
  explicit Schedule(const ScheduleOptions& options)
      : options_(options),
        random_(options.seed),
        trace_(agenda_, options.trace),
        steps_(5 + random_.fork(1).below(2)),
        policies_(make_policies(random_.fork(2), steps_)),
        api_(agenda_, *this),
        nodes_(agenda_, api_, *this, trace_, random_.fork(3)),
        job_controller_(agenda_, api_, trace_),
        network_(agenda_, api_, *this, trace_, random_.fork(4)),
        host_({agenda_, network_, *this, trace_, random_.fork(5), options.mutation, policies_}),
        invariants_(agenda_, api_, network_, host_, trace_, policies_),
        stage_(steps_),
        reached_(steps_, 0),
        newest_(steps_, nullptr),
        newest_job_(steps_, nullptr) {
    result_.plan = make_plan(random_.fork(6), steps_);
    result_.steps = steps_;
  }

  ScheduleResult run() {
    const auto began = agenda_.now();
    if (trace_.wanted()) tell_plan();
    host_.start();
    agenda_.in(random_.fork(7).between(milliseconds(200), first_death_within), *this, die_at_last);
    agenda_.in(faults_cease, *this, cease);
    while (!agenda_.empty() && invariants_.violations().empty()) {
      if (host_.done() && host_.lives() >= 2) break;
      if (agenda_.next_time() - began > faults_cease + all_end_within) break;
      const auto event = agenda_.pop();
      event.who->on_event(event);
      ++result_.events;
      look_at_stages();
    }
    if (invariants_.violations().empty()) invariants_.at_the_end(host_.done());
    result_.violations = invariants_.violations();
    result_.lives = host_.lives();
    result_.virtual_time = std::chrono::duration_cast<Duration>(agenda_.now() - began);
    result_.trace = trace_.lines();
    return std::move(result_);
  }

  void on_event(const Event& event) override {
    if (event.what == cease) {
      ceased_ = true;
      if (trace_.wanted()) trace_.say("from now on everything works");
      network_.recover();
      nodes_.recover();
      return;
    }
    if (ceased_) return;
    if (event.what == die_at_last) {
      if (host_.lives() == 1 && host_.current()) {
        strike_all(FaultKind::host_death);
        host_.die(seconds(1), seconds(0));
      }
      return;
    }
    strike(result_.plan[event.a]);
  }

 private:
  enum What : std::uint32_t { fault, die_at_last, cease };

  // ---- what the parts tell one another

  void on_created(PodRecord& pod) override {
    newest_[pod.step] = &pod;
    if (trace_.wanted())
      trace_.say("pod " + pod.object.metadata.name + " (" + pod.object.metadata.uid + ") is created");
    nodes_.on_created(pod);
    invariants_.on_created(pod);
  }
  void on_deletion(PodRecord& pod) override { nodes_.on_deletion(pod); }
  void on_removed(PodRecord& pod) override {
    if (trace_.wanted()) trace_.say("pod " + pod.object.metadata.name + " (" + pod.object.metadata.uid + ") is gone");
    nodes_.on_removed(pod);
    invariants_.on_removed(pod);
  }
  void on_job_created(JobRecord& job) override {
    newest_job_[job.step] = &job;
    if (trace_.wanted())
      trace_.say("job " + job.object.metadata.name + " (" + job.object.metadata.uid + ") is created");
    job_controller_.on_changed(job);
    invariants_.on_job_created(job);
  }
  void on_job_changed(JobRecord& job) override { job_controller_.on_changed(job); }
  void on_job_removed(JobRecord& job) override {
    if (trace_.wanted()) trace_.say("job " + job.object.metadata.name + " (" + job.object.metadata.uid + ") is gone");
    nodes_.on_job_removed(job);
    invariants_.on_job_removed(job);
  }
  void on_beside(std::uint32_t number) override { nodes_.on_beside(number); }
  void on_beside_collected(const BesideRecord& beside) override { invariants_.on_beside_collected(beside); }
  void on_started(const PodRecord& pod) override { invariants_.on_started(pod); }
  void on_change(kube::Resource resource, std::size_t index) override { network_.on_change(resource, index); }
  void on_hit(FaultKind kind, std::uint32_t step) override {
    ++result_.faults_struck;
    count(kind, step);
  }
  void on_hit_all(FaultKind kind) override { strike_all(kind); }
  void on_served(const Call& call) override { invariants_.on_served(call); }
  void on_announce(Operator& from, std::uint32_t step, const lifecycle::Report& report) override {
    if (trace_.wanted()) {
      trace_.say(from.instance() + " SAYS s" + std::to_string(step) + " " + std::string(to_string(report.state)) +
                 " attempt " + std::to_string(report.attempt) + " " + report.reason +
                 (report.exit_code ? " exit " + std::to_string(*report.exit_code) : "") + ", user_code_ran " +
                 std::string(to_string(report.user_code_ran)) + " " + report.message);
    }
    invariants_.on_announce(from, step, report);
    host_.on_announce(from, step, report);
  }
  void on_forgotten(Operator& from, std::uint32_t step, bool) override { host_.on_forgotten(from, step); }
  void on_displaced(Operator& from, std::uint32_t step) override { host_.on_displaced(from, step); }
  void on_action(Operator& from, std::uint32_t step, const lifecycle::Action& action) override {
    invariants_.on_action(from, step, action);
  }
  void on_service_known(Operator&, const Call& call) override { invariants_.on_service_known(call); }

  // ---- where each step is

  std::optional<Stage> stage_of(std::uint32_t step) const {
    const auto& entry = host_.journal(step);
    if (!entry.requested || entry.forgotten) return std::nullopt;
    if (host_.forgetting(step)) return Stage::forgetting;
    const auto* current = host_.current();
    if (entry.terminal || (current && current->has(step) && current->ended(step))) return Stage::ended;
    return stage_of(newest_[step]);
  }
  static Stage stage_of(const PodRecord* pod) {
    if (!pod || !pod->exists) return Stage::waiting;
    if (pod->final_written) return Stage::completed;
    if (pod->object.metadata.deletion_timestamp) return Stage::stopping;
    if (pod->object.node_name.empty()) return Stage::unbound;
    return pod->main == PodRecord::Main::running || pod->main == PodRecord::Main::ended ? Stage::running
                                                                                        : Stage::starting;
  }

  // Of several pods, some one that is there.
  PodRecord* pod_to_strike(std::uint32_t step, Random& dice) const {
    auto* pod = newest_[step];
    if (!pod || !pod->job || pod->job->pods.size() == 1) return pod;
    std::vector<PodRecord*> there;
    for (auto* one : pod->job->pods) {
      if (one->exists) there.push_back(one);
    }
    return there.empty() ? nullptr : there[dice.below(static_cast<std::uint32_t>(there.size()))];
  }

  void look_at_stages() {
    for (std::uint32_t step = 0; step < steps_; ++step) {
      const auto stage = stage_of(step);
      if (stage == stage_[step]) continue;
      stage_[step] = stage;
      if (!stage) continue;
      const auto bit = 1u << static_cast<unsigned>(*stage);
      if ((reached_[step] & bit) != 0) continue;
      reached_[step] |= bit;
      for (std::uint32_t i = 0; i < result_.plan.size(); ++i) {
        const auto& planned = result_.plan[i];
        if (planned.step != step || planned.stage != *stage || ((options_.without >> i) & 1) != 0) continue;
        agenda_.in(planned.delay, *this, fault, i);
      }
    }
  }

  void count(FaultKind kind, std::uint32_t step) {
    const auto stage = stage_of(step);
    if (stage) ++result_.coverage.hits[static_cast<std::size_t>(kind)][static_cast<std::size_t>(*stage)];
  }

  void strike_all(FaultKind kind) {
    ++result_.faults_struck;
    for (std::uint32_t step = 0; step < steps_; ++step) count(kind, step);
  }

  void strike(const Fault& fault);
  bool strike_pod(const Fault& fault, PodRecord& pod, Random& dice);
  void tell_plan();

  ScheduleOptions options_;
  ScheduleResult result_;
  Random random_;
  Agenda agenda_;
  Trace trace_;
  std::uint32_t steps_;
  std::vector<lifecycle::Policy> policies_;
  ApiServer api_;
  Nodes nodes_;
  JobController job_controller_;
  Network network_;
  Host host_;
  Invariants invariants_;
  std::vector<std::optional<Stage>> stage_;
  std::vector<unsigned> reached_;
  std::vector<PodRecord*> newest_;
  std::vector<JobRecord*> newest_job_;
  bool ceased_ = false;
};

void Schedule::tell_plan() {
  trace_.say("seed " + std::to_string(options_.seed) + ", " + std::to_string(steps_) + " steps");
  for (std::size_t i = 0; i < result_.plan.size(); ++i) {
    const auto& planned = result_.plan[i];
    trace_.say(((options_.without >> i) & 1 ? "  (left out) " : "  planned: ") + std::string(name_of(planned.kind)) +
               ", s" + std::to_string(planned.step) + " " + std::string(name_of(planned.stage)) + " + " +
               std::to_string(planned.delay.count() / 1000) + " ms");
  }
}

bool Schedule::strike_pod(const Fault& fault, PodRecord& pod, Random& dice) {
  switch (fault.kind) {
    case FaultKind::unschedulable:
      return nodes_.hold_unscheduled(pod, dice.between(seconds(1), seconds(40)));
    case FaultKind::image_pull_slow:
      return nodes_.fail_pulls(pod, 1 + dice.below(4));
    case FaultKind::image_pull_fails:
      return nodes_.fail_pulls(pod, never_pulls);
    case FaultKind::cannot_start:
      return nodes_.fail_start(pod);
    case FaultKind::out_of_memory:
      return nodes_.kill_for_memory(pod);
    case FaultKind::preempted:
      return nodes_.preempt(pod);
    case FaultKind::evicted:
      return nodes_.evict(pod);
    case FaultKind::node_pressure:
      return nodes_.evict_for_pressure(pod, dice.chance(30));
    case FaultKind::kubelet_restarted:
      return nodes_.restart_kubelet(pod, dice.chance(40));
    case FaultKind::node_silent:
    case FaultKind::node_gone: {
      Nodes::Silence silence;
      silence.unreachable_after = dice.between(seconds(10), seconds(40));
      silence.evicted_after_that = dice.chance(20) ? seconds(-1) : dice.between(seconds(0), seconds(60));
      if (fault.kind == FaultKind::node_silent) silence.returns_after = dice.between(seconds(1), seconds(200));
      silence.deleted_after = dice.between(seconds(20), seconds(200));
      return nodes_.silence_node(pod, silence);
    }
    case FaultKind::pod_deleted:
    case FaultKind::pod_deleted_orderly:
      if (pod.final_written != (fault.kind == FaultKind::pod_deleted_orderly)) return false;
      api_.remove(pod, std::nullopt, Asker::somebody);
      return true;
    case FaultKind::pod_force_deleted:
      api_.remove(pod, 0, Asker::somebody);
      return true;
    case FaultKind::labels_changed: {
      constexpr std::array keys{manifest::label::owner, manifest::label::step, manifest::label::instance};
      const auto key = keys[dice.below(3)];
      const bool of_job = pod.job && pod.job->exists && dice.chance(50);
      StoredObject& stored = of_job ? static_cast<StoredObject&>(*pod.job) : pod;
      stored.object.metadata.labels.set(std::string(key), "changed");
      stored.relabelled = stored.relabelled || key != manifest::label::instance;
      api_.publish(stored);
      return true;
    }
    case FaultKind::secret_deleted:
      pod.secret_deleted |= api_.remove_secret(pod.workload_name());
      return pod.secret_deleted;
    default:
      return false;
  }
}

void Schedule::strike(const Fault& fault) {
  Random dice(fault.dice);
  const auto kind = fault.kind;
  if (kind <= FaultKind::webhook_unreachable) return network_.arm(fault);
  if (kind >= FaultKind::unschedulable && kind <= FaultKind::secret_deleted) {
    auto* pod = pod_to_strike(fault.step, dice);
    if (!pod || !pod->exists) return;
    auto stage = stage_of(fault.step);
    if (stage && *stage < Stage::ended) stage = stage_of(pod);
    if (trace_.wanted()) trace_.say("FAULT " + std::string(name_of(kind)) + " of s" + std::to_string(fault.step));
    if (!strike_pod(fault, *pod, dice)) return;
    ++result_.faults_struck;
    if (stage) ++result_.coverage.hits[static_cast<std::size_t>(kind)][static_cast<std::size_t>(*stage)];
    return;
  }
  if (trace_.wanted()) trace_.say("FAULT " + std::string(name_of(kind)));
  switch (kind) {
    case FaultKind::job_deleted: {
      auto* job = newest_job_[fault.step];
      const auto stage = stage_of(fault.step);
      if (!job || !job->exists) return;
      // kubectl's own way is in the background.
      api_.remove(*job, dice.chance(60) ? Propagation::background : Propagation::foreground, Asker::somebody);
      ++result_.faults_struck;
      if (stage) ++result_.coverage.hits[static_cast<std::size_t>(kind)][static_cast<std::size_t>(*stage)];
      return;
    }
    case FaultKind::host_cancel: {
      std::optional<std::chrono::milliseconds> grace;
      if (dice.chance(50)) grace = std::chrono::seconds(dice.below(20));
      const auto stage = stage_of(fault.step);
      if (!host_.cancel(fault.step, grace)) return;
      if (stage) ++result_.coverage.hits[static_cast<std::size_t>(kind)][static_cast<std::size_t>(*stage)];
      return;
    }
    case FaultKind::host_death:
      if (!host_.current()) return;
      strike_all(kind);
      host_.die(dice.between(milliseconds(1), dice.chance(20) ? seconds(90) : seconds(3)),
                dice.chance(20) ? dice.between(milliseconds(1), seconds(20)) : seconds(0));
      return;
    case FaultKind::second_owner:
      if (host_.second_owner(dice.between(milliseconds(500), seconds(30)), dice.chance(50), dice.chance(60))) {
        strike_all(kind);
      }
      return;
    case FaultKind::host_paused:
      if (host_.pause(dice.between(milliseconds(100), dice.chance(20) ? seconds(300) : seconds(10)))) strike_all(kind);
      return;
    default:
      break;
  }
  strike_all(kind);
  switch (kind) {
    case FaultKind::api_away:
      return network_.go_away(dice.between(seconds(2), dice.chance(30) ? seconds(200) : seconds(20)), dice.chance(50));
    case FaultKind::api_restarted:
      return network_.go_away(dice.between(milliseconds(50), seconds(2)), dice.chance(70));
    case FaultKind::access_revoked:
      return network_.revoke_access(dice.between(milliseconds(40), dice.chance(30) ? seconds(90) : seconds(10)),
                                    dice.chance(40));
    case FaultKind::compacted:
    case FaultKind::streaming_list_refused:
    case FaultKind::initial_end_missing:
    case FaultKind::list_stale:
      return network_.relist(kind, fault.dice);
    case FaultKind::watch_broken:
      return network_.break_streams();
    case FaultKind::watch_closed:
      return network_.end_streams();
    case FaultKind::watch_expired:
      return network_.expire_streams();
    case FaultKind::watch_error:
      return network_.fail_streams();
    case FaultKind::watch_silent:
      return network_.silence_streams();
    case FaultKind::watch_refused:
      return network_.refuse_streams(fault.dice);
    case FaultKind::line_malformed:
      return network_.garble_streams();
    case FaultKind::events_repeated:
      return network_.repeat_events(1 + dice.below(6));
    case FaultKind::events_late:
      return network_.stall_streams(dice.between(milliseconds(100), dice.chance(30) ? seconds(60) : seconds(5)));
    case FaultKind::clock_jump:
      return api_.jump_clock(std::chrono::hours(dice.below(49)) - std::chrono::hours(24));
    default:
      return;
  }
}

}  // namespace

ScheduleResult run_schedule(const ScheduleOptions& options) {
  return Schedule(options).run();
}

ScheduleOptions shrink(ScheduleOptions options, const ScheduleResult& result) {
  const auto rule = result.violations.front().rule;
  const auto still_fails = [&](const ScheduleOptions& fewer) {
    const auto again = run_schedule(fewer);
    return !again.violations.empty() && again.violations.front().rule == rule;
  };
  options.trace = false;
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = 0; i < result.plan.size(); ++i) {
      auto fewer = options;
      fewer.without |= std::uint64_t{1} << i;
      if (fewer.without == options.without || !still_fails(fewer)) continue;
      options = fewer;
      smaller = true;
    }
  }
  return options;
}

}  // namespace stepop::simulation
