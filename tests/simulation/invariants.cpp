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

const PodRecord* Invariants::pod_of(std::uint32_t step, const std::string& uid) const {
  const PodRecord* found = nullptr;
  each_pod(step, [&](const PodRecord& pod) {
    if (pod.object.metadata.uid == uid) found = &pod;
  });
  return found;
}

std::uint32_t Invariants::starts(std::uint32_t step) const {
  std::uint32_t sum = 0;
  each_pod(step, [&](const PodRecord& pod) { sum += pod.starts; });
  return sum;
}

void Invariants::on_created(const PodRecord& pod) {
  const auto& policy = policies_[pod.step];
  const auto* maker = pod.object.metadata.labels.find(manifest::label::instance);
  const bool by_another = !host_.current() || !maker || *maker != host_.current()->instance();
  steps_[pod.step].made_beside = host_.others() > 0 || by_another;
  if (steps_[pod.step].excused) return;
  const bool replaces_lost = policy.on_node_lost == lifecycle::OnNodeLost::replace;
  const PodRecord* before = nullptr;
  std::uint32_t ran = 0;
  std::uint32_t lost = 0;
  each_pod(pod.step, [&](const PodRecord& earlier) {
    if (earlier.number >= pod.number) return;
    before = &earlier;
    ran += earlier.starts;
    lost += earlier.lost_node ? 1u : 0u;
    if (!earlier.confirmed_stopped() && !(replaces_lost && earlier.lost_node)) {
      violated(Rule::one_pod, pod.step,
               pod.object.metadata.name + " is created while " + earlier.object.metadata.name + " (" +
                   earlier.object.metadata.uid + ") is not confirmed stopped");
    }
  });
  if (!before) return;
  if (ran == 0) {
    if (before->first_delete == Asker::somebody && !before->disrupted && before->fail_reason[0] == 0) {
      violated(Rule::one_start, pod.step, before->object.metadata.name + ", which somebody deleted, is replaced");
    }
    return;
  }
  const bool disrupted = before->starts == 0 || before->disrupted || before->fail_reason[0] != 0 || before->lost_node;
  const auto allowed = policy.max_disruption_restarts + (replaces_lost ? lost : 0u);
  if (ran > allowed || !disrupted) {
    violated(Rule::one_start, pod.step,
             pod.object.metadata.name + " is created although user code has run " + std::to_string(ran) + " times");
  }
}

void Invariants::on_started(const PodRecord& pod) {
  auto& step = steps_[pod.step];
  if (has_secret(pod.step) && !api_.secret(pod.object.metadata.name)) {
    violated(Rule::secret, pod.step, "user code starts, and its Secret is not there");
  }
  const auto& policy = policies_[pod.step];
  const bool replaces_lost = policy.on_node_lost == lifecycle::OnNodeLost::replace;
  const auto number = starts(pod.step);
  std::uint32_t lost = 0;
  each_pod(pod.step, [&](const PodRecord& one) { lost += one.lost_node ? 1u : 0u; });
  if (number > 1 + policy.max_disruption_restarts + (replaces_lost ? lost : 0u) && !step.excused) {
    violated(Rule::one_start, pod.step, "user code runs the " + std::to_string(number) + ". time");
  }
  for (const auto& said : step.ends) {
    if (step.excused) break;
    if (said.report.user_code_ran != UserCodeRan::no || said.without_request) continue;
    // What a life said before anything existed, and its host did not live to journal, binds nobody; nor does it a
    // second process, which owns the step too.
    const bool binds = host_.current() && host_.current()->number() == said.by && host_.others() == 0;
    if (said.report.place.uid.empty() && !binds) continue;
    const bool another_pod = said.report.place.uid != pod.object.metadata.uid;
    if (another_pod && step.made_beside) continue;
    violated(Rule::user_code_ran, pod.step, "user code starts after the terminal event said that it did not run");
  }
}

void Invariants::on_removed(const PodRecord& pod) {
  // Nor does a second process that began with an older page of the journal know that there was one.
  // And a create without an answer may land once its name is free again: freed by others, or by a life that cannot know of a
  // create that one before it had sent just before it died.
  const bool unknown = !host_.journal(pod.step).told_pending || host_.others() > 0;
  const bool may_land = pod.deleted_by_stepop ? network_.create_under_way_of_another(pod.step, host_.current())
                                              : network_.create_under_way(pod.step);
  if (unknown || may_land) steps_[pod.step].excused = true;
}

