#include <algorithm>
#include <utility>

#include "lifecycle/step_machine.hpp"

namespace stepop::lifecycle {
namespace {

// A call found the pod gone; its last state comes by the watch, and a watch that is alive brings it well within this.
constexpr std::chrono::seconds last_word_wait{5};
// Most containers start within this; one that does not is asked about, and again while that lasts, ever less often.
constexpr std::chrono::seconds patience_with_a_start{5};
constexpr std::chrono::seconds longest_between_questions{60};
// A Job's controller makes its pods at once, where nothing holds it up.
constexpr std::chrono::seconds pods_are_looked_for{60};

}  // namespace

// StepMachine: what to do next, from all that is known.

void StepMachine::decide(Instant now, Actions& out) {
  if (!started_at_) return;  // pods of other attempts may follow
  wake_.reset();
  if (ended_) {
    decide_after_end(now, out);
  } else if (attempt_.view) {
    decide_present(now, out);
  } else {
    decide_absent(now, out);
  }
  if (wake_) out.push_back(WakeAt{*wake_});
}

void StepMachine::decide_absent(Instant now, Actions& out) {
  if (call_ != Call::none) return;
  if (refused_) decide_refused(out);
  if (ended_ || !complete_as_of_) return;  // what the namespace holds is looked up before anything is created
  if (backing_off(now)) return;

  if (stop_) {
    // An earlier life may have made one, and a list may be behind: a GET tells.
    if (attempt_.create_unknown_until && now < *attempt_.create_unknown_until) {
      wake_at(*attempt_.create_unknown_until);
    } else {
      look(now, out);
    }
    return;
  }
  if (attempt_.name_taken || !attempt_.may_create || !own_) {
    // A GET by name finds the first attempt alone; that there is no later one, only the view says, and only once it is
    // complete again.
    if (relisting_ && !attempt_.may_create) return;
    look(now, out);
    return;
  }
  // Before the next one exists: were it made, seen to run and removed by others first, a later life would make it again.
  if (mark_earlier(out)) return;
  out.push_back(CreatePod{attempt_.number, attempt_.restarts});
  begin(Call::create);
  create_sent_at_ = now;
  attempt_.create_unknown_until = now + create_timeout + create_margin;
}

// Access was refused. It is believed when the same call is still refused after the grace, and the API server said that it was
// ready in between: one that has just started refuses for a moment what it will allow.
void StepMachine::decide_refused(Actions& out) {
  if (is_believed(*refused_, out)) {
    // Only who has seen the whole namespace without a pod of the step, and has not created one since, knows.
    const bool none_landed =
        !create_may_land_until_ || (complete_as_of_ && *complete_as_of_ >= *create_may_land_until_);
    const bool nothing_there = complete_as_of_ && none_landed && attempt_.may_create && !attempt_.create_unknown_until;
    const auto ran = nothing_there && !attempt_.restarts ? UserCodeRan::no : UserCodeRan::maybe;
    end_without_pod(StepState::failed, refused_->reason, refused_->message, ran, out);
  }
}

bool StepMachine::is_believed(const RefusedAccess& refused, Actions& out) {
  if (refused.server_was_ready) return refused.last >= refused.since + policy_.refusal_grace;
  if (!asking_ready_) {
    asking_ready_ = true;
    out.push_back(AskReady{});
  }
  return false;
}

void StepMachine::decide_present(Instant now, Actions& out) {
  if (!complete_as_of_) {
    // A later attempt may be there, which alone says how it went.
    if (!has_ended(attempt_.view->pod) && !attempt_.view->replaced) announce_progress(out);
    return;
  }
  if (held_report_) {
    if (now < *held_until_) return wake_at(*held_until_);
    return end(std::move(*held_report_), out);
  }
  if (attempt_.view->replaced) {
    if (!attempt_.next_is_absent) {  // a list may be behind: a GET tells
      if (call_ == Call::none && !backing_off(now)) {
        out.push_back(GetPod{{}, attempt_.number + 1});
        begin(Call::get_next);
      }
      return;
    }
    return end_without_pod(
        StepState::lost, reason::workload_vanished,
        "Attempt " + std::to_string(attempt_.number + 1) + " existed, and is gone; nobody saw how it ended",
        UserCodeRan::maybe, out);
  }
  const auto phase = attempt_.view->pod.phase;
  const bool has_phase = phase == kube::PodPhase::Succeeded || phase == kube::PodPhase::Failed;
  if (has_ended(attempt_.view->pod) && (has_phase || !attempt_.evidence.rejected())) {
    return end_by_final_status(now, out);
  }
  if (decide_unseen_end(now, out)) return;
  if (attempt_.absent_since && !attempt_.gone) {
    attempt_.gone = attempt_.left_view || now >= *attempt_.absent_since + last_word_wait;
    if (!attempt_.gone) return wake_at(*attempt_.absent_since + last_word_wait);
  }
  if (attempt_.gone) return end_by_vanishing(now, out);
  decide_explain(now, out);
  announce_progress(out);
  if (call_ != Call::none) return;
  if (attempt_.left_view) {
    // Nobody tells of it any more: it is looked after, and everything else goes on as far as that allows.
    if (!attempt_.look_again_at || now >= *attempt_.look_again_at) {
      if (!backing_off(now)) look(now, out);
      return;
    }
    wake_at(*attempt_.look_again_at);
  }
  if (look_for_pods(now, out) || decide_lost(now, out)) return;
  if (attempt_.view->cancelled && own_ && !stop_) stop_ = Stop{Stop::Why::cancel, {}, {}, {}};
  const bool gives_up = stop_ && stop_->why == Stop::Why::failure;
  const bool deleting =
      attempt_.delete_done || attempt_.delete_unknown || attempt_.view->pod.metadata.deletion_timestamp;
  // It has started after all. Without their Service its pods start, and are of no use.
  if (gives_up && attempt_.evidence.all_started() && !deleting && !attempt_.service.refused_for_good) stop_.reset();
  // Somebody else's deletion came first: that is how it ends.
  if (gives_up && attempt_.view->pod.metadata.deletion_timestamp && !giving_up_took_hold()) stop_.reset();
  if (!attempt_.view->given_up.empty() && own_ && !stop_ && !attempt_.evidence.all_started()) {
    stop_ = Stop{Stop::Why::failure, attempt_.view->given_up_reason(), attempt_.view->given_up_message(), {}};
  }
  if (!stop_) decide_give_up(now, out);
  if (!stop_) decide_secret(now, out);
  if (!stop_) decide_service(now, out);
  if (call_ != Call::none || backing_off(now)) return;
  if (stop_) return decide_stop(now, out);
  if (own_ && attempt_.view->ours && !take_over_refused_ && mark_earlier(out)) return;
  if (own_ && !attempt_.view->ours && !take_over_refused_) {
    const auto& meta = attempt_.view->pod.metadata;
    out.push_back(TakeOver{meta.name, meta.uid, meta.resource_version});
    begin(Call::take_over);
  }
}

// Its Job is over, and what is known of its pods does not say how. The watch of pods may be behind, or somebody has changed
// their labels; or they were removed while nobody looked. What the Job itself says is not enough: one is complete, too, when
// the code of a deleted pod exited with 0, and it knows no result.
bool StepMachine::decide_unseen_end(Instant now, Actions& out) {
  const auto& view = *attempt_.view;
  const bool may_be_gone = attempt_.absent_since || (attempt_.left_view && !attempt_.look_again_at);
  if (!view.job || !view.job->is_over() || has_ended(view.pod) || may_be_gone) {
    attempt_.over_since.reset();
    return false;
  }
  if (!attempt_.over_since) attempt_.over_since = now;
  const bool looked = passed(*attempt_.over_since + last_word_wait, now, out);
  if (view.job->has_living_pods()) {  // it will end: all else goes on
    if (looked) {
      attempt_.over_since = now;
      wake_at(now + last_word_wait);
    }
    return false;
  }
  if (!looked) return true;
  end_without_pod(StepState::lost, reason::workload_vanished,
                  "Job " + view.pod.metadata.name + " is over, and nobody saw how its pod ended.",
                  std::max(UserCodeRan::maybe, attempt_.evidence.so_far()), out);
  return true;
}

// A pod whose labels somebody changed the watch does not show; a look finds it by its Job.
bool StepMachine::look_for_pods(Instant now, Actions& out) {
  const auto& view = *attempt_.view;
  if (!view.job || !view.job->may_make_more() || view.job->job()->suspended) {
    attempt_.look_for_pods_at.reset();
    return false;
  }
  if (!attempt_.look_for_pods_at) attempt_.look_for_pods_at = now + pods_are_looked_for;
  if (now < *attempt_.look_for_pods_at) {
    wake_at(*attempt_.look_for_pods_at);
    return false;
  }
  if (backing_off(now)) return false;
  attempt_.look_for_pods_at = now + pods_are_looked_for;
  look(now, out);
  return true;
}

void StepMachine::begin(Call call) {
  call_ = call;
  call_attempt_ = attempt_.number;
}

bool StepMachine::mark_earlier(Actions& out) {
  const auto unmarked =
      std::find_if(earlier_.begin(), earlier_.end(), [](const Earlier& e) { return !e.marked && !e.removed; });
  if (unmarked == earlier_.end()) return false;
  out.push_back(MarkReplaced{unmarked->name, unmarked->uid});
  begin(Call::mark_replaced);
  return true;
}

// A pod whose deletion is long overdue, or that the node controller has marked not ready behind its kubelet's back, is
// on a node that nobody hears of any more.
bool StepMachine::decide_lost(Instant now, Actions& out) {
  auto since = attempt_.silent_since;
  if (const auto overdue = attempt_.deletion_overdue_at; overdue && (!since || *overdue < *since)) since = overdue;
  if (!since) return false;
  if (!passed(*since + policy_.lost_after, now, out)) return call_ != Call::none;
  lose(now,
       "Node " + attempt_.view->pod.node_name + " has not been heard of, and has not confirmed that the pod stopped.",
       attempt_.evidence.so_far(), out);
  return true;
}

// Nobody will ever hear from its node how it ended.
void StepMachine::lose(Instant now, std::string message, UserCodeRan ran, Actions& out) {
  Report report;
  report.state = StepState::lost;
  report.reason = reason::node_lost;
  report.message = std::move(message);
  report.hint = hint_for(reason::node_lost);
  report.retryable = may_help_to_retry(reason::node_lost);
  report.user_code_ran = ran;
  const auto& pod = attempt_.view->pod;
  const bool deleted_by_somebody = pod.metadata.deletion_timestamp && !disruption_of(pod);
  const bool stopping = stop_ || attempt_.view->cancelled || deleted_by_somebody;
  if (policy_.on_node_lost == OnNodeLost::replace && own_ && has_request_ && !stopping) {
    replace(now, report, out);
  } else {
    end(std::move(report), out);
  }
}

// The pod has a node, and its main container does not start; or one of its pods does not.
void StepMachine::decide_give_up(Instant now, Actions& out) {
  if (!own_ || attempt_.evidence.all_started() || attempt_.view->pod.metadata.deletion_timestamp) return;
  const auto progress = this->progress();
  if (attempt_.waiting_since) {
    const auto& fatal = policy_.fatal_waiting_reasons;
    const bool is_fatal = std::any_of(fatal.begin(), fatal.end(), [&](const std::string& word) {
      return word == progress.waiting_reason || reason_of_waiting(word) == attempt_.waiting_reason_class;
    });
    if (is_fatal && passed(*attempt_.waiting_since + policy_.waiting_reason_grace, now, out)) {
      stop_ = Stop{Stop::Why::failure, attempt_.waiting_reason_class, progress.message, {}};
      return;
    }
  }
  if (call_ == Call::none && !attempt_.bound_since && policy_.scheduling_timeout && started_at_ &&
      passed(*started_at_ + *policy_.scheduling_timeout, now, out)) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*policy_.scheduling_timeout).count();
    stop_ = Stop{Stop::Why::failure,
                 std::string(reason::unschedulable),
                 "No node took the pod within " + std::to_string(seconds) + " s" +
                     (progress.message.empty() ? std::string() : ": " + progress.message),
                 {}};
    return;
  }
  const auto deadline = startup_deadline();
  if (call_ == Call::none && deadline && passed(*deadline, now, out)) {
    if (attempt_.secret.missed && !has_request_) {
      stop_ = Stop{Stop::Why::failure, std::string(reason::container_config), std::string(secret_without_request), {}};
      return;
    }
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(policy_.startup_timeout).count();
    const bool has_reason = !progress.reason.empty();
    stop_ = Stop{Stop::Why::failure,
                 std::string(has_reason ? std::string_view(progress.reason) : reason::start_timeout),
                 "The container did not start within " + std::to_string(seconds) + " s of getting a node" +
                     (has_reason ? ": " + progress.message : std::string()),
                 {}};
  }
}

