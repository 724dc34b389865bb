#include "lifecycle/step_machine.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace stepop::lifecycle {
namespace {

// How soon a call is tried again, and how seldom at most: a cluster that is away for minutes is found within seconds
// of its return, and thousands of steps do not drown it.
constexpr std::chrono::milliseconds first_retry{200};
constexpr std::chrono::milliseconds slowest_retry{15'000};
// A pod whose labels somebody changed has left the watch; it is looked after by GETs this far apart.
constexpr std::chrono::seconds unwatched_interval{10};
// A call found the pod gone; its last state comes by the watch, and a watch that is alive brings it well within this.
constexpr std::chrono::seconds last_word_wait{5};
// How soon a pod that could not start is replaced, and how late at most.
constexpr std::chrono::seconds first_replacement{1};
constexpr std::chrono::seconds slowest_replacement{60};
// How long an observer waits for the owner to make the next attempt, before it calls the last one the end.
constexpr std::chrono::seconds owner_wait{120};
// The pod's own grace period where it names none ("Pod Lifecycle").
constexpr std::int64_t default_grace_seconds = 30;

// `<reason>: <message>`, as MarkGivenUp has it written.
std::string given_up_reason(const PodView& view) {
  return view.given_up.substr(0, view.given_up.find(':'));
}
std::string given_up_message(const PodView& view) {
  const auto colon = view.given_up.find(": ");
  return colon == std::string::npos ? std::string() : view.given_up.substr(colon + 2);
}

}  // namespace

StepMachine::StepMachine(Origin origin, bool own, Policy policy, std::uint64_t seed)
    : origin_(origin),
      own_(own),
      policy_(std::move(policy)),
      backoff_(first_retry, slowest_retry, seed),
      replace_backoff_(first_replacement, slowest_replacement, seed + 1) {
  attempt_.may_create = origin_ == Origin::submitted;
  if (origin_ == Origin::forgotten) ended_ = true;
}

Actions StepMachine::start(Instant now, std::optional<Instant> complete_as_of) {
  Actions out;
  complete_as_of_ = complete_as_of;
  started_at_ = now;
  decide(now, out);
  return out;
}

bool StepMachine::handed_on() const {
  if (forget_asked_) return forgotten_;
  if (ended_) return true;
  if (stop_ && !attempt_.delete_done) return false;
  return attempt_.view.has_value();
}

Actions StepMachine::on_synced(Instant now, Instant time) {
  Actions out;
  complete_as_of_ = time;
  relisting_ = false;
  if (refused_ && refused_->of_view) refused_.reset();
  if (attempt_.view && !attempt_.in_view && attempt_.known_since && time > *attempt_.known_since) {
    // Known from the answer to a call alone: somebody changed its labels before the watch could show it.
    attempt_.left_view = true;
  }
  if (attempt_.view && !attempt_.left_view) attempt_.evidence.still_there();
  decide(now, out);
  return out;
}

Actions StepMachine::on_gap(Instant now) {
  Actions out;
  relisting_ = true;
  attempt_.evidence.gap();
  decide(now, out);
  return out;
}

Actions StepMachine::on_view_refused(Instant now, const kube::Status& status) {
  Actions out;
  // A step whose pod is known goes on: what is refused now may be allowed again.
  const bool waits_for_view = !attempt_.view && !complete_as_of_ && (!ended_ || origin_ == Origin::forgotten);
  if (waits_for_view) refused(now, reason::forbidden, status.message).of_view = true;
  decide(now, out);
  return out;
}

Actions StepMachine::on_pod(Instant now, PodView view) {
  Actions out;
  if (attempt_.view && attempt_.view->pod.metadata.uid == view.pod.metadata.uid) {
    attempt_.left_view = false;
    attempt_.absent_since.reset();
  }
  const bool is_newest = view.attempt >= attempt_.number;
  const auto uid = view.pod.metadata.uid;
  see(std::move(view), now, out);
  if (attempt_.view && attempt_.view->pod.metadata.uid == uid) attempt_.in_view = true;
  // Only the watch's word counts here: the answer to a call may be newer than the events that follow it.
  if (attempt_.view && attempt_.view->ours) {
    attempt_.was_ours = true;
  } else if (attempt_.view && attempt_.was_ours && own_ && is_newest) {
    own_ = false;
    out.push_back(TellDisplaced{});
  }
  decide(now, out);
  return out;
}

Actions StepMachine::on_removed(Instant now, const std::string& uid, std::optional<PodView> last) {
  Actions out;
  if (attempt_.view && attempt_.view->pod.metadata.uid == uid) {
    // A pod that is deleted has a deletion timestamp; one whose labels do not match any more looks deleted, and has none.
    attempt_.last_is_whole = last && last->pod.metadata.deletion_timestamp;
    if (last) see(std::move(*last), now, out);
    attempt_.left_view = true;
    attempt_.in_view = false;
    attempt_.look_again_at.reset();
    decide(now, out);
  } else {
    for (auto& earlier : earlier_) earlier.removed = earlier.removed || earlier.uid == uid;
  }
  return out;
}

Actions StepMachine::on_ready(Instant now, bool ready) {
  Actions out;
  asking_ready_ = false;
  if (refused_) refused_->server_was_ready = refused_->server_was_ready || ready;
  decide(now, out);
  return out;
}

Actions StepMachine::on_timer(Instant now) {
  Actions out;
  decide(now, out);
  return out;
}

Actions StepMachine::cancel(Instant now, std::optional<std::chrono::milliseconds> grace) {
  Actions out;
  if (ended_) return out;
  std::optional<std::chrono::seconds> seconds;
  // With no grace at all the API server would remove the object at once, and nobody would ever confirm that it stopped;
  // `kubectl delete --now` asks for one second too.
  if (grace) seconds = std::max(std::chrono::ceil<std::chrono::seconds>(*grace), std::chrono::seconds(1));
  if (stop_ && stop_->why == Stop::Why::cancel) {
    if (seconds && (!stop_->grace || *seconds < *stop_->grace)) {
      stop_->grace = seconds;
      attempt_.delete_done = false;  // a second DELETE with a shorter grace shortens the first
    }
  } else {
    stop_ = Stop{Stop::Why::cancel, {}, {}, seconds};
    attempt_.mark_done = attempt_.delete_done = false;
  }
  decide(now, out);
  return out;
}

Actions StepMachine::forget(Instant now, std::optional<Cleanup> cleanup) {
  Actions out;
  forget_asked_ = true;
  if (cleanup) cleanup_override_ = cleanup;
  decide(now, out);
  return out;
}

Actions StepMachine::own(Instant now) {
  Actions out;
  own_ = true;
  attempt_.was_ours = attempt_.view && attempt_.view->ours;
  decide(now, out);
  return out;
}

// ---- What is known ----------------------------------------------------------------------------------------

void StepMachine::see(PodView view, Instant now, Actions& out) {
  if (attempt_.view && attempt_.view->pod.metadata.uid == view.pod.metadata.uid) {
    view.attempt = attempt_.number;  // it is what it was, whatever somebody has made of its labels
    view.restarts = attempt_.restarts;
  } else if (!view.same_step) {
    return;
  }
  if (view.attempt < attempt_.number) return note_earlier(view);
  if (view.attempt > attempt_.number) {
    // Made by another life, or by the operator that owns the step now.
    if (attempt_.view) note_earlier(*attempt_.view);
    attempt_ = Attempt{};
    attempt_.number = view.attempt;
    held_report_.reset();
    if (stop_ && stop_->why == Stop::Why::failure) stop_.reset();
  }
  attempt_.restarts = view.restarts;
  if (attempt_.view && attempt_.view->pod.metadata.uid != view.pod.metadata.uid) return;
  const bool judges_request = origin_ == Origin::submitted || origin_ == Origin::resubmitted;
  if (!attempt_.view && !ended_ && judges_request && !view.same_request) {
    attempt_.create_unknown_until.reset();
    end_without_pod(StepState::failed, reason::conflict,
                    "Pod " + view.pod.metadata.name + " was made for this step id from another request",
                    UserCodeRan::no, out);
    return;
  }
  attempt_.create_unknown_until.reset();
  attempt_.name_taken = false;
  refused_.reset();
  backoff_.reset();
  not_before_ = {};
  if (relisting_ && attempt_.view) attempt_.evidence.gap();
  attempt_.evidence.observe(view.pod);
  if (has_ended(view.pod) && !view.pod.metadata.deletion_timestamp) attempt_.completed_undisturbed = true;
  if (!attempt_.known_since) attempt_.known_since = now;
  if (!node_is_silent(view.pod)) {
    attempt_.silent_since.reset();
  } else if (!attempt_.silent_since) {
    attempt_.silent_since = now;
  }
  if (!view.pod.node_name.empty() && !attempt_.bound_since) attempt_.bound_since = now;
  if (view.pod.metadata.deletion_timestamp) {
    const auto grace = view.pod.metadata.deletion_grace_seconds.value_or(default_grace_seconds);
    const auto overdue = now + std::chrono::seconds(grace);
    // A later DELETE may only shorten it.
    if (!attempt_.deletion_overdue_at || overdue < *attempt_.deletion_overdue_at)
      attempt_.deletion_overdue_at = overdue;
  }
  const auto progress = read_progress(view.pod);
  const std::string held_up_by = progress.waiting_reason.empty() ? "" : progress.reason;
  if (held_up_by != attempt_.waiting_reason_class) {
    attempt_.waiting_reason_class = held_up_by;
    attempt_.waiting_since.reset();
    if (!held_up_by.empty()) attempt_.waiting_since = now;
  }
  attempt_.view = std::move(view);
}

// The watch has already told something newer: an answer that took longer than the events that follow it.
bool StepMachine::overtaken(const PodView& answer) const {
  if (!attempt_.view || attempt_.view->pod.metadata.uid != answer.pod.metadata.uid) return false;
  const auto version = [](const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  };
  // Within one uid they can be ordered ("Kubernetes API Concepts", Resource versions). Only an answer is judged so: the
  // watch may go back, when etcd was restored.
  return version(answer.pod.metadata.resource_version) < version(attempt_.view->pod.metadata.resource_version);
}

void StepMachine::see_answer(PodView view, Instant now, Actions& out) {
  if (overtaken(view)) return;
  // A final status may have taken the place of one that said more, and that the watch has not brought yet.
  const bool is_news =
      attempt_.view && attempt_.view->pod.metadata.resource_version != view.pod.metadata.resource_version;
  if (is_news && has_ended(view.pod)) attempt_.evidence.gap();
  see(std::move(view), now, out);
}

void StepMachine::note_earlier(const PodView& view) {
  const auto& meta = view.pod.metadata;
  for (auto& earlier : earlier_) {
    if (earlier.uid != meta.uid) continue;
    earlier.marked = earlier.marked || view.replaced;
    return;
  }
  earlier_.push_back({meta.name, meta.uid, view.replaced});
}

// ---- What to do next --------------------------------------------------------------------------------------

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
  const auto believed_from = refused_->since + policy_.refusal_grace;
  if (refused_->last >= believed_from && refused_->server_was_ready) {
    // Only who has seen the whole namespace without a pod of the step, and has not created one since, knows.
    const bool nothing_there = complete_as_of_ && attempt_.may_create && !attempt_.create_unknown_until;
    const auto ran = nothing_there && !attempt_.restarts ? UserCodeRan::no : UserCodeRan::maybe;
    end_without_pod(StepState::failed, refused_->reason, refused_->message, ran, out);
    return;
  }
  if (!refused_->server_was_ready && !asking_ready_) {
    asking_ready_ = true;
    out.push_back(AskReady{});
  }
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
  if (has_ended(attempt_.view->pod)) return end_by_final_status(now, out);
  if (attempt_.absent_since && !attempt_.gone) {
    attempt_.gone = attempt_.left_view || now >= *attempt_.absent_since + last_word_wait;
    if (!attempt_.gone) return wake_at(*attempt_.absent_since + last_word_wait);
  }
  if (attempt_.gone) return end_by_vanishing(now, out);
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
  if (decide_lost(now, out)) return;
  if (attempt_.view->cancelled && own_ && !stop_) stop_ = Stop{Stop::Why::cancel, {}, {}, {}};
  const bool gives_up = stop_ && stop_->why == Stop::Why::failure;
  const bool deleting =
      attempt_.delete_done || attempt_.delete_unknown || attempt_.view->pod.metadata.deletion_timestamp;
  if (gives_up && attempt_.evidence.main_started() && !deleting) stop_.reset();  // it has started after all
  if (!attempt_.view->given_up.empty() && own_ && !stop_ && !attempt_.evidence.main_started()) {
    stop_ = Stop{Stop::Why::failure, given_up_reason(*attempt_.view), given_up_message(*attempt_.view), {}};
  }
  if (!stop_) decide_give_up(now, out);
  if (call_ != Call::none || backing_off(now)) return;
  if (stop_) return decide_stop(now, out);
  if (own_ && attempt_.view->ours && !take_over_refused_ && mark_earlier(out)) return;
  if (own_ && !attempt_.view->ours && !take_over_refused_) {
    const auto& meta = attempt_.view->pod.metadata;
    out.push_back(TakeOver{meta.name, meta.uid, meta.resource_version});
    begin(Call::take_over);
  }
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
  if (policy_.on_node_lost == OnNodeLost::replace && own_ && origin_ != Origin::attached && !stopping) {
    replace(now, report, out);
  } else {
    end(std::move(report), out);
  }
}

