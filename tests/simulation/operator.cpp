#include "operator.hpp"

#include <algorithm>
#include <charconv>

#include "manifest/labels.hpp"
#include "names.hpp"

namespace stepop::simulation {

using lifecycle::Origin;

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// What happens to the watch of Jobs is nothing to a bare pod.
bool concerns(kube::Resource watched, kube::Resource kind) {
  return watched == kube::Resource::Pods || kind == kube::Resource::Jobs;
}

std::uint32_t number_of(std::string_view text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

class Operator::ChannelWatch : public kube::Watch {
 public:
  ChannelWatch(Operator& owner, std::uint32_t channel) : owner_(owner), channel_(channel) {}
  ~ChannelWatch() override { stop(); }

  void start() override { owner_.agenda_.in(Duration(0), owner_, start_watch, channel_); }
  void stop() override { owner_.close(owner_.channels_[channel_]); }
  std::optional<kube::Instant> synced_since() const noexcept override {
    return owner_.channels_[channel_].machine.synced_since();
  }
  bool unbroken() const noexcept override { return owner_.channels_[channel_].machine.unbroken(); }

 private:
  Operator& owner_;
  std::uint32_t channel_;
};

Operator::Operator(std::uint32_t number, Agenda& agenda, Network& network, OperatorObserver& observer, Trace& trace,
                   std::uint64_t seed, Mutation mutation)
    : number_(number),
      agenda_(agenda),
      network_(network),
      observer_(observer),
      trace_(trace),
      seed_(seed),
      mutation_(mutation),
      instance_("i" + std::to_string(number)) {}

// ---- What the host asks (Engine::submit, cancel, forget, attach) ---------------------------------------------

void Operator::start() {
  kube::WatchFactory watches = [this](kube::WatchOptions options, kube::Watch::Consumer consumer) {
    channels_.emplace_back(std::move(options), std::move(consumer));
    return std::make_unique<ChannelWatch>(*this, static_cast<std::uint32_t>(channels_.size() - 1));
  };
  view_ = std::make_unique<engine::NamespaceView>(std::move(watches), namespace_name, "o", seed_, listener());
}

void Operator::submit(std::uint32_t step, const lifecycle::Policy& policy, bool report_lost_if_absent) {
  if (has(step)) {
    steps_[step]->policy = policy;
    steps_[step]->has_request = true;
    return perform(*steps_[step],
                   steps_[step]->machine.submitted_again(agenda_.now(), {has_secret(step), has_service(step)}, policy));
  }
  begin(add(step, report_lost_if_absent ? Origin::resubmitted : Origin::submitted, true, policy));
}

void Operator::cancel(std::uint32_t step, std::optional<std::chrono::milliseconds> grace) {
  if (!has(step)) return;
  steps_[step]->cancel_asked = steps_[step]->end_asked = true;
  perform(*steps_[step], steps_[step]->machine.cancel(agenda_.now(), grace));
}

void Operator::forget(std::uint32_t step, std::optional<lifecycle::Cleanup> cleanup) {
  if (has(step)) return perform(*steps_[step], steps_[step]->machine.forget(agenda_.now(), cleanup));
  auto& added = add(step, Origin::forgotten, true, {});
  const auto serial = added.serial;
  begin(added);
  if (auto* still = find(step, serial)) perform(*still, still->machine.forget(agenda_.now(), cleanup));
}

void Operator::attach(bool own, const std::vector<lifecycle::Policy>& policies) {
  attaching_ = attached_ = true;
  attach_owns_ = own;
  attach_policies_ = policies;
  view_->follow_jobs(false);
  on_synced(Resource::Jobs);
}

void Operator::die() {
  alive_ = false;
  died_at_ = agenda_.now();
  view_.reset();
  steps_.clear();
}

// ---- Steps (Engine::add, begin, read, perform, carry_out) -----------------------------------------------------

Operator::Step& Operator::add(std::uint32_t number, Origin origin, bool own, const lifecycle::Policy& policy) {
  if (steps_.size() <= number) steps_.resize(number + 1);
  auto machine_policy = policy;
  mutate_policy(machine_policy);
  const bool has_request = origin == Origin::submitted || origin == Origin::resubmitted;
  const lifecycle::Asked asked{has_request && has_secret(number), has_request && has_service(number)};
  auto step =
      std::make_unique<Step>(lifecycle::StepMachine(origin, own, std::move(machine_policy), next_seed(), asked));
  step->policy = policy;
  step->number = number;
  step->has_request = has_request;
  // Of one that is only forgotten the view will tell what it was.
  if (has_request ? is_job(number) : origin == Origin::forgotten) step->kind = Resource::Jobs;
  step->serial = next_serial_++;
  step->shown.known_since = agenda_.now();
  steps_[number] = std::move(step);
  return *steps_[number];
}

Operator::Step* Operator::find(std::uint32_t step, std::uint64_t serial) {
  return alive_ && has(step) && steps_[step]->serial == serial ? steps_[step].get() : nullptr;
}

// What the cluster already has of the step is seen before the machine may create anything.
void Operator::begin(Step& step) {
  const auto number = step.number;
  const auto serial = step.serial;
  if (step.kind == Resource::Jobs) view_->follow_jobs(step.has_request);
  if (!view_->unbroken(step.kind)) perform(step, step.machine.on_gap(agenda_.now()));
  for (auto& workload : view_->workloads_of(hash_of(number))) {
    if (!step.has_request) step.kind = workload.job ? Resource::Jobs : Resource::Pods;
    const auto as_of = as_of_[workload.pod.metadata.uid];
    const auto view = read(step, std::move(workload));
    note(step, view, as_of);
    perform(step, step.machine.on_pod(agenda_.now(), view));
    if (!find(number, serial)) return;
  }
  perform(step, step.machine.start(agenda_.now(), view_->complete_as_of(step.kind)));
}

lifecycle::PodView Operator::read(const Step& step, Workload workload) const {
  const auto& labels = workload.pod.metadata.labels;
  const auto& annotations = workload.pod.metadata.annotations;
  lifecycle::PodView view;
  view.same_step =
      labels.get(manifest::label::owner) == owner_name && labels.get(manifest::label::step) == hash_of(step.number);
  view.same_request = annotations.get(manifest::annotation::request_hash) == hash_of(step.number);
  view.ours = labels.get(manifest::label::instance) == instance_;
  view.cancelled = annotations.find(manifest::annotation::cancelled_at) != nullptr;
  view.given_up = annotations.get(manifest::annotation::given_up);
  view.replaced = annotations.find(manifest::annotation::replaced_by) != nullptr;
  view.attempt = number_of(labels.get(manifest::label::attempt));
  view.restarts = number_of(annotations.get(manifest::annotation::restarts));
  view.pod = std::move(workload.pod);
  view.job = std::move(workload.job);
  if (mutation_ != Mutation::none) mutate_view(view);
  return view;
}

// What the machine is about to be shown.
void Operator::note(Step& step, const lifecycle::PodView& view, Instant as_of) {
  const auto& pod = view.pod;
  auto& shown = step.shown;
  const auto attempt = number_of(pod.metadata.labels.get(manifest::label::attempt));
  if (attempt < shown.attempt) return;
  // What is told again of an attempt that is replaced is no answer.
  if (attempt >= step.machine.attempt()) shown.refused_since.reset();
  if (attempt > shown.attempt) {
    const auto known_since = shown.known_since;
    shown = {};
    shown.attempt = attempt;
    shown.known_since = known_since;
  }
  shown.as_of = std::max(shown.as_of, as_of);
  shown.before_deletion |= !pod.metadata.deletion_timestamp;
  shown.clean_end |= !pod.metadata.deletion_timestamp && lifecycle::has_ended(pod);
  if (view.job) {
    for (const auto& part : view.job->parts()) {
      if (part.completed) shown.ended.insert(part.pod.metadata.uid);
    }
  }
  const auto now = agenda_.now();
  const auto* one = view.job ? view.job->pod_shown() : nullptr;
  if (const auto uid = one ? one->metadata.uid : std::string(); uid != shown.pod) {
    shown.pod = uid;  // of several, another
    shown.bound_since.reset();
    shown.ever_waiting_since.reset();
  }
  if (!pod.node_name.empty() && !shown.bound_since) shown.bound_since = now;
  const auto* main = pod.container_status(lifecycle::main_container);
  const bool waiting = main && main->state.kind == kube::ContainerState::Kind::Waiting &&
                       main->state.reason != "ContainerCreating" && main->state.reason != "PodInitializing";
  shown.misses_secret = lifecycle::misses_own_secret(pod);
  if (waiting && !shown.ever_waiting_since) shown.ever_waiting_since = now;
  const auto& annotations = pod.metadata.annotations;
  if (annotations.find(manifest::annotation::cancelled_at)) step.end_asked = true;
  if (annotations.find(manifest::annotation::given_up)) step.end_asked = true;
}

void Operator::perform(Step& step, lifecycle::Actions actions) {
  // TellForgotten ends the step; nothing but a WakeAt follows it.
  const auto number = step.number;
  const auto serial = step.serial;
  for (const auto& action : actions) {
    auto* present = find(number, serial);
    if (!present) return;
    if (mutation_ != Mutation::none && mutate_action(*present, action)) continue;
    carry_out(*present, action);
  }
}

Call Operator::call_of(const Step& step, CallKind kind) const {
  Call call;
  call.kind = kind;
  call.resource = step.kind;
  call.from = const_cast<Operator*>(this);
  call.step = step.number;
  call.serial = step.serial;
  return call;
}

kube::Pod Operator::manifest_of(const Step& step, const lifecycle::CreatePod& create) const {
  kube::Pod workload;
  auto& metadata = workload.metadata;
  metadata.name = pod_name_of(step.number, create.attempt);
  if (step.names_used > 0) metadata.name += "-" + std::to_string(step.names_used);
  metadata.labels = {{std::string(manifest::label::owner), owner_name},
                     {std::string(manifest::label::instance), instance_},
                     {std::string(manifest::label::attempt), std::to_string(create.attempt)},
                     {std::string(manifest::label::step), hash_of(step.number)}};
  metadata.annotations = {{std::string(manifest::annotation::request_hash), hash_of(step.number)}};
  if (is_job(step.number)) workload.completions = pods_of(step.number);
  if (create.restarts > 0) {
    metadata.annotations.set(std::string(manifest::annotation::restarts), std::to_string(create.restarts));
  }
  return workload;
}

void Operator::carry_out(Step& step, const lifecycle::Action& action) {
  using namespace lifecycle;
  observer_.on_action(*this, step.number, action);
  std::visit(Overloaded{
                 [&](const CreatePod& create) {
                   auto call = call_of(step, CallKind::create);
                   call.object = manifest_of(step, create);
                   call.name = call.object->metadata.name;
                   call.attempt = create.attempt;
                   network_.send(std::move(call));
                 },
                 [&](const CreateSecret& create) {
                   auto call = call_of(step, CallKind::create_secret);
                   call.name = create.name;
                   call.uid = create.uid;
                   network_.send(std::move(call));
                 },
                 [&](const CreateService& create) {
                   auto call = call_of(step, CallKind::create_service);
                   call.name = create.name;
                   call.uid = create.uid;
                   network_.send(std::move(call));
                 },
                 [&](const GetPod& get) {
                   auto call = call_of(step, CallKind::get);
                   call.name = get.name.empty() ? pod_name_of(step.number, get.attempt) : get.name;
                   network_.send(std::move(call));
                 },
                 [&](const MarkCancelled& mark) {
                   auto call = call_of(step, CallKind::mark_cancelled);
                   call.name = mark.name;
                   call.uid = mark.uid;
                   call.resource_version = mark.resource_version;
                   network_.send(std::move(call));
                 },
                 [&](const MarkGivenUp& mark) {
                   auto call = call_of(step, CallKind::mark_given_up);
                   call.name = mark.name;
                   call.uid = mark.uid;
                   call.resource_version = mark.resource_version;
                   call.text = mark.why;
                   network_.send(std::move(call));
                 },
                 [&](const MarkReplaced& mark) {
                   auto call = call_of(step, CallKind::mark_replaced);
                   call.name = mark.name;
                   call.uid = mark.uid;
                   network_.send(std::move(call));
                 },
                 [&](const TakeOver& take) {
                   auto call = call_of(step, CallKind::take_over);
                   call.name = take.name;
                   call.uid = take.uid;
                   call.resource_version = take.resource_version;
                   network_.send(std::move(call));
                 },
                 [&](const DeletePod& remove) {
                   auto call = call_of(step, CallKind::remove);
                   call.name = remove.name;
                   call.uid = is(Mutation::delete_by_name) ? std::string() : remove.uid;
                   call.resource_version = remove.resource_version;
                   if (remove.grace) call.grace = remove.grace->count();
                   if (is(Mutation::removes_in_the_background)) call.propagation = Propagation::background;
                   if (step.kind == Resource::Jobs && remove.grace) shorten_grace(step, remove.grace->count());
                   network_.send(std::move(call));
                 },
                 [&](const AskReady&) {
                   // One question for all who ask meanwhile.
                   waiting_for_ready_.push_back(step.number);
                   if (waiting_for_ready_.size() == 1) network_.ask_ready(*this);
                 },
                 [&](const AskWhy&) {},
                 [&](const Announce& said) { announce(step, said.report); },
                 [&](const Warn&) {},
                 [&](const TellDisplaced&) { observer_.on_displaced(*this, step.number); },
                 [&](const TellForgotten& told) {
                   const auto number = step.number;
                   steps_[number].reset();
                   observer_.on_forgotten(*this, number, told.deleted);
                 },
                 [&](const WakeAt& wake) { agenda_.at(wake.time, *this, wake_step, step.number, ++step.wakes); },
             },
             action);
}

// The garbage collector gives a Job's pods their own grace.
void Operator::shorten_grace(const Step& step, std::int64_t grace) {
  const auto* view = step.machine.view();
  if (!view || !view->job) return;
  for (const auto* part : view->job->newest()) {
    if (part->gone || lifecycle::has_ended(part->pod)) continue;
    auto call = call_of(step, CallKind::remove_pod);
    call.name = part->pod.metadata.name;
    call.uid = part->pod.metadata.uid;
    call.grace = grace;
    network_.send(std::move(call));
  }
}

void Operator::announce(Step& step, lifecycle::Report report) {
  if (lifecycle::is_terminal(report.state)) {
    if (is(Mutation::never_ran)) report.user_code_ran = lifecycle::UserCodeRan::no;
    if (is(Mutation::changes_its_mind) && number_ > 0 && report.exit_code) report.exit_code = 77;
    if (is(Mutation::success_whatever_the_exit) && report.exit_code) report.state = lifecycle::StepState::succeeded;
    if (is(Mutation::ends_twice)) observer_.on_announce(*this, step.number, report);
    if (is(Mutation::forgets_early)) {
      observer_.on_announce(*this, step.number, report);
      return perform(step, step.machine.forget(agenda_.now(), lifecycle::Cleanup::always));
    }
  }
  observer_.on_announce(*this, step.number, report);
}

void Operator::on_answer(const Call& call) {
  auto* step = find(call.step, call.serial);
  if (!step || call.kind == CallKind::remove_pod) return;
  if (call.kind == CallKind::create_service && adopt_service(*step, call)) return;
  lifecycle::Answer answer;
  const auto& reply = call.reply;
  bool refused = false;
  const auto hash = hash_of(call.step);
  const auto show = [&](lifecycle::PodView view) {
    note(*step, view, reply.made_at);
    answer = std::move(view);
  };
  switch (reply.kind) {
    case Reply::Kind::done:
      break;
    case Reply::Kind::pod: {
      auto view = read(*step, view_->with_answer(hash, step->kind, *reply.pod));
      if (call.kind == CallKind::get && step->kind == Resource::Jobs) return list_pods_of(*step, std::move(view));
      show(std::move(view));
      break;
    }
    case Reply::Kind::pods: {
      auto job = *call.found->job;
      std::vector<kube::Pod> pods;
      for (const auto& pod : reply.pods) pods.push_back(*pod);
      job.list_pods(std::move(pods));
      show(read(*step, {job.as_one(), job}));
      break;
    }
    case Reply::Kind::status:
      refused = lifecycle::is_access_refusal(reply.status);
      answer = reply.status;
      if (call.kind == CallKind::adopt_service && kube::is_not_found(reply.status)) {
        answer = lifecycle::NoAnswer{"it was just removed", true};
      }
      break;
    case Reply::Kind::no_answer:
      answer = lifecycle::NoAnswer{"no answer", reply.may_have_reached_server};
      break;
  }
  auto& shown = step->shown;
  const bool of_service = call.kind == CallKind::create_service || call.kind == CallKind::adopt_service;
  if (call.kind == CallKind::create_secret || of_service) {
    if (reply.kind == Reply::Kind::done && of_service) observer_.on_service_known(*this, call);
    auto& beside = of_service ? shown.service : shown.secret;
    const bool answered = reply.kind != Reply::Kind::no_answer;
    if (answered) beside.as_of = std::max(beside.as_of, call.sent_at);
    if (refused && !beside.refused_since) {
      beside.refused_since = agenda_.now();
      beside.ready_since_refused = false;
    }
    if (!refused && answered) beside.refused_since.reset();
  } else {
    if (refused && !shown.refused_since) {
      shown.refused_since = agenda_.now();
      shown.ready_since_refused = shown.refused_view = false;
    }
    if (!refused && reply.kind != Reply::Kind::no_answer) shown.refused_since.reset();
  }
  if (trace_.wanted()) {
    static constexpr std::array words{"done", "it", "pods", "", "no answer"};
    std::string said = words[static_cast<std::size_t>(reply.kind)];
    if (reply.kind == Reply::Kind::status) said = std::to_string(reply.status.code) + " " + reply.status.message;
    trace_.say(instance_ + " hears of its " + std::string(name_of(call.kind)) + " " + call.name + ": " + said);
  }
  if (mutation_ != Mutation::none && mutate_answer(*step, answer, call.kind)) return;
  if (auto* still = find(call.step, call.serial)) {
    perform(*still, still->machine.on_answer(agenda_.now(), std::move(answer)));
  }
}

// One of that name may be left of an earlier Job (Engine::make_service).
bool Operator::adopt_service(Step& step, const Call& made) {
  if (made.reply.kind != Reply::Kind::status || !kube::is_already_exists(made.reply.status)) return false;
  if (is(Mutation::keeps_a_leftover)) {
    observer_.on_service_known(*this, made);
    perform(step, step.machine.on_answer(agenda_.now(), lifecycle::Done{}));
    return true;
  }
  auto call = call_of(step, CallKind::adopt_service);
  call.name = made.name;
  call.uid = made.uid;
  network_.send(std::move(call));
  return true;
}

// The Job, and then its pods as they are after that.
void Operator::list_pods_of(const Step& step, lifecycle::PodView found) {
  auto call = call_of(step, CallKind::list_pods);
  call.name = found.pod.metadata.name;
  call.uid = found.pod.metadata.uid;
  call.found = std::make_shared<const lifecycle::PodView>(std::move(found));
  network_.send(std::move(call));
}

void Operator::on_ready(bool ready) {
  for (const auto number : std::exchange(waiting_for_ready_, {})) {
    if (!has(number)) continue;
    steps_[number]->shown.ready_since_refused |= ready;
    steps_[number]->shown.secret.ready_since_refused |= ready;
    steps_[number]->shown.service.ready_since_refused |= ready;
    perform(*steps_[number],
            steps_[number]->machine.on_ready(agenda_.now(), ready ? lifecycle::Ready::yes : lifecycle::Ready::no));
  }
}

void Operator::on_event(const Event& event) {
  if (!alive_) return;
  if (paused_until_ > agenda_.now()) {
    agenda_.at(paused_until_, *this, event.what, event.a, event.b);
    return;
  }
  if (event.what == start_watch || event.what == wake_watch) {
    auto& channel = channels_[event.a];
    if (channel.stopped) return;
    if (event.what == start_watch) return carry_out(channel, channel.machine.start(agenda_.now()));
    if (event.b == channel.wakes) carry_out(channel, channel.machine.on_timer(agenda_.now()));
    return;
  }
  if (!has(event.a)) return;
  auto& step = *steps_[event.a];
  if (event.what == secret_from_nowhere) {
    return perform(step, step.machine.on_answer(agenda_.now(), lifecycle::Done{}));
  }
  if (event.what == answer_from_memory) {
    auto kept = view_->workloads_of(hash_of(event.a));
    lifecycle::Answer answer = lifecycle::NoAnswer{"nothing remembered", true};
    if (!kept.empty()) answer = read(step, std::move(kept.front()));
    return perform(step, step.machine.on_answer(agenda_.now(), std::move(answer)));
  }
  if (event.b == step.wakes) perform(step, step.machine.on_timer(agenda_.now()));
}

// ---- The watches (PodWatch::Impl) -----------------------------------------------------------------------------

Operator::Channel* Operator::channel_of(std::uint32_t stream) {
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [&](const Channel& channel) { return channel.stream == stream; });
  return found == channels_.end() ? nullptr : &*found;
}

void Operator::close(Channel& channel) {
  channel.stopped = true;
  if (channel.stream) network_.close_stream(*channel.stream);
  channel.stream.reset();
}

void Operator::carry_out(Channel& channel, kube::WatchActions actions) {
  const auto number = static_cast<std::uint32_t>(
      std::find_if(channels_.begin(), channels_.end(), [&](const Channel& c) { return &c == &channel; }) -
      channels_.begin());
  const auto told = [&](const char* what, const std::string& target) {
    if (trace_.wanted()) trace_.say(instance_ + what + target.substr(target.rfind('/')));
  };
  for (auto& action : actions) {
    if (channel.stopped) return;
    std::visit(
        Overloaded{
            [&](kube::OpenStream& open) {
              if (channel.stream) network_.close_stream(*channel.stream);
              channel.stream = network_.open_stream(*this, open.target);
              told(" opens ", open.target);
            },
            [&](kube::GetList& get) {
              if (channel.stream) network_.close_stream(*channel.stream);
              channel.stream = network_.get_list(*this, get.target);
              told(" lists ", get.target);
            },
            [&](kube::CloseStream&) {
              if (channel.stream) network_.close_stream(*channel.stream);
              channel.stream.reset();
            },
            [&](kube::WaitUntil& wait) { agenda_.at(wait.time, *this, wake_watch, number, ++channel.wakes); },
            [&](kube::Deliver& deliver) {
              if (trace_.wanted() && std::holds_alternative<kube::Synced>(deliver.notice)) {
                trace_.say(instance_ + " is synced with " + std::string(kube::kind_name(channel.resource)) + "s");
              }
              telling_ = &channel;
              channel.consumer(std::move(deliver.notice));
            },
        },
        action);
  }
}

void Operator::on_head(std::uint32_t stream, const kube::Response& head) {
  auto* channel = channel_of(stream);
  if (!channel) return;
  if (head.status != 200) {
    network_.close_stream(stream);
    channel->stream.reset();
  }
  carry_out(*channel, channel->machine.on_head(agenda_.now(), head));
}

void Operator::on_line(std::uint32_t stream, kube::WatchLine line, Instant made_at) {
  auto* channel = channel_of(stream);
  if (!channel) return;
  channel->line_made_at = made_at;
  carry_out(*channel, channel->machine.on_line(agenda_.now(), std::move(line)));
}

void Operator::on_end(std::uint32_t stream, const kube::TransportError* error) {
  auto* channel = channel_of(stream);
  if (!channel) return;
  channel->stream.reset();
  carry_out(*channel, channel->machine.on_end(agenda_.now(), error));
}

void Operator::on_list_page(std::uint32_t stream, const kube::Outcome& outcome, Instant made_at) {
  auto* channel = channel_of(stream);
  if (!channel) return;
  channel->stream.reset();
  channel->line_made_at = made_at;
  carry_out(*channel, channel->machine.on_list_page(agenda_.now(), outcome));
}

// ---- What the namespace holds (Engine::on_applied, on_removed, on_gap, on_synced, on_trouble) -------------------

Operator::Step* Operator::step_of(const std::string& hash) {
  const auto number = number_of(std::string_view(hash).substr(1));
  return has(number) && hash == hash_of(number) ? steps_[number].get() : nullptr;
}

template <class Act>
void Operator::each_step(Resource watched, Act&& act) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (steps_[i] && concerns(watched, steps_[i]->kind)) act(*steps_[i]);
  }
}

