#include <algorithm>

#include "lifecycle/step_machine.hpp"

namespace stepop::lifecycle {
namespace {

// A kubelet that did not find a Secret tries again within 15 s (backOffPeriod and its jitter, pod_workers.go). What it still
// says after this is news: the one that was there was a leftover of an earlier pod of this name, and is gone.
constexpr std::chrono::seconds kubelet_tries_again{20};

}  // namespace

// StepMachine: the Secret that a step's pod needs. It is made by whoever has the request, right after the pod, and belongs to it:
// with the pod it goes, by Kubernetes' garbage collection. There is no right to read it, so that it is there is known
// by making it: 201, or 409.

// The pod cannot start for want of what only this operator may be about to make.
bool StepMachine::waits_for_secret() const {
  if (!asked_.secret || !attempt_.view || ended_ || stop_ || attempt_.evidence.main_started()) return false;
  const auto& view = *attempt_.view;
  const bool stopping = view.pod.metadata.deletion_timestamp || view.cancelled || !view.given_up.empty();
  return view.same_request && !stopping && !attempt_.secret.since && !attempt_.secret.refused_for_good;
}

void StepMachine::decide_secret(Instant now, Actions& out) {
  auto& secret = attempt_.secret;
  const auto& view = *attempt_.view;
  if (waits_for_secret()) {
    if (secret.refused && is_believed(*secret.refused, out)) {
      return give_up_for_secret(now, secret.refused->reason, secret.refused->message);
    }
  } else if (!secret.seen_at || !(secret.missed || secret.doubted) || view.pod.metadata.deletion_timestamp) {
    return;
  } else if (const auto again = *secret.seen_at + kubelet_tries_again; now < again) {
    return wake_at(again);
  }
  if (call_ != Call::none || backing_off(now)) return;
  out.push_back(CreateSecret{view.pod.metadata.name, view.pod.metadata.uid, attempt_.number});
  begin(Call::create_secret);
  secret_asked_at_ = now;
}

void StepMachine::on_secret_answer(Instant now, Answer& answer, Actions&) {
  auto& secret = attempt_.secret;
  const auto is_there = [&] {
    if (!secret.since || secret.doubted) secret.since = now;
    secret.doubted = false;
    secret.seen_at = secret_asked_at_;
    secret.refused.reset();
    secret.held_up_by.clear();
    secret.message.clear();
  };
  const auto held_up = [&](std::string_view why, std::string message) {
    secret.held_up_by = why;
    secret.message = std::move(message);
  };
  if (std::holds_alternative<Done>(answer) || std::holds_alternative<PodView>(answer)) {
    secret.since.reset();  // before that there was none
    return is_there();
  }
  back_off(now);
  if (const auto* none = std::get_if<NoAnswer>(&answer)) return held_up(reason::cluster_unavailable, none->message);
  const auto refusal = read_secret_refusal(std::get<kube::Status>(answer));
  using Kind = Refusal::Kind;
  if (refusal.kind != Kind::access) secret.refused.reset();
  switch (refusal.kind) {
    case Kind::name_taken:
      // By ours, or by a leftover of an earlier pod of this name: the garbage collector removes that one, and if it does so before
      // the container has started, the kubelet says that it misses it.
      return is_there();
    case Kind::access:
      note_refusal(secret.refused, now, refusal.reason, refusal.message);
      return held_up(refusal.reason, refusal.message);
    case Kind::final_no:
      return give_up_for_secret(now, refusal.reason, refusal.message);
    case Kind::room:
    case Kind::try_again:
      if (no_room_in_time(now, refusal, secret_asked_at_)) {
        return give_up_for_secret(now, refusal.reason, too_late(refusal));
      }
      return held_up(refusal.reason, refusal.message);
    case Kind::unknown_outcome:
      return held_up(refusal.reason, refusal.message);
  }
}

// Who does not own the step any more only stops trying.
void StepMachine::give_up_for_secret(Instant now, std::string why, std::string message) {
  attempt_.secret.refused_for_good = true;
  if (!own_ || stop_) return;
  stop_ = Stop{Stop::Why::failure, std::move(why), std::move(message), {}};
  not_before_ = now;
}

// When the container must have started. Time without a Secret of ours does not count.
std::optional<Instant> StepMachine::startup_deadline() const {
  if (!attempt_.bound_since) return std::nullopt;
  auto since = *attempt_.bound_since;
  const auto& secret = attempt_.secret;
  if (asked_.secret && !attempt_.evidence.main_started()) {
    if (!secret.since || secret.doubted) return std::nullopt;
    since = std::max(since, *secret.since);
  }
  return since + policy_.startup_timeout;
}

void StepMachine::tell_of_secret(Report& report) const {
  const auto& secret = attempt_.secret;
  if (!secret.held_up_by.empty()) {
    report.reason = secret.held_up_by;
    report.message = secret.message;
    report.hint = hint_for(report.reason, report.message);
  } else if (secret.missed && has_request_) {
    report.reason.clear();
    report.message = "The container waits for the step's Secret.";
    report.hint.clear();
  } else if (secret.missed) {
    report.hint = hint_for(reason::container_config, secret_without_request);
  }
}

}  // namespace stepop::lifecycle
