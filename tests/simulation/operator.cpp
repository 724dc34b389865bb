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

kube::WatchOptions watch_options(std::uint64_t seed) {
  kube::WatchOptions options;
  options.namespace_ = namespace_name;
  options.label_selector = "o";
  options.random_seed = seed;
  return options;
}

std::uint32_t number_of(std::string_view text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Operator::Operator(std::uint32_t number, Agenda& agenda, Network& network, OperatorObserver& observer, Trace& trace,
                   std::uint64_t seed, Mutation mutation)
    : number_(number),
      agenda_(agenda),
      network_(network),
      observer_(observer),
      trace_(trace),
      seed_(seed),
      mutation_(mutation),
      instance_("i" + std::to_string(number)),
      watch_(watch_options(seed)) {}

// ---- What the host asks (Engine::submit, cancel, forget, attach) ---------------------------------------------

void Operator::start() {
  carry_out(watch_.start(agenda_.now()));
}

void Operator::submit(std::uint32_t step, const lifecycle::Policy& policy, bool report_lost_if_absent) {
  if (has(step)) {
    steps_[step]->policy = policy;
    return perform(*steps_[step], steps_[step]->machine.submitted_again(agenda_.now(), {has_secret(step)}, policy));
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
  if (const auto complete = watch_.synced_since()) on_synced(*complete);
}

void Operator::die() {
  alive_ = false;
  died_at_ = agenda_.now();
  if (stream_) network_.close_stream(*stream_);
  steps_.clear();
  kept_.clear();
}

// ---- Steps (Engine::add, begin, read, perform, carry_out) -----------------------------------------------------

Operator::Step& Operator::add(std::uint32_t number, Origin origin, bool own, const lifecycle::Policy& policy) {
  if (steps_.size() <= number) steps_.resize(number + 1);
  auto machine_policy = policy;
  mutate_policy(machine_policy);
  const bool has_request = origin == Origin::submitted || origin == Origin::resubmitted;
  const lifecycle::Asked asked{has_request && has_secret(number)};
  auto step =
      std::make_unique<Step>(lifecycle::StepMachine(origin, own, std::move(machine_policy), next_seed(), asked));
  step->policy = policy;
  step->number = number;
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
  const auto hash = hash_of(number);
  if (!watch_.unbroken()) perform(step, step.machine.on_gap(agenda_.now()));
  std::vector<Kept> known;
  for (const auto& kept : kept_) {
    if (kept.step == hash) known.push_back(kept);
  }
  for (const auto& kept : known) {
    note(step, *kept.pod, kept.as_of);
    perform(step, step.machine.on_pod(agenda_.now(), read(step, *kept.pod)));
    if (!find(number, serial)) return;
  }
  perform(step, step.machine.start(agenda_.now(), watch_.synced_since()));
}

lifecycle::PodView Operator::read(const Step& step, const kube::Pod& pod) const {
  const auto& labels = pod.metadata.labels;
  const auto& annotations = pod.metadata.annotations;
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
  view.pod = pod;
  if (mutation_ != Mutation::none) mutate_view(view);
  return view;
}

// What the machine is about to be shown.
void Operator::note(Step& step, const kube::Pod& pod, Instant as_of) {
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
  const auto now = agenda_.now();
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
  call.from = const_cast<Operator*>(this);
  call.step = step.number;
  call.serial = step.serial;
  return call;
}

kube::Pod Operator::manifest_of(const Step& step, const lifecycle::CreatePod& create) const {
  kube::Pod pod;
  auto& metadata = pod.metadata;
  metadata.name = pod_name_of(step.number, create.attempt);
  if (step.names_used > 0) metadata.name += "-" + std::to_string(step.names_used);
  metadata.labels = {{std::string(manifest::label::owner), owner_name},
                     {std::string(manifest::label::instance), instance_},
                     {std::string(manifest::label::attempt), std::to_string(create.attempt)},
                     {std::string(manifest::label::step), hash_of(step.number)}};
  metadata.annotations = {{std::string(manifest::annotation::request_hash), hash_of(step.number)}};
  if (create.restarts > 0) {
    metadata.annotations.set(std::string(manifest::annotation::restarts), std::to_string(create.restarts));
  }
  return pod;
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
                 [&](const CreateService&) { throw std::logic_error("no step of it is of several pods"); },
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
  if (!step) return;
  lifecycle::Answer answer;
  const auto& reply = call.reply;
  bool refused = false;
  switch (reply.kind) {
    case Reply::Kind::done:
      break;
    case Reply::Kind::pod:
      note(*step, *reply.pod, reply.made_at);
      answer = read(*step, *reply.pod);
      break;
    case Reply::Kind::status:
      refused = lifecycle::is_access_refusal(reply.status);
      answer = reply.status;
      break;
    case Reply::Kind::no_answer:
      answer = lifecycle::NoAnswer{"no answer", reply.may_have_reached_server};
      break;
  }
  auto& shown = step->shown;
  if (call.kind == CallKind::create_secret) {
    if (reply.kind != Reply::Kind::no_answer) shown.secret_as_of = std::max(shown.secret_as_of, call.sent_at);
    if (refused && !shown.secret_refused_since) {
      shown.secret_refused_since = agenda_.now();
      shown.ready_since_secret_refused = false;
    }
    if (!refused && reply.kind != Reply::Kind::no_answer) shown.secret_refused_since.reset();
  } else {
    if (refused && !shown.refused_since) {
      shown.refused_since = agenda_.now();
      shown.ready_since_refused = shown.refused_view = false;
    }
    if (!refused && reply.kind != Reply::Kind::no_answer) shown.refused_since.reset();
  }
  if (trace_.wanted()) {
    static constexpr std::array words{"done", "a pod", "", "no answer"};
    std::string said = words[static_cast<std::size_t>(reply.kind)];
    if (reply.kind == Reply::Kind::status) said = std::to_string(reply.status.code) + " " + reply.status.message;
    trace_.say(instance_ + " hears of its " + std::string(name_of(call.kind)) + " " + call.name + ": " + said);
  }
  if (mutation_ != Mutation::none && mutate_answer(*step, answer, call.kind)) return;
  if (auto* still = find(call.step, call.serial)) {
    perform(*still, still->machine.on_answer(agenda_.now(), std::move(answer)));
  }
}

void Operator::on_ready(bool ready) {
  for (const auto number : std::exchange(waiting_for_ready_, {})) {
    if (!has(number)) continue;
    steps_[number]->shown.ready_since_refused |= ready;
    steps_[number]->shown.ready_since_secret_refused |= ready;
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
  if (event.what == wake_watch) {
    if (event.b == watch_wakes_) carry_out(watch_.on_timer(agenda_.now()));
    return;
  }
  if (!has(event.a)) return;
  auto& step = *steps_[event.a];
  if (event.what == secret_from_nowhere) {
    return perform(step, step.machine.on_answer(agenda_.now(), lifecycle::Done{}));
  }
  if (event.what == answer_from_memory) {
    const auto kept =
        std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.step == hash_of(event.a); });
    lifecycle::Answer answer = lifecycle::NoAnswer{"nothing remembered", true};
    if (kept != kept_.end()) answer = read(step, *kept->pod);
    return perform(step, step.machine.on_answer(agenda_.now(), std::move(answer)));
  }
  if (event.b == step.wakes) perform(step, step.machine.on_timer(agenda_.now()));
}

// ---- The watch (PodWatch::Impl) -------------------------------------------------------------------------------

void Operator::carry_out(kube::WatchActions actions) {
  for (auto& action : actions) {
    if (!alive_) return;
    std::visit(Overloaded{
                   [&](kube::OpenStream& open) {
                     if (stream_) network_.close_stream(*stream_);
                     stream_ = network_.open_stream(*this, open.target);
                     if (trace_.wanted()) trace_.say(instance_ + " opens " + open.target.substr(open.target.find('?')));
                   },
                   [&](kube::GetList& get) {
                     if (stream_) network_.close_stream(*stream_);
                     stream_ = network_.get_list(*this, get.target);
                     if (trace_.wanted()) trace_.say(instance_ + " lists " + get.target.substr(get.target.find('?')));
                   },
                   [&](kube::CloseStream&) {
                     if (stream_) network_.close_stream(*stream_);
                     stream_.reset();
                   },
                   [&](kube::WaitUntil& wait) { agenda_.at(wait.time, *this, wake_watch, 0, ++watch_wakes_); },
                   [&](kube::Deliver& deliver) {
                     if (trace_.wanted() && std::holds_alternative<kube::Synced>(deliver.notice)) {
                       trace_.say(instance_ + " is synced");
                     }
                     hear(std::move(deliver.notice));
                   },
               },
               action);
  }
}

void Operator::on_head(std::uint32_t stream, const kube::Response& head) {
  if (stream_ != stream) return;
  if (head.status != 200) {
    network_.close_stream(*stream_);
    stream_.reset();
  }
  carry_out(watch_.on_head(agenda_.now(), head));
}

void Operator::on_line(std::uint32_t stream, kube::WatchLine line, Instant made_at) {
  if (stream_ != stream) return;
  line_made_at_ = made_at;
  carry_out(watch_.on_line(agenda_.now(), std::move(line)));
}

void Operator::on_end(std::uint32_t stream, const kube::TransportError* error) {
  if (stream_ != stream) return;
  stream_.reset();
  carry_out(watch_.on_end(agenda_.now(), error));
}

void Operator::on_list_page(std::uint32_t stream, const kube::Outcome& outcome, Instant made_at) {
  if (stream_ != stream) return;
  stream_.reset();
  line_made_at_ = made_at;
  carry_out(watch_.on_list_page(agenda_.now(), outcome));
}

// ---- What the namespace holds (NamespaceView::hear, Engine::on_applied, on_removed, on_gap, on_synced, on_trouble)

Operator::Step* Operator::step_of(const std::string& hash) {
  const auto number = number_of(std::string_view(hash).substr(1));
  return has(number) && hash == hash_of(number) ? steps_[number].get() : nullptr;
}

void Operator::hear(kube::WatchNotice notice) {
  const auto now = agenda_.now();
  if (auto* applied = std::get_if<kube::PodApplied>(&notice)) {
    const std::string hash{applied->pod.metadata.labels.get(manifest::label::step)};
    const auto& uid = applied->pod.metadata.uid;
    const auto same_uid = [&](const Kept& k) { return k.uid == uid; };
    auto kept = std::find_if(kept_.begin(), kept_.end(), same_uid);
    if (kept != kept_.end() && kept->step != hash) {
      hear(kube::PodRemoved{namespace_name, applied->pod.metadata.name, uid, std::nullopt});
      kept = std::find_if(kept_.begin(), kept_.end(), same_uid);
    }
    if (hash.empty()) return;
    if (kept == kept_.end()) kept = kept_.insert(kept_.end(), Kept{uid, hash, nullptr, {}});
    kept->step = hash;
    kept->as_of = line_made_at_;
    kept->pod = std::make_shared<const kube::Pod>(std::move(applied->pod));
    const auto pod = kept->pod;
    auto* step = step_of(hash);
    if (!step) return;
    if (trace_.wanted()) {
      trace_.say(instance_ + " sees " + pod->metadata.name + " " + std::string(kube::phase_name(pod->phase)) +
                 (pod->metadata.deletion_timestamp ? ", being deleted" : ""));
    }
    note(*step, *pod, line_made_at_);
    perform(*step, step->machine.on_pod(now, read(*step, *pod)));
  } else if (auto* removed = std::get_if<kube::PodRemoved>(&notice)) {
    const auto kept = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.uid == removed->uid; });
    if (kept == kept_.end()) return;
    const auto hash = kept->step;
    kept_.erase(kept);
    auto* step = step_of(hash);
    if (!step) return;
    if (trace_.wanted()) {
      trace_.say(instance_ + " sees " + removed->name + " gone" + (removed->last ? "" : ", not how"));
    }
    std::optional<lifecycle::PodView> last;
    if (removed->last) {
      note(*step, *removed->last, line_made_at_);
      last = read(*step, *removed->last);
    }
    perform(*step, step->machine.on_removed(now, removed->uid, std::move(last)));
  } else if (std::holds_alternative<kube::RelistBegan>(notice)) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (steps_[i]) perform(*steps_[i], steps_[i]->machine.on_gap(now));
    }
  } else if (auto* synced = std::get_if<kube::Synced>(&notice)) {
    on_synced(synced->time);
  } else if (auto* trouble = std::get_if<kube::WatchTrouble>(&notice)) {
    on_trouble(*trouble);
  }
}