// The pod has a node, and its main container does not start.
void StepMachine::decide_give_up(Instant now, Actions& out) {
  if (!own_ || attempt_.evidence.main_started() || attempt_.view->pod.metadata.deletion_timestamp) return;
  const auto progress = read_progress(attempt_.view->pod);
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
  if (call_ == Call::none && attempt_.bound_since &&
      passed(*attempt_.bound_since + policy_.startup_timeout, now, out)) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(policy_.startup_timeout).count();
    const bool has_reason = !progress.reason.empty();
    stop_ = Stop{Stop::Why::failure,
                 std::string(has_reason ? std::string_view(progress.reason) : reason::start_timeout),
                 "The container did not start within " + std::to_string(seconds) + " s of getting a node" +
                     (has_reason ? ": " + progress.message : std::string()),
                 {}};
  }
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
  const bool alive = attempt_.view && !attempt_.gone && !has_ended(attempt_.view->pod);
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
  if (!known_here && attempt_.view && !has_ended(attempt_.view->pod)) {
    warn_once("NotEnded", "The step is forgotten, but its pod " + attempt_.view->pod.metadata.name + " has not ended.",
              out);
    return tell(false);
  }
  auto state = report_.state;
  if (!known_here) state = attempt_.view ? read_end(attempt_.view->pod, attempt_.evidence).state : StepState::lost;
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

