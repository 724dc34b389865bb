#include <algorithm>
#include <utility>

#include "lifecycle/step_machine.hpp"

namespace stepop::lifecycle {
namespace {

// A pod whose labels somebody changed has left the watch; it is looked after by GETs this far apart.
constexpr std::chrono::seconds unwatched_interval{10};

}  // namespace

// StepMachine: what the API server's answers mean.

Actions StepMachine::on_answer(Instant now, Answer answer) {
  Actions out;
  if (std::holds_alternative<PodView>(answer)) patch_refused_since_.reset();
  const auto call = std::exchange(call_, Call::none);
  if (call != Call::none && call != Call::mark_replaced && call_attempt_ != attempt_.number) {
    // It was about an attempt that another owner has replaced meanwhile.
    if (auto* view = std::get_if<PodView>(&answer)) see_answer(std::move(*view), now, out);
    decide(now, out);
    return out;
  }
  switch (call) {
    case Call::none:
      break;
    case Call::create:
      on_create_answer(now, answer, out);
      break;
    case Call::create_secret:
      on_beside_answer(attempt_.secret, now, answer);
      break;
    case Call::create_service:
      on_beside_answer(attempt_.service, now, answer);
      break;
    case Call::get:
      on_get_answer(now, answer, out);
      break;
    case Call::get_next:
      if (auto* view = std::get_if<PodView>(&answer)) {
        const auto before = attempt_.number;
        see_answer(std::move(*view), now, out);
        attempt_.next_is_absent = attempt_.number == before;  // what has the name is not known for the step's
      } else if (const auto* status = std::get_if<kube::Status>(&answer); status && kube::is_not_found(*status)) {
        attempt_.next_is_absent = true;
      } else {
        back_off(now);
      }
      break;
    case Call::mark:
      on_mark_answer(now, answer, out);
      break;
    case Call::mark_replaced:
      on_mark_replaced_answer(now, answer, out);
      break;
    case Call::take_over:
      on_take_over_answer(now, answer, out);
      break;
    case Call::remove:
      on_delete_answer(now, answer, out);
      break;
  }
  decide(now, out);
  return out;
}

StepMachine::RefusedAccess& StepMachine::refused(Instant now, std::string_view why, const std::string& message) {
  note_refusal(refused_, now, why, message);
  return *refused_;
}

void StepMachine::note_refusal(std::optional<RefusedAccess>& refused, Instant now, std::string_view why,
                               const std::string& message) {
  if (!refused) refused = RefusedAccess{now, now, false, false, std::string(why), message};
  refused->last = now;
  refused->message = message;
}

void StepMachine::hold_up(std::string_view why, const std::string& message, Actions& out) {
  if (ended_) return;  // the watch was quicker than the answer
  // What holds up a create belongs to `accepted`: nothing exists yet, and a host may still cancel without a trace.
  Report report = report_;
  report.reason = why;
  report.message = message;
  report.hint = hint_for(why, message);
  if (report == report_) return;
  report_ = report;
  out.push_back(Announce{std::move(report)});
}

// This one had not; an earlier one, whose answer was lost, may still.
void StepMachine::create_had_no_effect(Instant now) {
  attempt_.create_unknown_until.reset();
  if (create_may_land_until_ && now < *create_may_land_until_) attempt_.create_unknown_until = create_may_land_until_;
}

// `scheduling_timeout_seconds` counts while a quota or a webhook that cannot be asked keeps the pod, or its Secret, from being
// made. An API server that is away says nothing of the sort.
bool StepMachine::no_room_in_time(Instant now, const Refusal& refusal, Instant asked_at) {
  const bool no_room = refusal.reason == reason::quota_exceeded || refusal.reason == reason::admission_denied;
  if (!no_room || !policy_.scheduling_timeout || stop_) return false;
  const auto deadline = *started_at_ + *policy_.scheduling_timeout;
  if (now < deadline) {
    not_before_ = std::min(not_before_, deadline);  // asked once more when it has passed
    return false;
  }
  return asked_at >= deadline && !create_may_land(now);
}

std::string StepMachine::too_late(const Refusal& refusal) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*policy_.scheduling_timeout).count();
  return "Not taken within " + std::to_string(seconds) + " s: " + refusal.message;
}

