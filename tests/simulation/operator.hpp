#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agenda.hpp"
#include "kube/watch_machine.hpp"
#include "lifecycle/step_machine.hpp"
#include "mutation.hpp"
#include "network.hpp"
#include "trace.hpp"

namespace stepop::simulation {

// Who hears what an operator tells its host, and what it asks the cluster for.
class OperatorObserver {
 public:
  virtual void on_announce(Operator& from, std::uint32_t step, const lifecycle::Report& report) = 0;
  virtual void on_forgotten(Operator& from, std::uint32_t step, bool deleted) = 0;
  virtual void on_displaced(Operator& from, std::uint32_t step) = 0;
  virtual void on_action(Operator& from, std::uint32_t step, const lifecycle::Action& action) = 0;

 protected:
  ~OperatorObserver() = default;
};

// One open operator: the real StepMachines and the real WatchMachine, driven as plugin/engine drives them
// (engine.cpp, namespace_view.cpp, pod_watch.cpp), with the simulated network in the place of kube::Client.
class Operator : public Handler {
 public:
  // What an operator was shown of a step's pod: for judging what it then did.
  struct Shown {
    Instant as_of{};                              // its newest view is the truth of this moment, or newer
    std::optional<Instant> bound_since{};         // first shown on a node
    std::optional<Instant> known_since{};         // first heard of in this life
    std::optional<Instant> ever_waiting_since{};  // first shown waiting for an image or the like
    std::optional<Instant> refused_since{};       // every answer since has been a refusal of access
    bool refused_view = false;                    // it is the view that was refused
    bool ready_since_refused = false;
    bool misses_secret = false;                     // its newest view says so
    std::optional<Instant> secret_refused_since{};  // every answer about its Secret since has been a refusal of access
    bool ready_since_secret_refused = false;
    Instant secret_as_of{};  // of the newest answer about its Secret
    std::uint32_t attempt = 0;
    bool before_deletion = false;  // shown while nobody had asked for its deletion
  };

  Operator(std::uint32_t number, Agenda& agenda, Network& network, OperatorObserver& observer, Trace& trace,
           std::uint64_t seed, Mutation mutation);

  std::uint32_t number() const { return number_; }
  const std::string& instance() const { return instance_; }
  bool alive() const { return alive_; }
  Instant died_at() const { return died_at_; }  // the far future while it lives
  Instant paused_until() const { return paused_until_; }

  // What a host does.
  void start();
  void submit(std::uint32_t step, const lifecycle::Policy& policy, bool report_lost_if_absent);
  void cancel(std::uint32_t step, std::optional<std::chrono::milliseconds> grace);
  void forget(std::uint32_t step, std::optional<lifecycle::Cleanup> cleanup);
  // Takes over, or observes, every step that the view shows, once it is complete.
  void attach(bool own, const std::vector<lifecycle::Policy>& policies);
  void die();
  void pause_until(Instant time) { paused_until_ = std::max(paused_until_, time); }

  bool has(std::uint32_t step) const { return step < steps_.size() && steps_[step] != nullptr; }
  // REQUIRES: has(step).
  bool ended(std::uint32_t step) const { return steps_[step]->machine.ended(); }
  const Shown& shown(std::uint32_t step) const { return steps_[step]->shown; }
  const lifecycle::Policy& policy(std::uint32_t step) const { return steps_[step]->policy; }
  bool attached() const { return attached_; }
  // Its end was asked for, here or, as a view showed, elsewhere.
  bool end_asked(std::uint32_t step) const { return steps_[step]->end_asked; }

  // From the network.
  void on_answer(const Call& call);
  void on_ready(bool ready);
  void on_head(std::uint32_t stream, const kube::Response& head);
  void on_line(std::uint32_t stream, kube::WatchLine line, Instant made_at);
  void on_end(std::uint32_t stream, const kube::TransportError* error);
  void on_list_page(std::uint32_t stream, const kube::Outcome& outcome, Instant made_at);

  void on_event(const Event& event) override;

 private:
  enum What : std::uint32_t { wake_step, wake_watch, answer_from_memory, secret_from_nowhere };
  struct Step {
    explicit Step(lifecycle::StepMachine m) : machine(std::move(m)) {}
    lifecycle::StepMachine machine;
    lifecycle::Policy policy{};
    std::uint32_t number = 0;
    std::uint64_t serial = 0;
    std::uint32_t wakes = 0;
    Shown shown{};
    // Of mutations.
    std::uint32_t names_used = 0;
    bool cancel_asked = false;
    bool end_asked = false;
  };
  struct Kept {
    std::string uid;
    std::string step;  // the hash its label says
    std::shared_ptr<const kube::Pod> pod;
    Instant as_of;
  };

  Step& add(std::uint32_t number, lifecycle::Origin origin, bool own, const lifecycle::Policy& policy);
  Step* find(std::uint32_t step, std::uint64_t serial);
  void begin(Step& step);
  lifecycle::PodView read(const Step& step, const kube::Pod& pod) const;
  void note(Step& step, const kube::Pod& pod, Instant as_of);
  void perform(Step& step, lifecycle::Actions actions);
  void carry_out(Step& step, const lifecycle::Action& action);
  void announce(Step& step, lifecycle::Report report);
  Call call_of(const Step& step, CallKind kind) const;
  kube::Pod manifest_of(const Step& step, const lifecycle::CreatePod& create) const;
  std::uint64_t next_seed() { return seed_ + next_serial_; }

  void carry_out(kube::WatchActions actions);
  void hear(kube::WatchNotice notice);
  void on_synced(Instant time);
  void on_trouble(const kube::WatchTrouble& trouble);
  Step* step_of(const std::string& hash);
  void take_in();

  // Mutations, each beside what it breaks.
  bool is(Mutation mutation) const { return mutation_ == mutation; }
  bool mutate_action(Step& step, const lifecycle::Action& action);
  // Says whether the answer is not to be told.
  bool mutate_answer(Step& step, lifecycle::Answer& answer, CallKind kind);
  void mutate_policy(lifecycle::Policy& policy) const;
  void mutate_view(lifecycle::PodView& view) const;

  std::uint32_t number_;
  Agenda& agenda_;
  Network& network_;
  OperatorObserver& observer_;
  Trace& trace_;
  std::uint64_t seed_;
  Mutation mutation_;
  std::string instance_;
  bool alive_ = true;
  Instant paused_until_{};
  Instant died_at_ = Instant::max() - std::chrono::hours(24);

  kube::WatchMachine watch_;
  std::uint32_t watch_wakes_ = 0;
  std::optional<std::uint32_t> stream_;
  Instant line_made_at_{};
  std::vector<Kept> kept_;
  std::vector<std::unique_ptr<Step>> steps_;
  std::uint64_t next_serial_ = 1;
  bool asking_ready_ = false;
  std::vector<std::uint32_t> waiting_for_ready_;
  bool attaching_ = false;
  bool attached_ = false;
  bool attach_owns_ = false;
  std::vector<lifecycle::Policy> attach_policies_;
};

}  // namespace stepop::simulation
