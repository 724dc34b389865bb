#include <utility>

#include "lifecycle/step_machine.hpp"

namespace stepop::lifecycle {
namespace {

// How long an observer waits for the owner to make the next attempt, before it calls the last one the end.
constexpr std::chrono::seconds owner_wait{120};
// How long a kill waits for the word that it was for memory. A kubelet looks at its containers each second and writes what
// it finds at once; one of a crowded node was seen to take more than four.
constexpr std::chrono::seconds memory_word_wait{10};

}  // namespace

// StepMachine: what is told of it, and how it ends.

Progress StepMachine::progress() const {
  auto progress = read_progress(attempt_.view->pod);
  if (attempt_.explanation && attempt_.explained == uid_to_explain() && waits_in_silence()) {
    progress.reason = attempt_.explanation->reason;
    progress.message = attempt_.explanation->message;
    progress.hint = hint_for(progress.reason, progress.message);
  }
  return progress;
}

Place StepMachine::place() const {
  auto place = place_of(attempt_.view->pod);
  if (attempt_.view->job) place.kind = "Job";
  return place;
}

// Of several pods, which.
std::string StepMachine::of_index(std::string message) const {
  const auto index = attempt_.view->job ? attempt_.view->job->index_shown() : std::nullopt;
  return index && !message.empty() ? "Index " + std::to_string(*index) + ": " + message : message;
}

void StepMachine::announce_progress(Actions& out) {
  const auto& pod = attempt_.view->pod;
  const auto progress = this->progress();
  Report report;
  report.state = attempt_.evidence.all_started() ? StepState::running : progress.state;
  if (report.state == StepState::pending) {
    report.reason = progress.reason;
    report.message = of_index(progress.message);
    report.hint = progress.hint;
  }
  if (report.state == StepState::pending) tell_of_beside(report);
  if (pod.metadata.deletion_timestamp) report.message = "The pod is being deleted.";
  if (const auto* main = pod.container_status(main_container)) {
    if (main->state.kind == kube::ContainerState::Kind::Running) report.started_at = main->state.started_at;
  }
  report.place = place();
  report.attempt = attempt_.number;
  report.user_code_ran = attempt_.evidence.so_far();
  if (attempt_.restarts > 0 && report.user_code_ran == UserCodeRan::no) report.user_code_ran = UserCodeRan::maybe;
  const bool backwards = report.attempt == report_.attempt && report.state < report_.state;
  if (backwards || report == report_) return;
  report_ = report;
  out.push_back(Announce{std::move(report)});
}

void StepMachine::conclude(Instant now, Report report, bool stopped, Actions& out) {
  if (!may_replace(report, stopped)) return end(std::move(report), out);
  if (own_ && has_request_) {
    if (!create_may_land(now)) replace(now, report, out);
    return;
  }
  if (own_) {
    report.message += " (It is not replaced: this process took it over without its request.)";
    report.retryable = true;
    return end(std::move(report), out);
  }
  held_report_ = std::move(report);
  held_until_ = now + owner_wait;
  wake_at(*held_until_);
}

// Only what did not run, or may run again, and only once it is confirmed stopped. What somebody deleted stays deleted.
bool StepMachine::may_replace(const Report& report, bool stopped) const {
  const bool cancelled = attempt_.view->cancelled || (stop_ && stop_->why == Stop::Why::cancel);
  if (report.state != StepState::failed || cancelled || !stopped) return false;
  const bool disrupted = report.reason == reason::evicted || report.reason == reason::preempted ||
                         report.reason == reason::node_lost || report.reason == reason::node_rejected;
  // What may be run a second time may all the more be run a first.
  if (disrupted && attempt_.restarts < policy_.max_disruption_restarts) return true;
  return report.user_code_ran == UserCodeRan::no && (disrupted || report.reason == reason::start_timeout) &&
         has_startup_retry();
}

bool StepMachine::has_startup_retry() const {
  return attempt_.number - attempt_.restarts < policy_.max_startup_retries;
}

void StepMachine::replace(Instant now, const Report& report, Actions& out) {
  Attempt next;
  next.number = attempt_.number + 1;
  next.restarts = attempt_.restarts + (report.user_code_ran == UserCodeRan::no && has_startup_retry() ? 0 : 1);
  next.may_create = true;
  if (!attempt_.gone) note_earlier(*attempt_.view);
  attempt_ = std::move(next);
  stop_.reset();
  started_at_ = now;
  not_before_ = now + replace_backoff_.next();

  Report again;
  again.attempt = attempt_.number;
  again.reason = report.reason;
  again.message = "Attempt " + std::to_string(attempt_.number - 1) + " is replaced: " + report.message;
  again.hint = report.hint;
  again.user_code_ran = report.user_code_ran;
  report_ = again;
  out.push_back(Announce{std::move(again)});
  decide_absent(now, out);
}

void StepMachine::end(Report report, Actions& out) {
  if (ended_) return;
  report.attempt = attempt_.number;
  // An earlier attempt may have run.
  if (attempt_.restarts > 0 && report.user_code_ran == UserCodeRan::no) report.user_code_ran = UserCodeRan::maybe;
  ended_ = true;
  if (attempt_.view) report.place = place();
  report_ = report;
  backoff_.reset();
  not_before_ = {};
  warned_.clear();
  refused_.reset();
  out.push_back(Announce{std::move(report)});
}

void StepMachine::end_without_pod(StepState state, std::string_view why, std::string message, UserCodeRan ran,
                                  Actions& out) {
  if (origin_ == Origin::forgotten) {
    warn_once("Forbidden", std::move(message), out);
    forgotten_ = true;
    out.push_back(TellForgotten{false});
    return;
  }
  Report report;
  report.state = state;
  report.reason = why;
  report.message = std::move(message);
  report.hint = hint_for(why, report.message);
  report.retryable = may_help_to_retry(why, report.message);
  report.user_code_ran = ran;
  end(std::move(report), out);
}

// It is written on the object, or cannot be: what ended before that did not end by the cancel.
bool StepMachine::cancel_took_hold() const {
  return attempt_.view->cancelled || (stop_ && stop_->why == Stop::Why::cancel && attempt_.mark_done);
}

// As cancel_took_hold: a deletion that came before it is somebody else's.
bool StepMachine::giving_up_took_hold() const {
  return !attempt_.view->given_up.empty() || (stop_ && stop_->why == Stop::Why::failure && attempt_.mark_done);
}

// The end of a pod that was being stopped or deleted: by our own decision, by a cancel, by somebody.
Report StepMachine::stopped_report(const kube::Pod& pod, UserCodeRan ran) const {
  Report report;
  report.place = place_of(pod);
  report.user_code_ran = ran;
  if (const auto* main = pod.container_status(main_container); main && main_ended(pod)) {
    report.started_at = main->state.started_at;
    report.finished_at = main->state.finished_at;
    if (main->state.reason != "ContainerStatusUnknown") report.exit_code = main->state.exit_code;
  }
  if (cancel_took_hold()) {
    report.state = StepState::cancelled;
    report.message = "Stopped by a cancel.";
    return report;
  }
  report.state = StepState::failed;
  if (!attempt_.view->given_up.empty()) {
    report.reason = attempt_.view->given_up_reason();
    report.message = attempt_.view->given_up_message();
  } else if (giving_up_took_hold()) {
    report.reason = stop_->reason;
    report.message = stop_->message;
  } else if (const auto disruption = disruption_of(pod)) {
    report.reason = disruption->reason;
    report.message = disruption->message;
  } else {
    report.reason = reason::deleted;
    report.message = "Pod " + pod.metadata.name + " was deleted by somebody other than stepop.";
  }
  report.hint = hint_for(report.reason, report.message);
  report.retryable = may_help_to_retry(report.reason, report.message);
  return report;
}

void StepMachine::end_by_final_status(Instant now, Actions& out) {
  const auto& pod = attempt_.view->pod;
  if (!kubelet_confirmed_end(pod)) {
    // Written by garbage collection, its node being gone: that confirms nothing.
    const auto disruption = disruption_of(pod);
    return lose(now, disruption ? disruption->message : pod.message, attempt_.evidence.so_far(), out);
  }
  if (may_turn_out_to_be_memory(pod)) {
    if (!attempt_.killed_since) attempt_.killed_since = now;
    const bool there = !attempt_.absent_since && !attempt_.gone;  // that it left the view, a stale list may say
    if (there && !passed(*attempt_.killed_since + memory_word_wait, now, out)) return;
  }
  auto report = read_end(pod, attempt_.evidence);
  report.message = of_index(std::move(report.message));
  // Ended before anything disturbed it: then that is how it ended. Code that traps SIGTERM and exits 0 did not finish.
  const bool undisturbed = attempt_.completed_undisturbed || attempt_.completed_before_delete;
  const bool failed_by_node =
      report.state == StepState::failed && !main_ended(pod) && !pod.reason.empty() && !pod.metadata.deletion_timestamp;
  const bool stopped_by_us = giving_up_took_hold() || cancel_took_hold();
  if (!undisturbed && !(failed_by_node && !stopped_by_us)) {
    report = stopped_report(pod, report.user_code_ran);
  }
  const auto& job = attempt_.view->job;
  const bool stopped = !job || job->all_stopped();
  if (!stopped && (report.state == StepState::cancelled || may_replace(report, true))) {
    if (job->may_make_more()) return;  // until its controller says that it does not
    if (report.state == StepState::cancelled) {
      return end_without_pod(StepState::lost, reason::workload_vanished,
                             "Nobody confirmed that each pod of Job " + pod.metadata.name + " has stopped.",
                             report.user_code_ran, out);
    }
  }
  conclude(now, std::move(report), stopped, out);
}

void StepMachine::end_by_vanishing(Instant now, Actions& out) {
  const auto& pod = attempt_.view->pod;
  const auto ran = attempt_.evidence.after_vanishing(pod, attempt_.last_is_whole);
  const bool stopping =
      attempt_.view->cancelled || (stop_ && attempt_.delete_done) || pod.metadata.deletion_timestamp.has_value();
  const auto disruption = disruption_of(pod);
  // A Job that went before its pods, nobody tells of them any more.
  const bool went_first = attempt_.view->job && attempt_.view->job->has_living_pods();
  if (disruption && disruption->reason == reason::node_lost && !pod.node_name.empty()) {
    if (went_first) {
      return end_without_pod(StepState::lost, reason::workload_vanished,
                             "Job " + pod.metadata.name + " is gone, and nobody saw how its pod ended.", ran, out);
    }
    return lose(now, disruption->message, ran, out);  // its node never confirmed anything
  }
  const bool stopped = attempt_.last_is_whole && pod.node_name.empty();
  if (cancel_took_hold() && !stopped) {
    return end_without_pod(
        StepState::lost, reason::workload_vanished,
        "Pod " + pod.metadata.name + " of this cancelled step is gone, and nobody saw that it stopped.", ran, out);
  }
  // Whoever deleted a Job that was over, as its TTL does ("Automatic Cleanup for Finished Jobs"), has not stopped it.
  const bool was_over = attempt_.view->job && attempt_.view->job->is_decided() && !giving_up_took_hold();
  if (was_over && !cancel_took_hold()) {
    return end_without_pod(StepState::lost, reason::workload_vanished,
                           "Job " + pod.metadata.name + " was over and is gone, and nobody saw how its pod ended.", ran,
                           out);
  }
  if (!stopping && (attempt_.evidence.unseen_since_gap() || !attempt_.last_is_whole)) {
    // It may have completed and been removed unseen.
    return end_without_pod(StepState::lost, reason::workload_vanished,
                           "Pod " + pod.metadata.name + " is gone, and nobody saw how it ended.", ran, out);
  }
  conclude(now, stopped_report(pod, ran), stopped, out);
}

}  // namespace stepop::lifecycle