// A pod that has a node and says no more than ContainerCreating: its events may say why.
bool StepMachine::waits_in_silence() const {
  const auto& view = *attempt_.view;
  if (is_silently_starting(view.pod)) return attempt_.bound_since.has_value();
  // A queue that holds it is told by the Job itself.
  return view.job && !view.job->leading() && !view.job->job()->suspended && !view.pod.metadata.deletion_timestamp &&
         !has_ended(view.pod);
}

void StepMachine::decide_explain(Instant now, Actions& out) {
  if (!waits_in_silence()) {
    attempt_.ask_why_at.reset();
    return;
  }
  if (!attempt_.ask_why_at) {
    attempt_.ask_why_at = attempt_.bound_since.value_or(*attempt_.known_since) + patience_with_a_start;
    attempt_.ask_why_again = patience_with_a_start;
  }
  if (now >= *attempt_.ask_why_at) {
    attempt_.ask_why_at = now + attempt_.ask_why_again;
    attempt_.ask_why_again = std::min(2 * attempt_.ask_why_again, longest_between_questions);
    out.push_back(AskWhy{uid_to_explain()});
  }
  wake_at(*attempt_.ask_why_at);
}

// First written on the object, then deleted: so owner, observers and later lives all read the same end from it.
void StepMachine::decide_stop(Instant now, Actions& out) {
  const auto& meta = attempt_.view->pod.metadata;
  const bool cancels = stop_->why == Stop::Why::cancel;
  const bool marked = attempt_.mark_done || (cancels ? attempt_.view->cancelled : !attempt_.view->given_up.empty());
  if (!marked && cancels) {
    out.push_back(MarkCancelled{meta.name, meta.uid, meta.resource_version});
    begin(Call::mark);
    return;
  }
  if (!marked && !meta.deletion_timestamp) {
    out.push_back(MarkGivenUp{meta.name, meta.uid, meta.resource_version, stop_->reason + ": " + stop_->message});
    begin(Call::mark);
    return;
  }
  if (attempt_.delete_done) return;
  if (meta.deletion_timestamp && !stop_->grace) return;  // it is being deleted already
  if (create_may_land(now)) return;
  if (attempt_.look_before_delete) return look(now, out);
  // After one without an answer: what it finds must be what was seen, or nobody could tell which of the two stopped it.
  out.push_back(
      DeletePod{meta.name, meta.uid, stop_->grace, attempt_.delete_unknown ? meta.resource_version : std::string()});
  begin(Call::remove);
}

