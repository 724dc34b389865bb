#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api_server.hpp"
#include "host.hpp"
#include "lifecycle/step_machine.hpp"

namespace stepop::simulation {

// The design's six invariants, and what follows from them.
enum class Rule : std::uint8_t {
  one_pod = 1,        // no pod while an earlier one is not confirmed stopped
  one_start = 2,      // the main container does not start again
  one_end = 3,        // one terminal event per operator, the same in every life
  nothing_lost = 4,   // no step lost, none run twice
  not_the_api = 5,    // no failure of the API is terminal; timeouts only on a fresh view
  stopped = 6,        // a cancelled step has stopped
  user_code_ran = 7,  // `no` and `yes` are true
  true_end = 8,       // the state, reason and exit code are true
  ends = 9,           // every step ends
  right_pod = 10,     // a DELETE hits the pod it was meant for
  secret = 11,        // no container starts without its Secret, and no step fails for want of it
  service = 12,       // several pods keep the Service by which they find each other
};
std::string_view name_of(Rule rule);

struct Violation {
  Rule rule = Rule::one_pod;
  std::uint32_t step = 0;
  std::string what{};
};

// Compares what stepop does and says with what really happened, as it happens.
class Invariants {
 public:
  Invariants(const Agenda& agenda, const ApiServer& api, const Network& network, const Host& host, Trace& trace,
             const std::vector<lifecycle::Policy>& policies);

  void on_created(const PodRecord& pod);
  void on_started(const PodRecord& pod);
  void on_removed(const PodRecord& pod);
  void on_job_created(const JobRecord& job);
  void on_job_removed(const JobRecord& job);
  void on_beside_collected(const BesideRecord& beside);
  void on_served(const Call& call);
  // An operator was told that the Service of this call is there.
  void on_service_known(const Call& call);
  void on_action(Operator& from, std::uint32_t step, const lifecycle::Action& action);
  void on_announce(Operator& from, std::uint32_t step, const lifecycle::Report& report);
  void at_the_end(bool all_done);

  const std::vector<Violation>& violations() const { return violations_; }

 private:
  struct Said {
    std::uint32_t by;
    lifecycle::Report report;
    bool without_request;  // by an operator that was attached, and so could not replace it
    bool late;             // it was never shown the pod before its deletion: what came first, it cannot know
  };
  struct Step {
    // Others removed a pod of it before the host had journalled that there was one (invariant 4's exception).
    bool excused = false;
    // Its newest pod was made by a second process, or by a create of an earlier life that only now arrived: the host of
    // now may know nothing of it.
    bool made_beside = false;
    std::vector<Said> ends;
    std::string given_up_for;           // what was last to be written on a pod of it
    std::set<std::string> has_service;  // the uids of the Jobs of which an operator was told that theirs is there
  };

  void on_workload(const StoredObject& made);
  void on_workload_removed(const StoredObject& removed);
  void check_end(Operator& from, std::uint32_t step, const lifecycle::Report& report);
  void check_same_end(const Operator& from, std::uint32_t step, const lifecycle::Report& report);
  bool came_late(const Operator& from, std::uint32_t step, const lifecycle::Report& report) const;
  void check_refusal(Operator& from, std::uint32_t step);
  void check_giving_up(Operator& from, std::uint32_t step, const std::string& uid, std::string_view why);
  void violated(Rule rule, std::uint32_t step, std::string what);
  template <class Act>
  void each_pod(std::uint32_t step, Act&& act) const;
  // Null without that uid.
  const StoredObject* workload_of(std::uint32_t step, const std::string& uid) const;
  const StoredObject* newest_workload(std::uint32_t step) const;
  // The pod that it is, or those that its Job has made.
  std::vector<const PodRecord*> pods_of(const StoredObject* workload) const;
  // Of all pods, or of all of one index.
  std::uint32_t starts(std::uint32_t step, std::optional<std::uint32_t> index = {}) const;

  const Agenda& agenda_;
  const ApiServer& api_;
  const Network& network_;
  const Host& host_;
  Trace& trace_;
  const std::vector<lifecycle::Policy>& policies_;
  std::vector<Step> steps_;
  std::vector<Violation> violations_;
};

}  // namespace stepop::simulation