// ---- What was answered ------------------------------------------------------------------------------------

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
  if (!refused_) refused_ = RefusedAccess{now, now, false, false, std::string(why), message};
  refused_->last = now;
  refused_->message = message;
  return *refused_;
}

void StepMachine::hold_up(std::string_view why, const std::string& message, Actions& out) {
  if (ended_) return;  // the watch was quicker than the answer
  // What holds up a create belongs to `accepted`: nothing exists yet, and a host may still cancel without a trace.
  Report report = report_;
  report.reason = why;
  report.message = message;
  report.hint = hint_for(why);
  if (report == report_) return;
  report_ = report;
  out.push_back(Announce{std::move(report)});
}

// This one had not; an earlier one, whose answer was lost, may still.
void StepMachine::create_had_no_effect(Instant now) {
  attempt_.create_unknown_until.reset();
  if (create_may_land_until_ && now < *create_may_land_until_) attempt_.create_unknown_until = create_may_land_until_;
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
  } else {
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

// ---- How it ends ------------------------------------------------------------------------------------------

void StepMachine::announce_progress(Actions& out) {
  const auto& pod = attempt_.view->pod;
  const auto progress = read_progress(pod);
  Report report;
  report.state = attempt_.evidence.main_started() ? StepState::running : progress.state;
  if (report.state == StepState::pending) {
    report.reason = progress.reason;
    report.message = progress.message;
    report.hint = progress.hint;
  }
  if (pod.metadata.deletion_timestamp) report.message = "The pod is being deleted.";
  if (const auto* main = pod.container_status(main_container)) {
    if (main->state.kind == kube::ContainerState::Kind::Running) report.started_at = main->state.started_at;
  }
  report.place = place_of(pod);
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
  if (own_ && origin_ != Origin::attached) {
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
  if (attempt_.view && report.place.pod.empty()) report.place = place_of(attempt_.view->pod);
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
  report.hint = hint_for(why);
  report.retryable = may_help_to_retry(why);
  report.user_code_ran = ran;
  end(std::move(report), out);
}

// It is written on the object, or cannot be: what ended before that did not end by the cancel.
bool StepMachine::cancel_took_hold() const {
  return attempt_.view->cancelled || (stop_ && stop_->why == Stop::Why::cancel && attempt_.mark_done);
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
  if (stop_ && stop_->why == Stop::Why::failure) {
    report.reason = stop_->reason;
    report.message = stop_->message;
  } else if (!attempt_.view->given_up.empty()) {
    report.reason = given_up_reason(*attempt_.view);
    report.message = given_up_message(*attempt_.view);
  } else if (const auto disruption = disruption_of(pod)) {
    report.reason = disruption->reason;
    report.message = disruption->message;
  } else {
    report.reason = reason::deleted;
    report.message = "Pod " + pod.metadata.name + " was deleted by somebody other than stepop.";
  }
  report.hint = hint_for(report.reason);
  report.retryable = may_help_to_retry(report.reason);
  return report;
}

void StepMachine::end_by_final_status(Instant now, Actions& out) {
  const auto& pod = attempt_.view->pod;
  if (!kubelet_confirmed_end(pod)) {
    // Written by garbage collection, its node being gone: that confirms nothing.
    const auto disruption = disruption_of(pod);
    return lose(now, disruption ? disruption->message : pod.message, attempt_.evidence.so_far(), out);
  }
  auto report = read_end(pod, attempt_.evidence);
  // Ended before anything disturbed it: then that is how it ended. Code that traps SIGTERM and exits 0 did not finish.
  const bool undisturbed = attempt_.completed_undisturbed || attempt_.completed_before_delete;
  const bool failed_by_node = report.state == StepState::failed && !main_ended(pod) && !pod.reason.empty();
  const bool gave_up = (stop_ && stop_->why == Stop::Why::failure) || !attempt_.view->given_up.empty();
  const bool stopped_by_us = gave_up || cancel_took_hold();
  if (!undisturbed && !(failed_by_node && !stopped_by_us)) {
    report = stopped_report(pod, report.user_code_ran);
  }
  conclude(now, std::move(report), true, out);
}

void StepMachine::end_by_vanishing(Instant now, Actions& out) {
  const auto& pod = attempt_.view->pod;
  const auto ran = attempt_.evidence.after_vanishing(pod, attempt_.last_is_whole);
  const bool stopping =
      attempt_.view->cancelled || (stop_ && attempt_.delete_done) || pod.metadata.deletion_timestamp.has_value();
  const auto disruption = disruption_of(pod);
  if (disruption && disruption->reason == reason::node_lost && !pod.node_name.empty()) {
    return lose(now, disruption->message, ran, out);  // its node never confirmed anything
  }
  const bool stopped = attempt_.last_is_whole && pod.node_name.empty();
  if (cancel_took_hold() && !stopped) {
    return end_without_pod(
        StepState::lost, reason::workload_vanished,
        "Pod " + pod.metadata.name + " of this cancelled step is gone, and nobody saw that it stopped.", ran, out);
  }
  if (!stopping && (attempt_.evidence.unseen_since_gap() || !attempt_.last_is_whole)) {
    // It may have completed and been removed unseen.
    return end_without_pod(StepState::lost, reason::workload_vanished,
                           "Pod " + pod.metadata.name + " is gone, and nobody saw how it ended.", ran, out);
  }
  conclude(now, stopped_report(pod, ran), stopped, out);
}

}  // namespace stepop::lifecycle
