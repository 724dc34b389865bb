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
// An API server that has just started refuses what it will allow for 0.1 s; one that still does after this means it.
constexpr std::chrono::seconds longest_start{10};
// How soon a pod that could not start is replaced, and how late at most.
constexpr std::chrono::seconds first_replacement{1};
constexpr std::chrono::seconds slowest_replacement{60};
// The pod's own grace period where it names none ("Pod Lifecycle").
constexpr std::int64_t default_grace_seconds = 30;

}  // namespace

StepMachine::StepMachine(Origin origin, bool own, Policy policy, std::uint64_t seed, Asked asked)
    : origin_(origin),
      own_(own),
      has_request_(origin == Origin::submitted || origin == Origin::resubmitted),
      asked_(asked),
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
  return attempt_.view.has_value() && !waits_for_secret() && !waits_for_service();
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
  const bool waits_for_view =
      !attempt_.view && (!complete_as_of_ || relisting_) && (!ended_ || origin_ == Origin::forgotten);
  if (waits_for_view) refused(now, reason::forbidden, status.message).of_view = true;
  decide(now, out);
  return out;
}

Actions StepMachine::on_pod(Instant now, PodView view) {
  Actions out;
  // A stream may repeat itself. What is listed anew may truly be older: etcd may have been restored.
  if (!relisting_ && overtaken(view)) return out;
  if (attempt_.view && attempt_.view->pod.metadata.uid == view.pod.metadata.uid) {
    attempt_.left_view = false;
    attempt_.absent_since.reset();
  }
  const auto uid = view.pod.metadata.uid;
  see(std::move(view), now, out);
  if (attempt_.view && attempt_.view->pod.metadata.uid == uid) attempt_.in_view = true;
  // Only the watch's word counts here: the answer to a take-over may be newer than the events that follow it.
  if (attempt_.view && attempt_.view->ours) attempt_.was_ours = true;
  notice_displacement(out);
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

Actions StepMachine::on_ready(Instant now, Ready ready) {
  Actions out;
  asking_ready_ = false;
  for (auto* refused : {&refused_, &attempt_.secret.refused, &attempt_.service.refused}) {
    if (!*refused) continue;
    // Who may ask nothing at all (a token that is not valid any more) would otherwise never be told.
    const bool long_up = ready == Ready::refused && now >= (*refused)->since + longest_start;
    (*refused)->server_was_ready |= ready == Ready::yes || long_up;
  }
  decide(now, out);
  return out;
}

Actions StepMachine::on_events(Instant now, const std::string& uid, std::optional<std::vector<kube::Event>> events) {
  Actions out;
  if (events && attempt_.view && uid_to_explain() == uid) {
    if (auto told = explanation_of(*events)) {
      attempt_.explanation = std::move(told);
      attempt_.explained = uid;
    }
  }
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

Actions StepMachine::submitted_again(Instant now, Asked asked, Policy policy) {
  policy_ = std::move(policy);
  has_request_ = true;
  asked_ = asked;
  return own(now);
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
  attempt_.evidence.observe(view.pod, view.job);
  const auto* shown = view.job ? view.job->pod_shown() : nullptr;
  if (const auto uid = shown ? shown->metadata.uid : std::string(); uid != attempt_.shown) {
    attempt_.shown = uid;
    attempt_.bound_since.reset();
    attempt_.silent_since.reset();
    attempt_.deletion_overdue_at.reset();
    attempt_.waiting_reason_class.clear();
    attempt_.waiting_since.reset();
  }
  if (has_ended(view.pod) && !view.pod.metadata.deletion_timestamp) attempt_.completed_undisturbed = true;
  if (!attempt_.known_since) attempt_.known_since = now;
  if (!node_is_silent(view.pod)) {
    attempt_.silent_since.reset();
  } else if (!attempt_.silent_since) {
    attempt_.silent_since = now;
  }
  if (view.pod.node_name.empty()) {
    attempt_.bound_since.reset();
  } else if (!attempt_.bound_since) {
    attempt_.bound_since = now;
  }
  if (view.pod.metadata.deletion_timestamp) {
    const auto grace = view.pod.metadata.deletion_grace_seconds.value_or(default_grace_seconds);
    const auto overdue = now + std::chrono::seconds(grace);
    // A later DELETE may only shorten it.
    if (!attempt_.deletion_overdue_at || overdue < *attempt_.deletion_overdue_at)
      attempt_.deletion_overdue_at = overdue;
  }
  const auto progress = read_progress(view.pod);
  // For a Secret of ours it waits until there is one, or until startup_timeout_seconds are over.
  const bool misses_secret = misses_own_secret(view.pod);
  attempt_.secret.doubted |= misses_secret && !attempt_.secret.missed;
  attempt_.secret.missed = misses_secret;
  const bool held_up = !progress.waiting_reason.empty() && !misses_secret;
  const std::string held_up_by = held_up ? progress.reason : "";
  if (held_up_by != attempt_.waiting_reason_class) {
    attempt_.waiting_reason_class = held_up_by;
    attempt_.waiting_since.reset();
    if (!held_up_by.empty()) attempt_.waiting_since = now;
  }
  attempt_.view = std::move(view);
}

namespace {

bool is_same_state(const PodView& one, const PodView& other) {
  const auto same_version = [](const kube::Pod& a, const kube::Pod& b) {
    return a.metadata.resource_version == b.metadata.resource_version;
  };
  if (!same_version(one.pod, other.pod) || one.job.has_value() != other.job.has_value()) return false;
  if (!one.job) return true;
  const auto& parts = one.job->parts();
  const auto& others = other.job->parts();
  return std::equal(parts.begin(), parts.end(), others.begin(), others.end(),
                    [&](const auto& a, const auto& b) { return same_version(a.pod, b.pod); });
}

}  // namespace

// Something newer of this pod was told already: an answer may take longer than the events that follow it.
bool StepMachine::overtaken(const PodView& view) const {
  if (!attempt_.view || attempt_.view->pod.metadata.uid != view.pod.metadata.uid) return false;
  const auto version = [](const std::string& text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  };
  // Within one uid they can be ordered ("Kubernetes API Concepts", Resource versions).
  return version(view.pod.metadata.resource_version) < version(attempt_.view->pod.metadata.resource_version);
}

void StepMachine::see_answer(PodView view, Instant now, Actions& out) {
  if (overtaken(view)) return;
  // A final status may have taken the place of one that said more, and that the watch has not brought yet.
  const bool is_news = attempt_.view && !is_same_state(*attempt_.view, view);
  if (is_news && has_ended(view.pod)) attempt_.evidence.gap();
  see(std::move(view), now, out);
  notice_displacement(out);
}

// Another owner has taken it, and whether it is given up is from now on for that one to decide: an owner that may not write why
// would look like somebody who deletes it.
void StepMachine::notice_displacement(Actions& out) {
  if (!own_ || !attempt_.view || attempt_.view->ours || !attempt_.was_ours) return;
  own_ = false;
  const bool deletes = attempt_.delete_done || attempt_.delete_unknown || call_ == Call::remove;
  if (stop_ && stop_->why == Stop::Why::failure && !deletes) {
    stop_.reset();
    attempt_.mark_done = false;
  }
  out.push_back(TellDisplaced{});
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

}  // namespace stepop::lifecycle