engine::NamespaceView::Listener Operator::listener() {
  engine::NamespaceView::Listener listener;
  listener.applied = [this](const std::string& hash, const Workload& workload) { on_applied(hash, workload); };
  listener.removed = [this](const std::string& hash, const std::string& uid, std::optional<Workload> last) {
    on_removed(hash, uid, std::move(last));
  };
  listener.pod_applied = [](const std::string&, const kube::Pod&) {};
  listener.pod_removed = [](const std::string&, const kube::PodRemoved&) {};
  listener.gap = [this](Resource resource) {
    each_step(resource, [this](Step& step) { perform(step, step.machine.on_gap(agenda_.now())); });
  };
  listener.synced = [this](Resource resource) { on_synced(resource); };
  listener.trouble = [this](Resource resource, const kube::WatchTrouble& trouble) { on_trouble(resource, trouble); };
  return listener;
}

void Operator::on_applied(const std::string& hash, const Workload& workload) {
  const auto& pod = workload.pod;
  auto& as_of = as_of_[pod.metadata.uid];
  // What the Job says of itself tells nothing new of its pod.
  const bool is_news = !workload.job || workload.job->parts().empty() || telling_->resource == Resource::Pods;
  if (is_news) as_of = std::max(as_of, telling_->line_made_at);
  auto* step = step_of(hash);
  if (!step) return;
  if (trace_.wanted()) {
    trace_.say(instance_ + " sees " + pod.metadata.name + " " + std::string(kube::phase_name(pod.phase)) +
               (pod.metadata.deletion_timestamp ? ", being deleted" : ""));
  }
  if (!step->has_request) step->kind = workload.job ? Resource::Jobs : Resource::Pods;
  const auto view = read(*step, workload);
  note(*step, view, as_of);
  perform(*step, step->machine.on_pod(agenda_.now(), view));
}