void Invariants::on_served(const Call& call) {
  if (call.kind != CallKind::remove || call.reply.kind != Reply::Kind::pod) return;
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
  const auto* pod = pod_of(step, uid);
  const auto because = [&](std::string_view word) { return why.starts_with(word); };
  if (because(reason::forbidden)) {
    const auto& since = shown.secret_refused_since;
    if (!since || !shown.ready_since_secret_refused || now - *since < policy.refusal_grace) {
      violated(Rule::not_the_api, step, "a refusal of its Secret is believed too soon");
    }
    return;
  }
  if (because(reason::quota_exceeded) || because(reason::admission_denied)) {
    if (!policy.scheduling_timeout || shown.secret_as_of < *shown.known_since + *policy.scheduling_timeout) {
      violated(Rule::not_the_api, step, "it is given up for its Secret, which had time yet");
    }
    return;
  }
  std::optional<Instant> deadline;
  const auto earlier = [&](std::optional<Instant> since, std::chrono::milliseconds time) {
    if (since && (!deadline || *since + time < *deadline)) deadline = *since + time;
  };
  const auto* secret = pod && has_secret(step) && !from.attached() ? api_.secret(pod->object.metadata.name) : nullptr;
  auto may_start_since = shown.bound_since;
  // That somebody removed it and another life made it again, who was not shown cannot know.
  const bool asked = shown.secret_as_of != Instant{};
  const auto made = secret && asked ? std::min(secret->made_at, shown.secret_as_of)
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
  if (!for_secret || !shown.misses_secret || from.attached() || !pod || pod->secret_deleted) return;
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
  known.ends.push_back({from.number(), report, from.attached(), !from.shown(step).before_deletion});
}

// A later life, or another operator, says what the first one said, as long as both read it from the same pod.
void Invariants::check_same_end(const Operator& from, std::uint32_t step, const Report& report) {
  if (report.place.uid.empty() || report.state == StepState::lost || from.attached()) return;
  for (const auto& said : steps_[step].ends) {
    const auto& other = said.report;
    if (other.state == StepState::lost || other.place.uid != report.place.uid || said.without_request) continue;
    if (said.late || !from.shown(step).before_deletion) continue;
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
  const PodRecord* newest = nullptr;
  std::uint32_t started = 0;
  bool relabelled = false;
  bool all_confirmed = true;
  each_pod(step, [&](const PodRecord& pod) {
    newest = &pod;
    started += pod.starts;
    relabelled |= pod.relabelled;
    // One that was replaced because its node was lost will never be.
    all_confirmed = all_confirmed && (pod.confirmed_stopped() || (replaces_lost && pod.lost_node));
  });
  const PodRecord* pod = report.place.uid.empty() ? newest : pod_of(step, report.place.uid);

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
  const bool ended_alone = pod && pod->exit && !pod->killed && pod->main == PodRecord::Main::ended && pod->starts > 0;
  if (report.state == StepState::succeeded && !(ended_alone && pod->exit == 0)) {
    says(Rule::true_end, "it did not end by itself with exit code 0");
  }
  if (report.exit_code && !(pod && pod->exit == *report.exit_code && pod->main == PodRecord::Main::ended)) {
    says(Rule::true_end, "that was not its exit code");
  }
  const bool late = report.reason == reason::deleted && !from.shown(step).before_deletion;
  if (pod && pod->clean_end && pod->starts > 0 && report.state != StepState::lost && !steps_[step].excused && !late) {
    const bool well = pod->exit == 0;
    if (well && report.state != StepState::succeeded) says(Rule::true_end, "it had succeeded before anything else");
    if (!well && report.state != StepState::failed) says(Rule::true_end, "it had failed before anything else");
    if (!well && report.state == StepState::failed && report.reason != reason::non_zero_exit &&
        report.reason != reason::out_of_memory) {
      says(Rule::true_end, "it had failed by itself");
    }
  }
  if (report.state == StepState::failed) {
    if (report.reason.empty()) says(Rule::true_end, "no reason");
    if (report.reason == reason::deleted && !(pod && pod->deleted_by_somebody)) {
      says(Rule::true_end, "nobody deleted it");
    }
    if ((report.reason == reason::preempted || report.reason == reason::node_lost) && !(pod && pod->disrupted)) {
      says(Rule::true_end, "nothing disrupted it");
    }
    if (report.reason == reason::out_of_memory && !(pod && pod->out_of_memory)) {
      says(Rule::true_end, "it had memory enough");
    }
    if (report.reason == reason::non_zero_exit && !(pod && pod->exit && *pod->exit != 0)) {
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
    const bool hidden = newest && newest->attempt > 0 && network_.stale_lists();
    // A host that dies between the mark and the next attempt cannot know that there was none.
    const bool about_to_be_replaced =
        newest && newest->object.metadata.annotations.find(manifest::annotation::replaced_by);
    if (report.reason == reason::workload_vanished && newest && newest->exists && !newest->relabelled &&
        !steps_[step].excused && host_.others() == 0 && !steps_[step].made_beside && !about_to_be_replaced && !hidden) {
      says(Rule::nothing_lost, "its pod is there");
    }
    if (report.reason == reason::node_lost && pod && pod->exists) {
      // Judged by a deadline: on a view newer than it.
      const auto overdue = pod->unheard_since ? *pod->unheard_since + from.policy(step).lost_after : Instant::max();
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