void Operator::on_synced(Instant time) {
  take_in();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!steps_[i]) continue;
    if (steps_[i]->shown.refused_view) steps_[i]->shown.refused_since.reset();
    perform(*steps_[i], steps_[i]->machine.on_synced(agenda_.now(), time));
  }
}

void Operator::on_trouble(const kube::WatchTrouble& trouble) {
  using Kind = kube::WatchTrouble::Kind;
  if (trace_.wanted()) trace_.say(instance_ + ": " + trouble.message);
  if (trouble.kind != Kind::Unauthorized && trouble.kind != Kind::Forbidden) return;
  kube::Status status;
  status.code = trouble.status;
  status.message = trouble.message;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (!steps_[i]) continue;
    auto& shown = steps_[i]->shown;
    if (!shown.refused_since) {
      shown.refused_since = agenda_.now();
      shown.ready_since_refused = false;
      shown.refused_view = true;
    }
    perform(*steps_[i], steps_[i]->machine.on_view_refused(agenda_.now(), status));
  }
}

void Operator::take_in() {
  if (!attaching_) return;
  attaching_ = false;
  const auto known = kept_;
  for (const auto& kept : known) {
    const auto number = number_of(std::string_view(kept.step).substr(1));
    if (number >= attach_policies_.size()) continue;
    if (has(number)) {
      if (attach_owns_) perform(*steps_[number], steps_[number]->machine.own(agenda_.now()));
      continue;
    }
    begin(add(number, Origin::attached, attach_owns_, attach_policies_[number]));
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
  if (!is(Mutation::deletion_confirms) || !pod.metadata.deletion_timestamp || pod.node_name.empty()) return;
  pod.phase = kube::PodPhase::Failed;
}

}  // namespace stepop::simulation