void Operator::on_removed(const std::string& hash, const std::string& uid, std::optional<Workload> last) {
  const auto as_of = std::max(as_of_[uid], telling_->line_made_at);
  as_of_.erase(uid);
  auto* step = step_of(hash);
  if (!step) return;
  if (trace_.wanted()) trace_.say(instance_ + " sees " + uid + " gone" + (last ? "" : ", not how"));
  std::optional<lifecycle::PodView> view;
  if (last) {
    view = read(*step, std::move(*last));
    note(*step, *view, as_of);
  }
  perform(*step, step->machine.on_removed(agenda_.now(), uid, std::move(view)));
}

void Operator::on_synced(Resource resource) {
  take_in();
  each_step(resource, [this](Step& step) {
    if (!view_->unbroken(step.kind)) return;
    const auto time = view_->complete_as_of(step.kind);
    if (!time) return;
    if (step.shown.refused_view) step.shown.refused_since.reset();
    perform(step, step.machine.on_synced(agenda_.now(), *time));
  });
}

void Operator::on_trouble(Resource resource, const kube::WatchTrouble& trouble) {
  using Kind = kube::WatchTrouble::Kind;
  if (trace_.wanted()) trace_.say(instance_ + ": " + trouble.message);
  if (trouble.kind == Kind::Unauthorized || trouble.kind == Kind::Forbidden) {
    kube::Status status;
    status.code = trouble.status;
    status.message = trouble.message;
    each_step(resource, [&](Step& step) {
      auto& shown = step.shown;
      if (!shown.refused_since) {
        shown.refused_since = agenda_.now();
        shown.ready_since_refused = false;
        shown.refused_view = true;
      }
      perform(step, step.machine.on_view_refused(agenda_.now(), status));
    });
  }
  if (resource != Resource::Jobs || !view_->jobs_are_refused()) return;
  // Who may not know of Jobs has none.
  for (auto& step : steps_) {
    if (step && !step->has_request) step->kind = Resource::Pods;
  }
  on_synced(Resource::Pods);
}