void StepMachine::decide_after_end(Instant now, Actions& out) {
  if (call_ != Call::none) return;
  const bool alive = attempt_.view && !attempt_.gone && !is_over();
  if (!forget_asked_ && origin_ != Origin::forgotten && attempt_.view && !attempt_.gone) {
    if (report_.state == StepState::cancelled && alive && !attempt_.view->pod.metadata.deletion_timestamp) {
      if (backing_off(now)) return;
      warn_once("StrayPod",
                "A pod of this cancelled step appeared late and is deleted: " + attempt_.view->pod.metadata.name, out);
      if (!attempt_.view->cancelled && !attempt_.mark_done) {
        const auto& meta = attempt_.view->pod.metadata;
        out.push_back(MarkCancelled{meta.name, meta.uid, meta.resource_version});
        begin(Call::mark);
        return;
      }
      out.push_back(DeletePod{attempt_.view->pod.metadata.name, attempt_.view->pod.metadata.uid, std::nullopt});
      begin(Call::remove);
      return;
    }
    if (report_.state == StepState::lost && has_ended(attempt_.view->pod)) {
      warn_once("LateEvidence",
                "The step was reported lost; its pod has now ended: " +
                    std::string(to_string(read_end(attempt_.view->pod, attempt_.evidence).state)),
                out);
    }
  }
  decide_forget(now, out);
}