void StepMachine::on_create_answer(Instant now, Answer& answer, Actions& out) {
  if (auto* view = std::get_if<PodView>(&answer)) {
    see_answer(std::move(*view), now, out);
    return;
  }
  back_off(now);
  const auto may_land_until = create_sent_at_ + create_timeout + create_margin;
  if (const auto* none = std::get_if<NoAnswer>(&answer)) {
    if (none->may_have_reached_server) {
      create_may_land_until_ = may_land_until;
    } else {
      create_had_no_effect(now);
    }
    hold_up(reason::cluster_unavailable, none->message, out);
    return;
  }
  const auto* status = std::get_if<kube::Status>(&answer);
  if (!status) return;  // 2xx without a pod: look for it by creating it again
  const auto refusal = read_create_refusal(*status);
  using Kind = Refusal::Kind;
  if (refusal.kind == Kind::unknown_outcome) {
    create_may_land_until_ = may_land_until;
  } else {
    create_had_no_effect(now);
  }
  if (refusal.kind != Kind::access) refused_.reset();
  switch (refusal.kind) {
    case Kind::final_no:
      return end_without_pod(StepState::failed, refusal.reason, refusal.message, UserCodeRan::no, out);
    case Kind::access:
      refused(now, refusal.reason, refusal.message);
      return hold_up(refusal.reason, refusal.message, out);
    case Kind::name_taken:
      attempt_.name_taken = true;
      not_before_ = now;  // look at once who has it
      return;
    case Kind::room:
    case Kind::try_again:
      if (no_room_in_time(now, refusal, create_sent_at_)) {
        return end_without_pod(StepState::failed, refusal.reason, too_late(refusal),
                               attempt_.restarts ? UserCodeRan::maybe : UserCodeRan::no, out);
      }
      return hold_up(refusal.reason, refusal.message, out);
    case Kind::unknown_outcome:
      return hold_up(refusal.reason, refusal.message, out);
  }
}

void StepMachine::on_get_answer(Instant now, Answer& answer, Actions& out) {
  if (auto* view = std::get_if<PodView>(&answer)) {
    if (attempt_.view && view->pod.metadata.uid != attempt_.view->pod.metadata.uid) {
      attempt_.absent_since = now;
      return;
    }
    if (!attempt_.view && !view->same_step) {
      end_without_pod(StepState::failed, reason::conflict,
                      "A pod named " + view->pod.metadata.name + " exists, and it is not of this step",
                      UserCodeRan::maybe, out);
      return;
    }
    see_answer(std::move(*view), now, out);
    attempt_.seen_at = asked_at_;
    attempt_.look_before_delete = false;
    // It exists, but the watch does not show it: somebody changed its labels.
    if (attempt_.left_view) {
      attempt_.look_again_at = now + unwatched_interval;
      attempt_.last_is_whole = false;
    }
    return;
  }
  const auto* status = std::get_if<kube::Status>(&answer);
  if (!status || !kube::is_not_found(*status)) {
    back_off(now);
    if (status && is_access_refusal(*status)) warn_once("Forbidden", status->message, out);
    return;
  }
  if (attempt_.view) {
    attempt_.absent_since = now;
  } else if (stop_ && attempt_.may_create) {
    attempt_.create_unknown_until.reset();
    end_without_pod(StepState::cancelled, "", "Cancelled; no pod of it exists.",
                    attempt_.restarts ? UserCodeRan::maybe : UserCodeRan::no, out);
  } else if (attempt_.may_create) {
    attempt_.name_taken = false;  // it was, and is free again
    back_off(now);
  } else if (!relisting_) {
    end_without_pod(StepState::lost, reason::workload_vanished,
                    "The step's pod existed, and is gone; nobody saw how it ended", UserCodeRan::maybe, out);
  }
}

void StepMachine::on_mark_answer(Instant now, Answer& answer, Actions& out) {
  if (auto* view = std::get_if<PodView>(&answer)) {
    attempt_.mark_done = true;
    see_answer(std::move(*view), now, out);
    return;
  }
  if (const auto* status = std::get_if<kube::Status>(&answer)) {
    if (kube::is_not_found(*status)) {
      attempt_.absent_since = now;
      return;
    }
    if (kube::is_conflict(*status)) {  // another pod has its name, or it was being changed: a GET tells
      back_off(now);
      return look(now, out);
    }
    // Without the right to patch, the cancel still works; only later lives cannot tell it from a deletion.
    if (patch_is_refused(now, *status, out)) attempt_.mark_done = true;
  }
  back_off(now);
}

