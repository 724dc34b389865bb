#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/action.hpp"
#include "lifecycle/backoff.hpp"
#include "lifecycle/evidence.hpp"
#include "lifecycle/explanation.hpp"
#include "lifecycle/policy.hpp"
#include "lifecycle/reading.hpp"
#include "lifecycle/refusal.hpp"
#include "lifecycle/report.hpp"

namespace stepop::lifecycle {

// How this operator came to know the step.
enum class Origin {
  submitted,    // create it when it does not exist
  resubmitted,  // it existed once: when it does not exist now, it is lost
  attached,     // it was seen in the cluster
  forgotten,    // only `forget` was called for it
};

// What a request asks for beside the pod.
struct Asked {
  bool secret = false;   // the pod needs a Secret, and who has the request has its values
  bool service = false;  // its pods find each other by a Service
};

// The life of one step, as a pure machine: observations in, actions out, time as an argument. No I/O, no clock, no thread.
//
// It keeps what it knows (the newest view of the pod, evidence, what was asked for, what is under way) and, after
// each observation, decides anew from the whole of it what to do next. So the order of observations
// matters only where the truth depends on it.
//
// Promises (the design's invariants): one terminal report; no create while the view of the namespace is not complete, or while a
// pod of the step is known; no create after the step is terminal; no failure of the API is by itself terminal;
// every delete names a uid; no further attempt while the one before is not confirmed stopped (on_node_lost: replace apart).
class StepMachine {
 public:
  // `asked`: of a request that this operator does not have (origin attached or forgotten), nothing.
  StepMachine(Origin origin, bool own, Policy policy, std::uint64_t seed, Asked asked = {});

  // After on_pod for each pod of the step that is known already, and before anything else. `complete_as_of`: when the
  // view of the namespace was last known to be complete, if ever.
  Actions start(Instant now, std::optional<Instant> complete_as_of);

  // The view of the namespace is complete as of `time`.
  Actions on_synced(Instant now, Instant time);
  // Events of the namespace were missed, and are until the next on_synced. Before `start` too, when that is so.
  Actions on_gap(Instant now);
  // The view cannot be had: the API server refuses the watch (401, 403 in RBAC's words).
  Actions on_view_refused(Instant now, const kube::Status& status);
  Actions on_pod(Instant now, PodView view);
  // The pod left the view; `last` is its last state, when that is known.
  Actions on_removed(Instant now, const std::string& uid, std::optional<PodView> last);

  Actions on_answer(Instant now, Answer answer);
  Actions on_ready(Instant now, Ready ready);
  // The answer to AskWhy; nothing when the events cannot be had.
  Actions on_events(Instant now, const std::string& uid, std::optional<std::vector<kube::Event>> events);
  Actions on_timer(Instant now);

  // `grace`: empty for the pod's own.
  Actions cancel(Instant now, std::optional<std::chrono::milliseconds> grace);
  // REQUIRES: ended(), or origin forgotten.
  Actions forget(Instant now, std::optional<Cleanup> cleanup);
  // The operator owns the step from now on, as an attach asks.
  Actions own(Instant now);
  // The step was submitted again, here: the operator owns it, and has its request. What is to be done in which case is as it
  // was asked last.
  Actions submitted_again(Instant now, Asked asked, Policy policy);

  bool ended() const { return ended_; }
  // Everything that was asked for is in the cluster, or was told: the operator may be shut down without loss.
  bool handed_on() const;
  const Report& report() const { return report_; }
  // The newest view; nothing while there is none.
  const PodView* view() const { return attempt_.view ? &*attempt_.view : nullptr; }
  // The pod whose log is the step's; nothing while there is none.
  const kube::Pod* pod() const {
    if (!attempt_.view) return nullptr;
    return attempt_.view->job ? attempt_.view->job->leading() : &attempt_.view->pod;
  }
  std::uint32_t attempt() const { return attempt_.number; }

 private:
  enum class Call {
    none,
    create,
    create_secret,
    create_service,
    get,
    get_next,
    mark,
    mark_replaced,
    take_over,
    remove
  };
  struct Stop {  // the pod is to end, and the step with it
    enum class Why { cancel, failure } why;
    std::string reason, message;  // of a failure
    std::optional<std::chrono::seconds> grace;
  };

