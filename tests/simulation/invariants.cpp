#include "invariants.hpp"

#include <algorithm>

#include "manifest/labels.hpp"
#include "names.hpp"

namespace stepop::simulation {

using lifecycle::Report;
using lifecycle::StepState;
using lifecycle::UserCodeRan;
namespace reason = lifecycle::reason;

std::string_view name_of(Rule rule) {
  switch (rule) {
    case Rule::one_pod:
      return "1: no pod while an earlier one is not confirmed stopped";
    case Rule::one_start:
      return "2: the main container does not start again";
    case Rule::one_end:
      return "3: one terminal event, the same in every life";
    case Rule::nothing_lost:
      return "4: no step lost, none run twice";
    case Rule::not_the_api:
      return "5: no failure of the API is terminal, timeouts only on a fresh view";
    case Rule::stopped:
      return "6: a cancelled step has stopped";
    case Rule::user_code_ran:
      return "user_code_ran is true";
    case Rule::true_end:
      return "the end that is told is the one that was";
    case Rule::ends:
      return "every step ends";
    case Rule::right_pod:
      return "a DELETE hits the pod it was meant for";
    case Rule::secret:
      return "no container starts without its Secret, and no step fails for want of it";
    case Rule::service:
      return "several pods keep the Service by which they find each other";
  }
  return "";
}

Invariants::Invariants(const Agenda& agenda, const ApiServer& api, const Network& network, const Host& host,
                       Trace& trace, const std::vector<lifecycle::Policy>& policies)
    : agenda_(agenda),
      api_(api),
      network_(network),
      host_(host),
      trace_(trace),
      policies_(policies),
      steps_(policies.size()) {}

void Invariants::violated(Rule rule, std::uint32_t step, std::string what) {
  if (trace_.wanted()) trace_.say("VIOLATION of " + std::string(name_of(rule)) + ": " + what);
  violations_.push_back({rule, step, std::move(what)});
}

template <class Act>
void Invariants::each_pod(std::uint32_t step, Act&& act) const {
  for (const auto& pod : api_.pods()) {
    if (pod.step == step) act(pod);
  }
}

const StoredObject* Invariants::workload_of(std::uint32_t step, const std::string& uid) const {
  for (const auto& job : api_.jobs()) {
    if (job.step == step && job.object.metadata.uid == uid) return &job;
  }
  const StoredObject* found = nullptr;
  each_pod(step, [&](const PodRecord& pod) {
    if (pod.object.metadata.uid == uid) found = &pod;
  });
  return found;
}

std::vector<const PodRecord*> Invariants::pods_of(const StoredObject* workload) const {
  std::vector<const PodRecord*> found;
  if (!workload) return found;
  // Who may not know of Jobs takes their pods for bare ones.
  if (workload->resource == kube::Resource::Pods) return {static_cast<const PodRecord*>(workload)};
  each_pod(workload->step, [&](const PodRecord& pod) {
    if (&pod.workload() == workload) found.push_back(&pod);
  });
  return found;
}

const StoredObject* Invariants::newest_workload(std::uint32_t step) const {
  const StoredObject* newest = nullptr;
  for (const auto& job : api_.jobs()) {
    if (job.step == step) newest = &job;
  }
  if (newest) return newest;
  each_pod(step, [&](const PodRecord& pod) { newest = &pod; });
  return newest;
}

std::uint32_t Invariants::starts(std::uint32_t step, std::optional<std::uint32_t> index) const {
  std::uint32_t sum = 0;
  each_pod(step, [&](const PodRecord& pod) { sum += !index || pod.index == *index ? pod.starts : 0; });
  return sum;
}

void Invariants::on_created(const PodRecord& pod) {
  if (!pod.job) return on_workload(pod);
  // Its controller made it; that there may be a Job was judged when there was one.
  const auto same = [&](const PodRecord* other) { return other->index == pod.index; };
  if (std::count_if(pod.job->pods.begin(), pod.job->pods.end(), same) > 1) {
    violated(Rule::one_pod, pod.step, pod.workload_name() + " has a second pod of an index");
  }
}

void Invariants::on_job_created(const JobRecord& job) {
  on_workload(job);
  if (steps_[job.step].excused) return;
  for (const auto& earlier : api_.jobs()) {
    if (earlier.step != job.step || earlier.number >= job.number) continue;
    const bool stops = earlier.object.metadata.deletion_timestamp || earlier.object.condition("FailureTarget");
    if (earlier.exists && !stops && earlier.pods.size() < earlier.completions) {
      violated(Rule::one_pod, job.step,
               job.object.metadata.name + " is created while " + earlier.object.metadata.name + " may make a pod");
    }
    if (earlier.pods.empty() && earlier.first_delete == Asker::somebody) {
      violated(Rule::one_start, job.step, earlier.object.metadata.name + ", which somebody deleted, is replaced");
    }
  }
}

// What stepop made: a pod, or a Job.
void Invariants::on_workload(const StoredObject& made) {
  const auto& policy = policies_[made.step];
  const auto* maker = made.object.metadata.labels.find(manifest::label::instance);
  const bool by_another = !host_.current() || !maker || *maker != host_.current()->instance();
  steps_[made.step].made_beside = host_.others() > 0 || by_another;
  if (steps_[made.step].excused) return;
  const bool replaces_lost = policy.on_node_lost == lifecycle::OnNodeLost::replace;
  const StoredObject* before = nullptr;
  std::set<const StoredObject*> ran, lost;
  each_pod(made.step, [&](const PodRecord& earlier) {
    if (static_cast<const StoredObject*>(&earlier) == &made) return;
    before = &earlier.workload();
    if (earlier.starts > 0) ran.insert(before);
    if (earlier.lost_node) lost.insert(before);
    if (!earlier.confirmed_stopped() && !(replaces_lost && earlier.lost_node)) {
      violated(Rule::one_pod, made.step,
               made.object.metadata.name + " is created while " + earlier.object.metadata.name + " (" +
                   earlier.object.metadata.uid + ") is not confirmed stopped");
    }
  });
  if (!before) return;
  const auto pods = pods_of(before);
  const bool disrupted = std::any_of(pods.begin(), pods.end(),
                                     [](const PodRecord* pod) { return pod->disrupted || pod->fail_reason[0] != 0; });
  if (ran.empty()) {
    const bool by_somebody = std::any_of(pods.begin(), pods.end(),
                                         [](const PodRecord* pod) { return pod->first_delete == Asker::somebody; });
    if (by_somebody && !disrupted) {
      violated(Rule::one_start, made.step, before->object.metadata.name + ", which somebody deleted, is replaced");
    }
    return;
  }
  const auto allowed = policy.max_disruption_restarts + (replaces_lost ? lost.size() : 0u);
  if (ran.size() > allowed || !(disrupted || !ran.contains(before) || lost.contains(before))) {
    violated(
        Rule::one_start, made.step,
        made.object.metadata.name + " is created although user code has run " + std::to_string(ran.size()) + " times");
  }
}

void Invariants::on_started(const PodRecord& pod) {
  auto& step = steps_[pod.step];
  if (has_secret(pod.step) && !api_.secret(pod.workload_name())) {
    violated(Rule::secret, pod.step, "user code starts, and its Secret is not there");
  }
  const auto& policy = policies_[pod.step];
  const bool replaces_lost = policy.on_node_lost == lifecycle::OnNodeLost::replace;
  const auto number = starts(pod.step, pod.index);
  std::set<const StoredObject*> lost;
  each_pod(pod.step, [&](const PodRecord& one) {
    if (one.lost_node) lost.insert(&one.workload());
  });
  if (number > 1 + policy.max_disruption_restarts + (replaces_lost ? lost.size() : 0u) && !step.excused) {
    violated(Rule::one_start, pod.step, "user code runs the " + std::to_string(number) + ". time");
  }
  for (const auto& said : step.ends) {
    if (step.excused) break;
    if (said.report.user_code_ran != UserCodeRan::no || said.without_request) continue;
    // What a life said before anything existed, and its host did not live to journal, binds nobody; nor does it a
    // second process, which owns the step too.
    const bool binds = host_.current() && host_.current()->number() == said.by && host_.others() == 0;
    if (said.report.place.uid.empty() && !binds) continue;
    const bool another_pod = said.report.place.uid != pod.workload().object.metadata.uid;
    if (another_pod && step.made_beside) continue;
    violated(Rule::user_code_ran, pod.step, "user code starts after the terminal event said that it did not run");
  }
}

void Invariants::on_removed(const PodRecord& pod) {
  if (!pod.job) on_workload_removed(pod);
}

void Invariants::on_job_removed(const JobRecord& job) {
  on_workload_removed(job);
}

void Invariants::on_workload_removed(const StoredObject& removed) {
  // Nor does a second process that began with an older page of the journal know that there was one.
  // And a create without an answer may land once its name is free again: freed by others, or by a life that cannot know of a
  // create that one before it had sent just before it died.
  const bool unknown = !host_.journal(removed.step).told_pending || host_.others() > 0;
  const bool may_land = removed.deleted_by_stepop ? network_.create_under_way_of_another(removed.step, host_.current())
                                                  : network_.create_under_way(removed.step);
  if (unknown || may_land) steps_[removed.step].excused = true;
}

void Invariants::on_service_known(const Call& call) {
  steps_[call.step].has_service.insert(call.uid);
}

void Invariants::on_beside_collected(const BesideRecord& beside) {
  if (beside.kind != BesideRecord::Kind::service) return;
  for (const auto& job : api_.jobs()) {
    if (!job.exists || job.object.metadata.name != beside.name || job.object.metadata.deletion_timestamp) continue;
    if (steps_[job.step].has_service.contains(job.object.metadata.uid)) {
      violated(Rule::service, job.step, "the Service of " + beside.name + " goes, and its Job is there");
    }
  }
}

void Invariants::on_served(const Call& call) {
  const bool removes = call.kind == CallKind::remove || call.kind == CallKind::remove_pod;
  if (!removes || call.reply.kind != Reply::Kind::pod) return;
  if (call.uid.empty()) violated(Rule::right_pod, call.step, "a DELETE of " + call.name + " names no uid");
}

void Invariants::on_action(Operator& from, std::uint32_t step, const lifecycle::Action& action) {
  if (std::holds_alternative<lifecycle::CreatePod>(action) && host_.journal(step).terminal && host_.others() == 0) {
    violated(Rule::nothing_lost, step, "a pod is asked for after the step has ended");
  }
  if (const auto* mark = std::get_if<lifecycle::MarkGivenUp>(&action)) {
    steps_[step].given_up_for = mark->why;
    if (!from.end_asked(step)) check_giving_up(from, step, mark->uid, mark->why);
  }
  const auto* remove = std::get_if<lifecycle::DeletePod>(&action);
  if (!remove) return;
  if (from.ended(step)) {
    const bool stray = !steps_[step].ends.empty() && steps_[step].ends.back().report.state == StepState::cancelled;
    if (!host_.journal(step).terminal && !stray) {
      violated(Rule::nothing_lost, step, "its pod is deleted before the host has acknowledged its end");
    }
    return;
  }
  if (!from.end_asked(step)) check_giving_up(from, step, remove->uid, steps_[step].given_up_for);
}

// Its deadline must have passed, and a view newer than the deadline be there. `why` as it is written on the pod, if it is.
void Invariants::check_giving_up(Operator& from, std::uint32_t step, const std::string& uid, std::string_view why) {
  const auto& shown = from.shown(step);
  const auto& policy = from.policy(step);
  const auto now = agenda_.now();
  const auto because = [&](std::string_view word) { return why.starts_with(word); };
  if (because(reason::forbidden)) {
    const auto believable = [&](const Operator::BesideShown& beside) {
      return beside.refused_since && beside.ready_since_refused && now - *beside.refused_since >= policy.refusal_grace;
    };
    if (!believable(shown.secret) && !believable(shown.service)) {
      violated(Rule::not_the_api, step, "a refusal of what stands beside it is believed too soon");
    }
    return;
  }
  if (because(reason::quota_exceeded) || because(reason::admission_denied)) {
    const auto newest = std::max(shown.secret.as_of, shown.service.as_of);
    if (!policy.scheduling_timeout || newest < *shown.known_since + *policy.scheduling_timeout) {
      violated(Rule::not_the_api, step, "it is given up for what stands beside it, which had time yet");
    }
    return;
  }
  std::optional<Instant> deadline;
  const auto earlier = [&](std::optional<Instant> since, std::chrono::milliseconds time) {
    if (since && (!deadline || *since + time < *deadline)) deadline = *since + time;
  };
  const auto pods = pods_of(workload_of(step, uid));
  const auto* secret =
      !pods.empty() && has_secret(step) && !from.attached() ? api_.secret(pods.front()->workload_name()) : nullptr;
  auto may_start_since = shown.bound_since;
  // That somebody removed it and another life made it again, who was not shown cannot know.
  const bool asked = shown.secret.as_of != Instant{};
  const auto made = secret && asked ? std::min(secret->made_at, shown.secret.as_of)
                    : secret        ? secret->made_at
                                    : Instant{};
  if (may_start_since && secret) may_start_since = std::max(*may_start_since, made);
  earlier(may_start_since, policy.startup_timeout);
  if (!policy.fatal_waiting_reasons.empty()) earlier(shown.ever_waiting_since, policy.waiting_reason_grace);
  if (policy.scheduling_timeout) earlier(shown.known_since, *policy.scheduling_timeout);
  if (!deadline || now < *deadline) {
    violated(Rule::not_the_api, step, "its pod is given up although no deadline has passed");
  } else if (shown.as_of < *deadline) {
    violated(Rule::not_the_api, step, "a deadline is judged on a view from before it");
  }
  // It may have been given up before it had a node, when no Secret was missed.
  const bool for_secret = because(reason::container_config) || because(reason::start_timeout);
  const bool deleted = std::any_of(pods.begin(), pods.end(), [](const auto* pod) { return pod->secret_deleted; });
  if (!for_secret || !shown.misses_secret || from.attached() || pods.empty() || deleted) return;
  if (!secret || now < secret->made_at + policy.startup_timeout) {
    violated(Rule::secret, step, "it is given up, and its Secret is only just there, or not at all");
  }
}

void Invariants::on_announce(Operator& from, std::uint32_t step, const Report& report) {
  if (!lifecycle::is_terminal(report.state)) return;
  auto& known = steps_[step];
  for (const auto& said : known.ends) {
    if (said.by == from.number()) violated(Rule::one_end, step, "an operator told two terminal events");
  }
  check_end(from, step, report);
  check_same_end(from, step, report);
  known.ends.push_back({from.number(), report, from.attached(), came_late(from, step, report)});
}

// It was never shown what was there before its deletion was asked for. A Job's pod that is deleted after its end stays until its
// finalizer goes, where a bare one is removed at once.
bool Invariants::came_late(const Operator& from, std::uint32_t step, const Report& report) const {
  const auto& shown = from.shown(step);
  return !shown.before_deletion || (is_job(step) && report.reason == reason::deleted && !shown.clean_end);
}

// A later life, or another operator, says what the first one said, as long as both read it from the same pod.
void Invariants::check_same_end(const Operator& from, std::uint32_t step, const Report& report) {
  if (report.place.uid.empty() || report.state == StepState::lost || from.attached()) return;
  for (const auto& said : steps_[step].ends) {
    const auto& other = said.report;
    if (other.state == StepState::lost || other.place.uid != report.place.uid || said.without_request) continue;
    if (said.late || came_late(from, step, report)) continue;
    // Of several pods, who comes after one was taken away cannot know how that one ended.
    const auto pods = pods_of(workload_of(step, report.place.uid));
    const bool some_are_missing = pods.size() > 1 && std::any_of(pods.begin(), pods.end(), [](const auto* pod) {
                                    return pod->removed && pod->deleted_by_somebody;
                                  });
    if (some_are_missing) continue;
    const auto words = [](const Report& r) {
      return std::string(lifecycle::to_string(r.state)) + " " + r.reason +
             (r.exit_code ? " " + std::to_string(*r.exit_code) : "");
    };
    // One may have seen less of how it ended.
    const bool same_exit = !other.exit_code || !report.exit_code || other.exit_code == report.exit_code;
    if (other.state != report.state || other.reason != report.reason || !same_exit) {
      violated(Rule::one_end, step, "one operator said " + words(other) + ", another says " + words(report));
    }
    const auto contrary = [](UserCodeRan one, UserCodeRan two) {
      return one == UserCodeRan::no && two == UserCodeRan::yes;
    };
    if (contrary(other.user_code_ran, report.user_code_ran) || contrary(report.user_code_ran, other.user_code_ran)) {
      violated(Rule::one_end, step, "one operator said that user code ran, another that it did not");
    }
  }
}

void Invariants::check_refusal(Operator& from, std::uint32_t step) {
  const auto& shown = from.shown(step);
  const bool believable = shown.refused_since && shown.ready_since_refused &&
                          agenda_.now() - *shown.refused_since >= from.policy(step).refusal_grace;
  if (!believable) violated(Rule::not_the_api, step, "a refusal of access is believed too soon");
}

void Invariants::check_end(Operator& from, std::uint32_t step, const Report& report) {
  const auto says = [&](Rule rule, std::string what) {
    violated(rule, step,
             std::string(lifecycle::to_string(report.state)) + " " + report.reason +
                 (report.exit_code ? ", exit " + std::to_string(*report.exit_code) : "") + ", user_code_ran " +
                 std::string(lifecycle::to_string(report.user_code_ran)) + ": " + what);
  };
  const bool replaces_lost = policies_[step].on_node_lost == lifecycle::OnNodeLost::replace;
  std::uint32_t started = 0;
  bool relabelled = false;
  bool all_confirmed = true;
  each_pod(step, [&](const PodRecord& pod) {
    started += pod.starts;
    relabelled |= pod.relabelled;
    // One that was replaced because its node was lost will never be.
    all_confirmed = all_confirmed && (pod.confirmed_stopped() || (replaces_lost && pod.lost_node));
  });
  for (const auto& job : api_.jobs()) {
    if (job.step != step) continue;
    relabelled |= job.relabelled;
    const bool stops = job.object.metadata.deletion_timestamp || job.object.condition("FailureTarget");
    all_confirmed = all_confirmed && (!job.exists || stops || job.pods.size() == job.completions);
  }
  const auto* workload = report.place.uid.empty() ? newest_workload(step) : workload_of(step, report.place.uid);
  // All of them, or some.
  const auto pods = pods_of(workload);
  const auto any = [&](auto&& is) { return std::any_of(pods.begin(), pods.end(), is); };
  const auto all = [&](auto&& is) { return !pods.empty() && std::all_of(pods.begin(), pods.end(), is); };
  using Pod = const PodRecord*;

  // What user code did.
  // What is not to be seen, or what a second process makes meanwhile, it cannot know of.
  const bool unknown = (relabelled || steps_[step].made_beside) && report.place.uid.empty();
  if (report.user_code_ran == UserCodeRan::no && started > 0 && !steps_[step].excused && !from.attached() && !unknown)
    says(Rule::user_code_ran, "it ran");
  if (report.user_code_ran == UserCodeRan::yes && started == 0) says(Rule::user_code_ran, "it did not run");

  if (report.reason == reason::conflict && relabelled) return;  // it cannot be known for ours
  // Not the API.
  // What it was given up for was judged when that was to be written.
  const bool given_up_so = steps_[step].given_up_for.starts_with(report.reason + ':');
  if (report.reason == reason::forbidden && !given_up_so) return check_refusal(from, step);
  const auto& shown = from.shown(step);
  const auto& timeout = from.policy(step).scheduling_timeout;
  const bool too_late = timeout && shown.known_since && agenda_.now() >= *shown.known_since + *timeout;
  if (too_late && (report.reason == reason::quota_exceeded || report.reason == reason::admission_denied)) return;
  const bool for_the_api = report.reason == reason::cluster_unavailable || report.reason == reason::admission_denied ||
                           report.reason == reason::invalid_request || report.reason == reason::namespace_missing ||
                           report.reason == reason::namespace_terminating || report.reason == reason::conflict ||
                           report.reason == reason::quota_exceeded;
  if (for_the_api && !given_up_so) {
    return says(Rule::not_the_api, "nothing but passing failures of the API said so");
  }

  // How it ended.
  const auto well = [](Pod pod) { return pod->exit == 0; };
  const auto ended_alone = [](Pod pod) {
    return pod->exit && !pod->killed && pod->main == PodRecord::Main::ended && pod->starts > 0;
  };
  const bool succeeded = all([&](Pod pod) { return ended_alone(pod) && well(pod); }) &&
                         (pods.size() == simulation::pods_of(step) || workload->resource == kube::Resource::Pods);
  if (report.state == StepState::succeeded && !succeeded) {
    says(Rule::true_end, "it did not end by itself with exit code 0");
  }
  if (report.exit_code &&
      !any([&](Pod pod) { return pod->exit == *report.exit_code && pod->main == PodRecord::Main::ended; })) {
    says(Rule::true_end, "that was not its exit code");
  }
  // One that failed before anything else happened to any of them; or all that ended well so.
  const bool late = report.reason == reason::deleted && came_late(from, step, report);
  const bool judged = report.state != StepState::lost && !steps_[step].excused && !late;
  const auto clean = [](Pod pod) { return pod->clean_end && pod->starts > 0; };
  if (judged && succeeded && all(clean) && report.state != StepState::succeeded) {
    says(Rule::true_end, "it had succeeded before anything else");
  }
  const auto failed = [&](Pod pod) {
    const bool was_shown = pods.size() == 1 || shown.ended.contains(pod->object.metadata.uid);
    return clean(pod) && !well(pod) && was_shown;
  };
  const auto first = std::find_if(pods.begin(), pods.end(), failed);
  const bool undisturbed = first != pods.end() && all([&](Pod pod) {
                             const bool by_its_controller = pod->first_delete == Asker::cluster && !pod->disrupted;
                             return pod == *first || clean(pod) ||
                                    (!pod->disrupted && pod->fail_reason[0] == 0 && !pod->lost_node &&
                                     (by_its_controller || pod->first_delete == Asker::nobody));
                           });
  if (judged && undisturbed) {
    if (report.state != StepState::failed) says(Rule::true_end, "it had failed before anything else");
    const bool another_never_started = any([](Pod pod) { return pod->final_written && pod->starts == 0; });
    if (report.state == StepState::failed && report.reason != reason::non_zero_exit &&
        report.reason != reason::out_of_memory && !another_never_started) {
      says(Rule::true_end, "it had failed by itself");
    }
  }
  if (report.state == StepState::failed) {
    if (report.reason.empty()) says(Rule::true_end, "no reason");
    const bool by_somebody =
        (workload && workload->deleted_by_somebody) || any([](Pod pod) { return pod->deleted_by_somebody; });
    if (report.reason == reason::deleted && !by_somebody) {
      says(Rule::true_end, "nobody deleted it");
    }
    const bool disrupted = any([](Pod pod) { return pod->disrupted; });
    if ((report.reason == reason::preempted || report.reason == reason::node_lost) && !disrupted) {
      says(Rule::true_end, "nothing disrupted it");
    }
    if (report.reason == reason::out_of_memory && !any([](Pod pod) { return pod->out_of_memory; })) {
      says(Rule::true_end, "it had memory enough");
    }
    if (report.reason == reason::non_zero_exit && !any([](Pod pod) { return pod->exit && *pod->exit != 0; })) {
      says(Rule::true_end, "its exit code was not that");
    }
  }
  if (report.state == StepState::cancelled) {
    if (!host_.journal(step).cancelled) says(Rule::true_end, "nobody cancelled it");
    // What a second process makes at the same time, the one that cancels cannot know of.
    const bool unseen = report.place.uid.empty() && host_.others() > 0;
    if (!all_confirmed && !steps_[step].excused && !unseen) says(Rule::stopped, "a pod of it is not confirmed stopped");
  }
  if (report.state == StepState::lost) {
    // The first attempt's name can be asked for; a later attempt that a list hides cannot be known.
    const bool hidden = workload && workload->attempt > 0 && network_.stale_lists();
    // A host that dies between the mark and the next attempt cannot know that there was none.
    const bool about_to_be_replaced =
        workload && workload->object.metadata.annotations.find(manifest::annotation::replaced_by);
    // Of a Job whose pod is gone, nobody can tell how it ended.
    const bool there =
        workload && workload->exists && std::all_of(pods.begin(), pods.end(), [](Pod pod) { return pod->exists; });
    if (report.reason == reason::workload_vanished && there && !workload->relabelled && !steps_[step].excused &&
        host_.others() == 0 && !steps_[step].made_beside && !about_to_be_replaced && !hidden) {
      says(Rule::nothing_lost, "its pod is there");
    }
    if (report.reason == reason::node_lost && any([](Pod pod) { return pod->exists; }) &&
        !any([](Pod pod) { return pod->collected; })) {
      // Judged by a deadline: on a view newer than it.
      auto overdue = Instant::max();
      for (const auto* pod : pods) {
        if (pod->unheard_since) overdue = std::min(overdue, *pod->unheard_since + from.policy(step).lost_after);
      }
      if (from.shown(step).as_of < overdue) says(Rule::not_the_api, "given up on a view from before its deadline");
    }
  }
}

void Invariants::at_the_end(bool all_done) {
  if (all_done) return;
  for (std::uint32_t step = 0; step < steps_.size(); ++step) {
    const auto& entry = host_.journal(step);
    if (entry.forgotten) continue;
    if (!entry.requested) {
      const bool exists = starts(step) > 0;
      if (exists) violated(Rule::nothing_lost, step, "it ran, and the host knows nothing of it");
    }
    violated(Rule::ends, step, entry.terminal ? "it is never forgotten" : "it never ends");
  }
}

}  // namespace stepop::simulation