// An API server that has just started refuses for a moment what it will allow: only what lasts is believed.
bool StepMachine::patch_is_refused(Instant now, const kube::Status& status, Actions& out) {
  if (!is_access_refusal(status) && status.code != 403) return false;
  if (!patch_refused_since_) patch_refused_since_ = now;
  if (now < *patch_refused_since_ + policy_.refusal_grace) return false;
  warn_once("Forbidden", status.message, out);
  return true;
}

void StepMachine::on_mark_replaced_answer(Instant now, Answer& answer, Actions& out) {
  const auto unmarked =
      std::find_if(earlier_.begin(), earlier_.end(), [](const Earlier& e) { return !e.marked && !e.removed; });
  if (unmarked == earlier_.end()) return;
  const auto* status = std::get_if<kube::Status>(&answer);
  if (std::holds_alternative<PodView>(answer) || std::holds_alternative<Done>(answer)) {
    unmarked->marked = true;
  } else if (status && (kube::is_not_found(*status) || kube::is_other_uid(*status))) {
    unmarked->removed = true;
  } else if (status && patch_is_refused(now, *status, out)) {
    unmarked->marked = true;
  } else {
    back_off(now);
  }
}

void StepMachine::on_take_over_answer(Instant now, Answer& answer, Actions& out) {
  if (auto* view = std::get_if<PodView>(&answer)) {
    see_answer(std::move(*view), now, out);
    return;
  }
  back_off(now);
  const auto* status = std::get_if<kube::Status>(&answer);
  if (!status) return;
  if (kube::is_not_found(*status)) attempt_.absent_since = now;
  if (patch_is_refused(now, *status, out)) {
    take_over_refused_ = true;
    return;
  }
  if (kube::is_conflict(*status)) look(now, out);  // it has changed since: look, then try again
}

void StepMachine::on_delete_answer(Instant now, Answer& answer, Actions& out) {
  const auto* status = std::get_if<kube::Status>(&answer);
  const bool gone = status && (kube::is_not_found(*status) || kube::is_other_uid(*status));
  if (ended_) {
    const auto earlier = std::find_if(earlier_.begin(), earlier_.end(), [](const Earlier& e) { return !e.removed; });
    const bool accepted = gone || std::holds_alternative<Done>(answer) || std::holds_alternative<PodView>(answer);
    if (forget_asked_ && earlier != earlier_.end() && accepted) {
      earlier->removed = true;  // the next call is for the next one
      if (!attempt_.view) attempt_.gone = true;
      return;
    }
    if (gone) attempt_.gone = true;
    if (gone || std::holds_alternative<Done>(answer) || std::holds_alternative<PodView>(answer)) {
      if (forget_asked_ && !forgotten_) {
        forgotten_ = true;
        out.push_back(TellForgotten{true});
      }
      return;
    }
    back_off(now);
    if (status && is_access_refusal(*status)) {
      refused(now, reason::forbidden, status->message);
      if (forget_asked_ && refused_->last >= refused_->since + policy_.refusal_grace) {
        warn_once("Forbidden", "The step's pod is left where it is: " + status->message, out);
        forgotten_ = true;
        out.push_back(TellForgotten{false});
      }
    }
    return;
  }
  if (auto* view = std::get_if<PodView>(&answer)) {
    attempt_.delete_done = true;
    if (attempt_.view && view->pod.metadata.uid == attempt_.view->pod.metadata.uid) {
      // It had completed when the DELETE came; unless an earlier one, whose answer was lost, had stopped it.
      const bool first = !attempt_.delete_unknown && !attempt_.view->pod.metadata.deletion_timestamp;
      attempt_.completed_before_delete = first && main_ended(view->pod);
      see_answer(std::move(*view), now, out);
    }
    return;
  }
  if (std::holds_alternative<Done>(answer)) {
    attempt_.delete_done = true;  // a Status Success: it was removed at once
    return;
  }
  if (gone) {
    attempt_.absent_since = now;  // the DELETE named a uid, and there is no pod with it
    return;
  }
  back_off(now);
  attempt_.delete_unknown = attempt_.delete_unknown || !status || status->code >= 500;
  attempt_.look_before_delete = true;
  if (status && status->code == 403) warn_once("Forbidden", status->message, out);
}

}  // namespace stepop::lifecycle
