#include <algorithm>

#include "lifecycle/step_machine.hpp"

namespace stepop::lifecycle {
namespace {

// A kubelet that did not find a Secret tries again within 15 s (backOffPeriod and its jitter, pod_workers.go). What it still
// says after this is news: the one that was there was a leftover of an earlier pod of this name, and is gone.
constexpr std::chrono::seconds kubelet_tries_again{20};

}  // namespace

// StepMachine: what stands beside a step's workload, the Secret that its pod needs and the Service by which its pods find each
// other. They are made by whoever has the request, right after the workload, and belong to it: with it they go, by Kubernetes'
// garbage collection. There is no right to read them, so that one is there is known by making it: 201, or 409.

bool StepMachine::may_make_beside(const Beside& beside) const {
  if (!attempt_.view || ended_ || stop_ || beside.since || beside.refused_for_good) return false;
  const auto& view = *attempt_.view;
  return view.same_request && !view.pod.metadata.deletion_timestamp && !view.cancelled && view.given_up.empty();
}

// The pod cannot start for want of what only this operator may be about to make.
bool StepMachine::waits_for_secret() const {
  return asked_.secret && may_make_beside(attempt_.secret) && !attempt_.evidence.main_started();
}

// Its pods start without, and do not find each other.
bool StepMachine::waits_for_service() const {
  return asked_.service && may_make_beside(attempt_.service);
}

void StepMachine::decide_secret(Instant now, Actions& out) {
  auto& secret = attempt_.secret;
  const auto& view = *attempt_.view;
  if (waits_for_secret()) {
    if (secret.refused && is_believed(*secret.refused, out)) {
      return give_up_for(secret, now, secret.refused->reason, secret.refused->message);
    }
  } else if (!secret.seen_at || !(secret.missed || secret.doubted) || view.pod.metadata.deletion_timestamp) {
    return;
  } else if (const auto again = *secret.seen_at + kubelet_tries_again; now < again) {
    return wake_at(again);
  }
  if (call_ != Call::none || backing_off(now)) return;
  out.push_back(CreateSecret{view.pod.metadata.name, view.pod.metadata.uid, attempt_.number});
  begin(Call::create_secret);
  beside_asked_at_ = now;
}

void StepMachine::decide_service(Instant now, Actions& out) {
  auto& service = attempt_.service;
  if (!waits_for_service()) return;
  if (service.refused && is_believed(*service.refused, out)) {
    return give_up_for(service, now, service.refused->reason, service.refused->message);
  }
  if (call_ != Call::none || backing_off(now)) return;
  const auto& meta = attempt_.view->pod.metadata;
  out.push_back(CreateService{meta.name, meta.uid, attempt_.number});
  begin(Call::create_service);
  beside_asked_at_ = now;
}

void StepMachine::on_beside_answer(Beside& beside, Instant now, Answer& answer) {
  const auto is_there = [&] {
    if (!beside.since || beside.doubted) beside.since = now;
    beside.doubted = false;
    beside.seen_at = beside_asked_at_;
    beside.refused.reset();
    beside.held_up_by.clear();
    beside.message.clear();
  };
  const auto held_up = [&](std::string_view why, std::string message) {
    beside.held_up_by = why;
    beside.message = std::move(message);
  };
  if (std::holds_alternative<Done>(answer) || std::holds_alternative<PodView>(answer)) {
    beside.since.reset();  // before that there was none
    return is_there();
  }
  back_off(now);
  if (const auto* none = std::get_if<NoAnswer>(&answer)) return held_up(reason::cluster_unavailable, none->message);
  const auto& status = std::get<kube::Status>(answer);
  auto refusal = &beside == &attempt_.secret ? read_secret_refusal(status) : read_create_refusal(status);
  if (&beside == &attempt_.service) refusal.message = "The Service of its pods: " + refusal.message;
  using Kind = Refusal::Kind;
  if (refusal.kind != Kind::access) beside.refused.reset();
  switch (refusal.kind) {
    case Kind::name_taken:
      // By ours, or by a leftover of an earlier pod of this name: the garbage collector removes that one, and if it does so before
      // the container has started, the kubelet says that it misses it.
      return is_there();
    case Kind::access:
      note_refusal(beside.refused, now, refusal.reason, refusal.message);
      return held_up(refusal.reason, refusal.message);
    case Kind::final_no:
      return give_up_for(beside, now, refusal.reason, refusal.message);
    case Kind::room:
    case Kind::try_again:
      if (no_room_in_time(now, refusal, beside_asked_at_)) {
        return give_up_for(beside, now, refusal.reason, too_late(refusal));
      }
      return held_up(refusal.reason, refusal.message);
    case Kind::unknown_outcome:
      return held_up(refusal.reason, refusal.message);
  }
}

// Who does not own the step any more only stops trying.
void StepMachine::give_up_for(Beside& beside, Instant now, std::string why, std::string message) {
  beside.refused_for_good = true;
  if (!own_ || stop_) return;
  stop_ = Stop{Stop::Why::failure, std::move(why), std::move(message), {}};
  not_before_ = now;
}

// When the container must have started. Time without a Secret of ours does not count.
std::optional<Instant> StepMachine::startup_deadline() const {
  if (!attempt_.bound_since) return std::nullopt;
  auto since = *attempt_.bound_since;
  const auto& secret = attempt_.secret;
  if (asked_.secret) {
    if (secret.since && !secret.doubted) {
      since = std::max(since, *secret.since);
    } else if (!attempt_.evidence.main_started()) {
      return std::nullopt;
    }
  }
  return since + policy_.startup_timeout;
}

void StepMachine::tell_of_beside(Report& report) const {
  const auto& secret = attempt_.secret;
  for (const auto* beside : {&secret, &attempt_.service}) {
    if (beside->held_up_by.empty()) continue;
    report.reason = beside->held_up_by;
    report.message = beside->message;
    report.hint = hint_for(report.reason, report.message);
    return;
  }
  if (secret.missed && has_request_) {
    report.reason.clear();
    report.message = "The container waits for the step's Secret.";
    report.hint.clear();
  } else if (secret.missed) {
    report.hint = hint_for(reason::container_config, secret_without_request);
  }
}

}  // namespace stepop::lifecycle