void StepMachine::decide_forget(Instant now, Actions& out) {
  if (!forget_asked_ || forgotten_) return;
  const bool known_here = origin_ != Origin::forgotten;
  if (!known_here && refused_) {
    decide_refused(out);
    if (forgotten_) return;
  }
  if (!known_here && !complete_as_of_) return;

  const auto tell = [&](bool deleted) {
    forgotten_ = true;
    out.push_back(TellForgotten{deleted});
  };
  const auto earlier = std::find_if(earlier_.begin(), earlier_.end(), [](const Earlier& e) { return !e.removed; });
  const bool has_earlier = earlier != earlier_.end();
  if (!has_earlier && (!attempt_.view || attempt_.gone)) return tell(attempt_.gone);
  if (!known_here && attempt_.view && !is_over()) {
    warn_once("NotEnded", "The step is forgotten, but its pod " + attempt_.view->pod.metadata.name + " has not ended.",
              out);
    return tell(false);
  }
  auto state = report_.state;
  if (!known_here)
    state = attempt_.view && has_ended(attempt_.view->pod) ? read_end(attempt_.view->pod, attempt_.evidence).state
                                                           : StepState::lost;
  const auto cleanup = cleanup_override_.value_or(policy_.cleanup);
  const bool remove =
      own_ && (cleanup == Cleanup::always || (cleanup == Cleanup::on_success && state == StepState::succeeded));
  if (!remove) return tell(false);
  if (backing_off(now) || create_may_land(now)) return;
  // The oldest first: were the newest gone and an older one left, a later life would take that one for the newest.
  if (has_earlier) {
    out.push_back(DeletePod{earlier->name, earlier->uid, std::nullopt});
  } else {
    out.push_back(DeletePod{attempt_.view->pod.metadata.name, attempt_.view->pod.metadata.uid, std::nullopt});
  }
  begin(Call::remove);
}