void Operator::take_in() {
  if (!attaching_ || !view_->complete_as_of(Resource::Pods)) return;
  if (!view_->complete_as_of(Resource::Jobs) && !view_->jobs_are_refused()) return;
  attaching_ = false;
  for (const auto& [hash, workload] : view_->workloads()) {
    const auto number = number_of(std::string_view(hash).substr(1));
    if (number >= attach_policies_.size()) continue;
    if (has(number)) {
      if (attach_owns_) perform(*steps_[number], steps_[number]->machine.own(agenda_.now()));
      continue;
    }
    auto& step = add(number, Origin::attached, attach_owns_, attach_policies_[number]);
    step.kind = workload.job ? Resource::Jobs : Resource::Pods;
    begin(step);
  }
}

// ---- Mutations ------------------------------------------------------------------------------------------------

// Says whether the action is not to be carried out as it is.
bool Operator::mutate_action(Step& step, const lifecycle::Action& action) {
  if (is(Mutation::forgets_the_secret) && std::holds_alternative<lifecycle::CreateSecret>(action)) {
    agenda_.in(milliseconds(1), *this, secret_from_nowhere, step.number);
    return true;
  }
  if (is(Mutation::deadline_on_an_old_view) && std::holds_alternative<lifecycle::GetPod>(action)) {
    agenda_.in(milliseconds(1), *this, answer_from_memory, step.number);
    return true;
  }
  return false;
}