  struct RefusedAccess {
    Instant since;                  // the first refusal
    Instant last;                   // the newest one
    bool server_was_ready = false;  // between the two, by its own word or by what it could already refuse
    bool of_view = false;           // it was the watch that was refused
    std::string reason, message;
  };

  // What is known of an object that stands beside an attempt's workload, and that it needs: its Secret, its Service.
  struct Beside {
    std::optional<Instant> since;    // every answer from then on said that it is there
    std::optional<Instant> seen_at;  // when the newest of these was asked for
    bool missed = false;             // of a Secret: its kubelet says that it does not find it
    bool doubted = false;            // of a Secret: it has said so since it was last asked for
    bool refused_for_good = false;
    std::optional<RefusedAccess> refused;
    std::string held_up_by, message;
  };

  // All that is known of one pod of the step.
  struct Attempt {
    std::uint32_t number = 0;
    std::uint32_t restarts = 0;
    bool may_create = false;

    std::optional<PodView> view;
    WorkloadEvidence evidence;
    bool in_view = false;                  // the watch shows it
    std::optional<Instant> known_since;    // first seen
    bool left_view = false;                // the watch says that it is not there any more
    std::optional<Instant> look_again_at;  // while it has left the view
    bool gone = false;                     // confirmed, and the watch has had its time to tell the last state
    std::optional<Instant> absent_since;   // a call has found it gone
    bool last_is_whole = false;            // view is its very last state
    bool was_ours = false;
    std::string shown;  // of a Job: the uid of the pod that the view shows, which the times below are of

    std::optional<Instant> create_unknown_until;  // a create may still take effect
    bool name_taken = false;
    bool next_is_absent = false;  // it is replaced, and a GET has not found the next
    bool mark_done = false;
    bool delete_done = false;
    bool completed_undisturbed = false;    // it was seen to have ended before its deletion was asked for
    bool completed_before_delete = false;  // the answer to our DELETE showed it
    bool look_before_delete = false;
    bool delete_unknown = false;  // a DELETE may have had an effect, and its answer is lost

    std::optional<Instant> seen_at;              // view is at least as new as the answer to a GET that was sent then
    std::optional<Instant> deletion_overdue_at;  // its deletion grace is over
    std::optional<Instant> silent_since;         // its node has not been heard of since
    std::optional<Instant> bound_since;
    std::optional<Instant> look_for_pods_at;  // of a Job: some are missing
    std::optional<Instant> over_since;        // of a Job: it is over, and how its pods ended is not known
    std::optional<Instant> killed_since;      // it was seen to have been killed, and it may have been for memory
    std::string waiting_reason_class;
    std::optional<Instant> waiting_since;

    std::optional<Instant> ask_why_at;  // it has a node, or its Job no pod, and says nothing of why it does not start
    std::chrono::seconds ask_why_again{0};   // how long after that
    std::optional<Explanation> explanation;  // what its events said of that
    std::string explained;                   // whose events they were
    Beside secret, service;
  };
  struct Earlier {
    std::string name, uid;
    bool marked = false;  // as replaced
    bool removed = false;
  };

  void decide(Instant now, Actions& out);
  void decide_absent(Instant now, Actions& out);
  void decide_present(Instant now, Actions& out);
  void decide_after_end(Instant now, Actions& out);
  void decide_forget(Instant now, Actions& out);
  bool decide_lost(Instant now, Actions& out);
  bool decide_unseen_end(Instant now, Actions& out);
  bool look_for_pods(Instant now, Actions& out);
  void decide_stop(Instant now, Actions& out);
  void decide_give_up(Instant now, Actions& out);
  void decide_refused(Actions& out);
  void decide_explain(Instant now, Actions& out);
  // Of whom events tell what holds the step up: of its pod, or of the Job that has none.
  const std::string& uid_to_explain() const { return (pod() ? *pod() : attempt_.view->pod).metadata.uid; }
  bool waits_in_silence() const;
  bool is_over() const {
    return has_ended(attempt_.view->pod) || (attempt_.view->job && attempt_.view->job->is_over());
  }
  void decide_secret(Instant now, Actions& out);
  void decide_service(Instant now, Actions& out);