bool StepMachine::passed(Instant deadline, Instant now, Actions& out) {
  if (now < deadline) {
    wake_at(deadline);
    return false;
  }
  if (attempt_.seen_at && *attempt_.seen_at >= deadline) return true;
  if (call_ == Call::none && !backing_off(now)) look(now, out);
  return false;
}

void StepMachine::look(Instant now, Actions& out) {
  asked_at_ = now;
  out.push_back(GetPod{attempt_.view ? attempt_.view->pod.metadata.name : std::string(), attempt_.number});
  begin(Call::get);
}

// A create without an answer may still take effect once its name is free again, even when another one of that name was
// seen since: until then nothing is done that frees it.
bool StepMachine::create_may_land(Instant now) {
  if (!create_may_land_until_ || now >= *create_may_land_until_) return false;
  wake_at(*create_may_land_until_);
  return true;
}

bool StepMachine::backing_off(Instant now) {
  if (now >= not_before_) return false;
  wake_at(not_before_);
  return true;
}

void StepMachine::wake_at(Instant time) {
  if (!wake_ || time < *wake_) wake_ = time;
}

void StepMachine::warn_once(std::string code, std::string message, Actions& out) {
  if (warned_ == code) return;
  warned_ = code;
  out.push_back(Warn{std::move(code), std::move(message)});
}

}  // namespace stepop::lifecycle
