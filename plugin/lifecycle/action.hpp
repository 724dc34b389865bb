#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kube/pod.hpp"
#include "kube/status.hpp"
#include "lifecycle/report.hpp"
#include "lifecycle/workload.hpp"

namespace stepop::lifecycle {

using Instant = std::chrono::steady_clock::time_point;

// Every create asks the API server to give up after this long (`?timeout=`): until then, and this margin for clocks
// and buffers, a create without an answer may still take effect.
inline constexpr std::chrono::seconds create_timeout{30};
inline constexpr std::chrono::seconds create_margin{10};

// One view of the step's pod, or of its Job as one pod. What its labels and annotations say has been read by whoever wrote
// them.
struct PodView {
  kube::Pod pod;
  std::optional<JobView> job{};  // what `pod` was made from; nothing for a bare pod
  bool same_step = false;        // our owner, our step id
  bool same_request = false;     // made from the same request
  bool ours = false;             // carries this operator's instance
  bool cancelled = false;        // somebody asked for its end through stepop, in this life or an earlier one
  bool replaced = false;         // the next attempt was made, or was about to be
  std::string given_up;  // `<reason>: <message>`, as MarkGivenUp writes it; empty when stepop did not give it up
  std::uint32_t attempt = 0;
  std::uint32_t restarts = 0;  // how many of the attempts before it may have run user code

  std::string given_up_reason() const { return given_up.substr(0, given_up.find(':')); }
  std::string given_up_message() const {
    const auto colon = given_up.find(": ");
    return colon == std::string::npos ? std::string() : given_up.substr(colon + 2);
  }
};

// What the API server answered to one call.
struct Done {};    // 2xx without an object
struct NoAnswer {  // no (whole) answer came
  std::string message;
  bool may_have_reached_server = true;
};
using Answer = std::variant<Done, PodView, kube::Status, NoAnswer>;

// What the machine wants done. Of the nine calls, at most one is under way for a step at any time; its
// answer is given to on_answer.
struct CreatePod {
  std::uint32_t attempt = 0;
  std::uint32_t restarts = 0;  // to be written on it
};
// The Secret of this attempt's pod, named like it, and owned by it: the uid is in its owner reference from the start. Of the answer
// the machine needs Done, or the Status.
struct CreateSecret {
  std::string name, uid;
  std::uint32_t attempt = 0;
};
// The headless Service by which the pods of this attempt's Job find each other, named like it and owned by it. One of that name
// that is there already is made this Job's. Of the answer the machine needs Done, or the Status.
struct CreateService {
  std::string name, uid;
  std::uint32_t attempt = 0;
};
struct GetPod {
  std::string name;  // empty: the name that a create of this attempt uses
  std::uint32_t attempt = 0;
};
// Writes on the object that its end was asked for, so that every life of every host calls it `cancelled`.
// If it is still at this resourceVersion, as MarkGivenUp: what has ended, or started, meanwhile is looked at again.
struct MarkCancelled {
  std::string name, uid, resource_version;
};
// Writes on the object why it is given up, so that no life of any host takes its deletion for somebody else's.
struct MarkGivenUp {
  std::string name, uid, resource_version;
  std::string why;  // `<reason>: <message>`
};
// Writes on the object that the next attempt is made: without that, a later life that finds it alone would make it again.
struct MarkReplaced {
  std::string name, uid;
};
// Writes this operator's instance on the object, if it is still at this resourceVersion.
struct TakeOver {
  std::string name, uid, resource_version;
};
struct DeletePod {
  std::string name, uid;
  std::optional<std::chrono::seconds> grace;
  std::string resource_version{};  // not empty: only if it is still at this one
};
// Not calls for this step, and answered elsewhere:
struct AskReady {};  // is the API server ready (GET /readyz)? Answer with on_ready.
enum class Ready {
  yes,
  no,       // or no answer
  refused,  // 401 or 403: it is up, and this account may not even ask
};
// What do the pod's events say of why it does not start? Answer with on_events, or never: nothing waits for it.
struct AskWhy {
  std::string uid;
};
struct Announce {
  Report report;
};
struct Warn {
  std::string code, message;
};
struct TellDisplaced {};
struct TellForgotten {
  bool deleted = false;
};
struct WakeAt {  // call on_timer then; it replaces an earlier one
  Instant time;
};
using Action =
    std::variant<CreatePod, CreateSecret, CreateService, GetPod, MarkCancelled, MarkGivenUp, MarkReplaced, TakeOver,
                 DeletePod, AskReady, AskWhy, Announce, Warn, TellDisplaced, TellForgotten, WakeAt>;
using Actions = std::vector<Action>;

}  // namespace stepop::lifecycle