  void see(PodView view, Instant now, Actions& out);
  Place place() const;
  void announce_progress(Actions& out);
  // What its pod says, and where that says nothing, its events.
  Progress progress() const;
  // The attempt is over: the step is replaced or ends.
  void conclude(Instant now, Report report, bool stopped, Actions& out);
  bool may_replace(const Report& report, bool stopped) const;
  bool has_startup_retry() const;
  void replace(Instant now, const Report& report, Actions& out);
  void see_answer(PodView view, Instant now, Actions& out);
  bool overtaken(const PodView& view) const;
  void lose(Instant now, std::string message, UserCodeRan ran, Actions& out);
  void note_earlier(const PodView& view);
  void notice_displacement(Actions& out);
  void end(Report report, Actions& out);
  void end_by_final_status(Instant now, Actions& out);
  void end_by_vanishing(Instant now, Actions& out);
  void end_without_pod(StepState state, std::string_view why, std::string message, UserCodeRan ran, Actions& out);
  Report stopped_report(const kube::Pod& pod, UserCodeRan ran) const;

  void on_create_answer(Instant now, Answer& answer, Actions& out);
  void on_beside_answer(Beside& beside, Instant now, Answer& answer);
  void on_get_answer(Instant now, Answer& answer, Actions& out);
  void on_mark_answer(Instant now, Answer& answer, Actions& out);
  void on_mark_replaced_answer(Instant now, Answer& answer, Actions& out);
  void on_take_over_answer(Instant now, Answer& answer, Actions& out);
  void on_delete_answer(Instant now, Answer& answer, Actions& out);
  RefusedAccess& refused(Instant now, std::string_view why, const std::string& message);
  void note_refusal(std::optional<RefusedAccess>& refused, Instant now, std::string_view why,
                    const std::string& message);
  // It has lasted, and the API server was ready in between; asks whether it is, when that is what is not known.
  bool is_believed(const RefusedAccess& refused, Actions& out);
  void hold_up(std::string_view why, const std::string& message, Actions& out);
  void warn_once(std::string code, std::string message, Actions& out);

  // A deadline is judged only on a view that is newer than it: true when it has passed and a view newer than it
  // is there; asks for one, or for a wake-up, when not.
  bool passed(Instant deadline, Instant now, Actions& out);
  void look(Instant now, Actions& out);  // one GET
  bool backing_off(Instant now);
  bool cancel_took_hold() const;
  bool giving_up_took_hold() const;
  bool patch_is_refused(Instant now, const kube::Status& status, Actions& out);
  bool create_may_land(Instant now);
  void create_had_no_effect(Instant now);
  bool no_room_in_time(Instant now, const Refusal& refusal, Instant asked_at);
  std::string too_late(const Refusal& refusal) const;
  bool may_make_beside(const Beside& beside) const;
  bool waits_for_secret() const;
  bool waits_for_service() const;
  void tell_of_beside(Report& report) const;
  void give_up_for(Beside& beside, Instant now, std::string why, std::string message);
  std::string of_index(std::string message) const;
  std::optional<Instant> startup_deadline() const;
  bool mark_earlier(Actions& out);
  void begin(Call call);
  void back_off(Instant now) { not_before_ = now + backoff_.next(); }
  void wake_at(Instant time);

  Origin origin_;
  bool own_;
  bool has_request_;
  Asked asked_;
  Policy policy_;
  Backoff backoff_;          // of calls
  Backoff replace_backoff_;  // of attempts

  std::optional<Instant> complete_as_of_;
  bool relisting_ = false;             // changes are not seen one by one
  std::optional<Instant> started_at_;  // when this attempt was first to be made
  Attempt attempt_;                    // the newest
  std::vector<Earlier> earlier_;       // the ones before it, oldest first

  Call call_ = Call::none;
  std::uint32_t call_attempt_ = 0;  // which it is about
  Instant not_before_{};            // no further call before
  Instant asked_at_{};              // when the last GET was sent
  Instant create_sent_at_{};
  Instant beside_asked_at_{};
  std::optional<Instant> create_may_land_until_;
  std::optional<Instant> patch_refused_since_;
  std::optional<RefusedAccess> refused_;
  bool asking_ready_ = false;
  std::string warned_;  // the code of the last warning: one is enough
  bool take_over_refused_ = false;
  std::optional<Stop> stop_;
  std::optional<Report> held_report_;  // of an attempt that another owner will replace
  std::optional<Instant> held_until_;

  bool ended_ = false;
  Report report_;

  bool forget_asked_ = false;
  bool forgotten_ = false;
  std::optional<Cleanup> cleanup_override_;
  std::optional<Instant> wake_;
};

}  // namespace stepop::lifecycle