bool Operator::mutate_answer(Step& step, lifecycle::Answer& answer, CallKind kind) {
  const auto* none = std::get_if<lifecycle::NoAnswer>(&answer);
  auto* status = std::get_if<kube::Status>(&answer);
  if (is(Mutation::new_name_after_lost_answer) && kind == CallKind::create && none) ++step.names_used;
  if (is(Mutation::loses_an_answer) && none) return true;
  if (is(Mutation::unavailable_is_refused) && status && status->code >= 500) status->code = 422;
  if (is(Mutation::cancelled_once_deleted) && kind == CallKind::remove && step.cancel_asked && !step.machine.ended() &&
      std::holds_alternative<lifecycle::PodView>(answer)) {
    lifecycle::Report report;
    report.state = lifecycle::StepState::cancelled;
    report.user_code_ran = lifecycle::UserCodeRan::maybe;
    observer_.on_announce(*this, step.number, report);
  }
  return false;
}

void Operator::mutate_policy(lifecycle::Policy& policy) const {
  if (is(Mutation::replaces_what_ran)) policy.max_disruption_restarts = 100;
  if (is(Mutation::refusal_believed_at_once)) policy.refusal_grace = std::chrono::milliseconds(0);
}

void Operator::mutate_view(lifecycle::PodView& view) const {
  auto& pod = view.pod;
  if (is(Mutation::job_is_its_pod) && view.job && view.job->job()->metadata.deletion_timestamp) {
    pod.metadata.deletion_timestamp = view.job->job()->metadata.deletion_timestamp;
  }
  if (is(Mutation::believes_the_job) && view.job && view.job->is_over() && !lifecycle::has_ended(pod)) {
    const auto* complete = view.job->job()->condition("Complete");
    pod.phase = complete && complete->status == "True" ? kube::PodPhase::Succeeded : kube::PodPhase::Failed;
  }
  if (is(Mutation::first_pod_is_all) && view.job && !view.job->parts().empty()) {
    const auto& first = view.job->newest().front()->pod;
    pod.phase = first.phase;
    pod.container_statuses = first.container_statuses;
  }
  if (!is(Mutation::deletion_confirms) || !pod.metadata.deletion_timestamp || pod.node_name.empty()) return;
  pod.phase = kube::PodPhase::Failed;
}

}  // namespace stepop::simulation
