#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "agenda.hpp"
#include "engine/namespace_view.hpp"
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
  // It was told that the Service of this call is there, and its workload's.
  virtual void on_service_known(Operator& from, const Call& call) = 0;

 protected:
  ~OperatorObserver() = default;
};

// One open operator: the real StepMachines, NamespaceView and WatchMachines, driven as plugin/engine and kube drive them
// (engine*.cpp, pod_watch.cpp), with the simulated network in the place of kube::Client.
class Operator : public Handler {
 public:
  // What it was told of a step's Secret, or Service.
  struct BesideShown {
    std::optional<Instant> refused_since{};  // every answer since has been a refusal of access
    bool ready_since_refused = false;
    Instant as_of{};  // of the newest answer
  };
  // What an operator was shown of a step's pod: for judging what it then did.
  struct Shown {
    Instant as_of{};                              // its newest view is the truth of this moment, or newer
    std::string pod{};                            // of a Job: the one that its newest view shows
    std::optional<Instant> bound_since{};         // first shown on a node
    std::optional<Instant> known_since{};         // first heard of in this life
    std::optional<Instant> ever_waiting_since{};  // first shown waiting for an image or the like
    std::optional<Instant> refused_since{};       // every answer since has been a refusal of access
    bool refused_view = false;                    // it is the view that was refused
    bool ready_since_refused = false;
    bool misses_secret = false;  // its newest view says so
    BesideShown secret{}, service{};
    std::uint32_t attempt = 0;
    bool before_deletion = false;   // shown while nobody had asked for its deletion
    bool clean_end = false;         // shown to have ended while nobody had
    std::set<std::string> ended{};  // the same of each pod of a Job, by uid
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
  using Resource = kube::Resource;
  using Workload = engine::Workload;

  enum What : std::uint32_t { wake_step, start_watch, wake_watch, answer_from_memory, secret_from_nowhere };
  struct Step {
    explicit Step(lifecycle::StepMachine m) : machine(std::move(m)) {}
    lifecycle::StepMachine machine;
    lifecycle::Policy policy{};
    std::uint32_t number = 0;
    Resource kind = Resource::Pods;  // of its workload
    bool has_request = false;
    std::uint64_t serial = 0;
    std::uint32_t wakes = 0;
    Shown shown{};
    // Of mutations.
    std::uint32_t names_used = 0;
    bool cancel_asked = false;
    bool end_asked = false;
  };
  // One watch.
  struct Channel {
    Channel(kube::WatchOptions options, kube::Watch::Consumer consumer_)
        : resource(options.resource), machine(std::move(options)), consumer(std::move(consumer_)) {}
    Resource resource;
    kube::WatchMachine machine;
    kube::Watch::Consumer consumer;
    bool stopped = false;
    std::uint32_t wakes = 0;
    std::optional<std::uint32_t> stream{};
    Instant line_made_at{};
  };
  class ChannelWatch;

  Step& add(std::uint32_t number, lifecycle::Origin origin, bool own, const lifecycle::Policy& policy);
  Step* find(std::uint32_t step, std::uint64_t serial);
  void begin(Step& step);
  lifecycle::PodView read(const Step& step, Workload workload) const;
  void note(Step& step, const lifecycle::PodView& view, Instant as_of);
  void perform(Step& step, lifecycle::Actions actions);
  void carry_out(Step& step, const lifecycle::Action& action);
  void announce(Step& step, lifecycle::Report report);
  void shorten_grace(const Step& step, std::int64_t grace);
  void list_pods_of(const Step& step, lifecycle::PodView found);
  // Says whether it asked for that.
  bool adopt_service(Step& step, const Call& made);
  Call call_of(const Step& step, CallKind kind) const;
  kube::Pod manifest_of(const Step& step, const lifecycle::CreatePod& create) const;
  std::uint64_t next_seed() { return seed_ + next_serial_; }

  Channel* channel_of(std::uint32_t stream);
  void carry_out(Channel& channel, kube::WatchActions actions);
  void close(Channel& channel);
  engine::NamespaceView::Listener listener();
  void on_applied(const std::string& hash, const Workload& workload);
  void on_removed(const std::string& hash, const std::string& uid, std::optional<Workload> last);
  void on_synced(Resource resource);
  void on_trouble(Resource resource, const kube::WatchTrouble& trouble);
  Step* step_of(const std::string& hash);
  template <class Act>
  void each_step(Resource watched, Act&& act);
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

  std::deque<Channel> channels_;
  const Channel* telling_ = nullptr;
  std::unique_ptr<engine::NamespaceView> view_;
  std::unordered_map<std::string, Instant> as_of_;  // of each workload in the view, by uid
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
