#include "network.hpp"

#include <algorithm>
#include <charconv>

#include "manifest/labels.hpp"
#include "operator.hpp"
#include "pod_json.hpp"

namespace stepop::simulation {

namespace {

// How long a client waits for an answer (plugin/engine/pod_calls.cpp).
constexpr Duration create_patience = seconds(35);
constexpr Duration call_patience = seconds(30);
// A create that the server holds may take effect until its `?timeout=`, and what clocks and buffers add to it.
constexpr Duration latest_create = seconds(38);
// Others: the API server's own limit for a request is a minute.
constexpr Duration latest_effect = seconds(60);
// How long a request outlives its client.
constexpr Duration abandoned_after = milliseconds(500);
constexpr Duration bookmark_interval = seconds(60);
constexpr std::size_t pods_in_a_page = 3;  // few, so that lists have several

constexpr const char* rbac_words = "pods is forbidden: User \"u\" cannot do this in the namespace";

Reply refusal(bool unauthorized) {
  return unauthorized ? Reply::of(401, "Unauthorized", "Unauthorized") : Reply::of(403, "Forbidden", rbac_words);
}

kube::Response response_of(int status) {
  kube::Response response;
  response.status = status;
  if (status == 401) response.body = R"({"kind":"Status","code":401,"message":"Unauthorized"})";
  if (status == 403) {
    response.body = R"({"kind":"Status","code":403,"message":"pods is forbidden: User \"u\" cannot watch resource"})";
  }
  return response;
}

kube::TransportError reset(bool may_have_reached_server) {
  kube::TransportError error;
  error.kind = may_have_reached_server ? kube::TransportError::Kind::Reset : kube::TransportError::Kind::Connect;
  error.may_have_reached_server = may_have_reached_server;
  error.message = "connection lost";
  return error;
}

// The value of a query parameter, as a number; 0 without it.
std::uint64_t number_in(std::string_view target, std::string_view key) {
  for (auto at = target.find(key); at != std::string_view::npos; at = target.find(key, at + 1)) {
    if (at == 0 || (target[at - 1] != '?' && target[at - 1] != '&')) continue;
    std::uint64_t value = 0;
    std::from_chars(target.data() + at + key.size(), target.data() + target.size(), value);
    return value;
  }
  return 0;
}

kube::Resource resource_in(std::string_view target) {
  return target.substr(0, target.find('?')).ends_with("/jobs") ? kube::Resource::Jobs : kube::Resource::Pods;
}

}  // namespace

std::string_view name_of(CallKind kind) {
  constexpr std::array<std::string_view, 12> names{
      "create",           "create the Secret of",   "create the Service of", "adopt the Service of", "get",
      "list the pods of", "mark cancelled",         "mark given up",         "mark replaced",        "take over",
      "delete",           "delete, with its grace,"};
  return names[static_cast<std::size_t>(kind)];
}

Network::Network(Agenda& agenda, ApiServer& api, NetworkObserver& observer, Trace& trace, Random random)
    : agenda_(agenda), api_(api), observer_(observer), trace_(trace), random_(random) {}

Duration Network::latency() {
  return random_.between(Duration(200), random_.chance(5) ? milliseconds(400) : milliseconds(8));
}

// ---- calls

void Network::send(Call call) {
  while (random_of_step_.size() <= call.step) {
    random_of_step_.push_back(random_.fork(1000 + random_of_step_.size()));
  }
  auto& random = random_of_step_[call.step];
  const auto number = static_cast<std::uint32_t>(calls_.size());
  calls_.push_back(std::move(call));
  auto& sent = calls_.back();
  sent.sent_at = agenda_.now();
  const bool create =
      sent.kind == CallKind::create || sent.kind == CallKind::create_secret || sent.kind == CallKind::create_service;
  const auto patience = create ? create_patience : call_patience;

  if (access_ == Access::away) {
    // Nobody is there: a refused connection at once, or one that hangs.
    sent.reply = Reply::nothing(hangs_);
    agenda_.in(hangs_ ? patience : latency(), *this, call_answered, number);
    return;
  }
  const auto fits = [&](const Fault& fault) {
    if (fault.step != sent.step) return false;
    if (fault.kind == FaultKind::quota_exceeded || fault.kind == FaultKind::webhook_unreachable) return create;
    if (fault.kind == FaultKind::contention) return sent.kind != CallKind::get && sent.kind != CallKind::list_pods;
    return true;
  };
  const auto armed = std::find_if(armed_.begin(), armed_.end(), fits);
  if (armed == armed_.end()) {
    const auto there = random.between(Duration(200), random.chance(5) ? milliseconds(400) : milliseconds(8));
    agenda_.in(there, *this, call_arrives, number);
    return;
  }
  const Fault fault = *armed;
  armed_.erase(armed);
  Random dice(fault.dice);
  observer_.on_hit(fault.kind, sent.step);
  if (trace_.wanted()) {
    trace_.say("FAULT " + std::string(name_of(fault.kind)) + " strikes " + std::string(name_of(sent.kind)) + " " +
               sent.name);
  }
  // When a client that gets no answer gives up: the connection breaks soon, or it waits in vain.
  const auto gives_up = dice.chance(70) ? dice.between(milliseconds(1), seconds(2)) : patience;
  const auto refused = [&](Reply reply) {
    sent.reply = std::move(reply);
    sent.served_at = agenda_.now();
    agenda_.in(latency(), *this, call_answered, number);
  };
  switch (fault.kind) {
    case FaultKind::call_unsent:
      sent.reply = Reply::nothing(false);
      agenda_.in(latency(), *this, call_answered, number);
      return;
    case FaultKind::call_lost:
      sent.reply = Reply::nothing(true);
      agenda_.in(gives_up, *this, call_answered, number);
      return;
    case FaultKind::answer_lost:
      sent.lose_answer = true;
      agenda_.in(latency(), *this, call_arrives, number);
      agenda_.in(latency() + gives_up, *this, call_answered, number);
      return;
    case FaultKind::effect_late: {
      sent.lose_answer = true;
      const auto gives_up_early = dice.between(milliseconds(1), seconds(2));
      agenda_.in(gives_up_early, *this, call_answered, number);
      const auto latest = create ? latest_create : latest_effect;
      agenda_.in(dice.between(gives_up_early, dice.chance(50) ? latest : seconds(3)), *this, call_arrives, number);
      return;
    }
    case FaultKind::answer_late:
      agenda_.in(dice.between(milliseconds(500), seconds(12)), *this, call_arrives, number);
      return;
    case FaultKind::throttled:
      return refused(Reply::of(429, "TooManyRequests", "too many requests"));
    case FaultKind::error_without_effect:
      return refused(dice.chance(50) ? Reply::of(500, "InternalError", "etcdserver: leader changed")
                                     : Reply::of(503, "ServiceUnavailable", "apiserver is shutting down"));
    case FaultKind::error_after_effect:
      serve(sent);
      return refused(dice.chance(50) ? Reply::of(504, "Timeout", "request did not complete within the timeout")
                                     : Reply::of(500, "InternalError", "etcdserver: request timed out"));
    case FaultKind::unauthorized:
      return refused(refusal(true));
    case FaultKind::forbidden:
      return refused(refusal(false));
    case FaultKind::contention:
      return refused(Reply::of(409, "Conflict", "Operation cannot be fulfilled: please apply your changes again"));
    case FaultKind::quota_exceeded:
      return refused(Reply::of(403, "Forbidden", "pods is forbidden: exceeded quota: compute, requested: pods=1"));
    case FaultKind::webhook_unreachable:
      return refused(Reply::of(500, "InternalError", "failed calling webhook \"w\": connection refused"));
    default:
      return;
  }
}

bool Network::create_under_way(std::uint32_t step) const {
  return create_under_way_of_another(step, nullptr);
}

bool Network::create_under_way_of_another(std::uint32_t step, const Operator* than) const {
  return std::any_of(calls_.begin(), calls_.end(), [&](const Call& call) {
    if (call.from == than) return false;
    const bool lives = agenda_.now() <= std::min(call.from->died_at() + abandoned_after, call.sent_at + latest_create);
    return call.step == step && call.kind == CallKind::create && !call.served && lives;
  });
}

void Network::serve(Call& call) {
  call.served = true;
  call.served_at = agenda_.now();
  if (access_ == Access::unauthorized || access_ == Access::forbidden) {
    call.reply = refusal(access_ == Access::unauthorized);
    return;
  }
  if (call.kind == CallKind::remove && trace_.wanted()) trace_.say("DELETE " + call.name + " arrives");
  call.reply = act(call);
  call.reply.made_at = agenda_.now();
  observer_.on_served(call);
}

Reply Network::act(Call& call) {
  switch (call.kind) {
    case CallKind::create:
      return call.resource == kube::Resource::Jobs
                 ? api_.create_job(std::move(*call.object), call.step, call.attempt,
                                   random_of_step_[call.step].fork(7777 + call.attempt))
                 : api_.create(std::move(*call.object), call.step, call.attempt,
                               random_of_step_[call.step].fork(7777 + call.attempt));
    case CallKind::create_secret:
      return api_.create_beside(ApiServer::Beside::secret, call.name, call.uid, call.step);
    case CallKind::create_service:
      return api_.create_beside(ApiServer::Beside::service, call.name, call.uid, call.step);
    case CallKind::adopt_service:
      return api_.give_beside(ApiServer::Beside::service, call.name, call.uid);
    case CallKind::get:
      return api_.get(call.resource, call.name);
    case CallKind::list_pods:
      return api_.list_pods_of(call.uid);
    case CallKind::mark_cancelled:
      return api_.patch(call.resource, call.name, call.uid, call.resource_version, ApiServer::Meta::annotation,
                        manifest::annotation::cancelled_at, "1");
    case CallKind::mark_given_up:
      return api_.patch(call.resource, call.name, call.uid, call.resource_version, ApiServer::Meta::annotation,
                        manifest::annotation::given_up, call.text);
    case CallKind::mark_replaced:
      return api_.patch(call.resource, call.name, call.uid, "", ApiServer::Meta::annotation,
                        manifest::annotation::replaced_by, "1");
    case CallKind::take_over:
      return api_.patch(call.resource, call.name, call.uid, call.resource_version, ApiServer::Meta::label,
                        manifest::label::instance, call.from->instance());
    case CallKind::remove:
      if (call.resource == kube::Resource::Jobs) {
        return api_.remove_job(call.name, call.uid, call.resource_version, call.propagation, Asker::stepop);
      }
      [[fallthrough]];
    case CallKind::remove_pod:
      return api_.remove(call.name, call.uid, call.resource_version, call.grace, Asker::stepop);
  }
  return Reply::nothing(true);
}

void Network::answer(Call& call) {
  auto& to = *call.from;
  if (!to.alive()) return;
  to.on_answer(call);
}

void Network::ask_ready(Operator& from) {
  ready_.emplace_back(&from, access_ != Access::away);
  agenda_.in(latency() + latency(), *this, ready_answered, static_cast<std::uint32_t>(ready_.size() - 1));
}

void Network::arm(const Fault& fault) {
  armed_.push_back(fault);
}

// ---- streams

bool Network::usable(const Stream& stream) const {
  return stream.open && stream.from->alive();
}

std::uint32_t Network::open_stream(Operator& from, const std::string& target) {
  const auto number = static_cast<std::uint32_t>(streams_.size());
  auto& stream = streams_.emplace_back();
  stream.from = &from;
  stream.resource = resource_in(target);
  stream.open = true;
  stream.list = target.find("sendInitialEvents=true") != std::string::npos;
  stream.revision = number_in(target, "resourceVersion=");
  stream.lifetime_seconds = static_cast<std::int64_t>(number_in(target, "timeoutSeconds="));
  agenda_.in(latency(), *this, stream_opens, number);
  return number;
}

std::uint32_t Network::get_list(Operator& from, const std::string& target) {
  const auto number = static_cast<std::uint32_t>(streams_.size());
  auto& stream = streams_.emplace_back();
  stream.from = &from;
  stream.resource = resource_in(target);
  stream.open = true;
  stream.list = true;
  // The continue token is `<revision>.<offset>`.
  stream.revision = number_in(target, "continue=");
  if (stream.revision != 0) {
    const auto dot = target.find('.', target.find("continue="));
    std::from_chars(target.data() + dot + 1, target.data() + target.size(), stream.page_offset);
  }
  agenda_.in(latency(), *this, list_arrives, number);
  return number;
}

void Network::close_stream(std::uint32_t stream) {
  streams_[stream].open = streams_[stream].live = false;
}

void Network::push(std::uint32_t number, Item item, Duration delay) {
  auto& stream = streams_[number];
  stream.last = std::max(stream.last, agenda_.now() + delay);
  stream.items.push_back(std::move(item));
  agenda_.at(stream.last, *this, stream_item, number, static_cast<std::uint32_t>(stream.items.size() - 1));
}

void Network::follow(std::uint32_t number, std::size_t from) {
  const auto& history = api_.history(streams_[number].resource);
  for (auto i = from; i < history.size(); ++i) {
    Item item;
    item.kind = Item::Kind::pod;
    item.type = history[i].type;
    item.pod = history[i].state;
    item.made_at = history[i].made_at;
    push(number, std::move(item), latency());
  }
  streams_[number].followed = history.size();
}

void Network::on_change(kube::Resource resource, std::size_t index) {
  for (std::uint32_t i = 0; i < streams_.size(); ++i) {
    auto& stream = streams_[i];
    if (stream.resource != resource || !stream.live || !stream.from->alive() || stream.silent) continue;
    follow(i, std::max(index, stream.followed));
  }
}

// A list is as new as etcd; a stale one is a fault, once.
std::uint64_t Network::listed_revision() {
  stale_lists_ = stale_lists_ || list_lag_ > Duration(0);
  const auto since = agenda_.now() - std::exchange(list_lag_, Duration(0));
  auto revision = api_.revision();
  for (const auto resource : {kube::Resource::Pods, kube::Resource::Jobs}) {
    const auto& history = api_.history(resource);
    const auto after =
        std::find_if(history.begin(), history.end(), [&](const Change& change) { return change.made_at > since; });
    if (after != history.end()) revision = std::min(revision, after->revision - 1);
  }
  return revision;
}

void Network::open(std::uint32_t number) {
  auto& stream = streams_[number];
  const auto head = [&](int status) {
    Item item;
    item.status = status;
    push(number, std::move(item), latency());
  };
  if (access_ == Access::away) {
    Item item;
    item.kind = Item::Kind::broken;
    return push(number, std::move(item), hangs_ ? call_patience : latency());
  }
  if (access_ != Access::open) return head(access_ == Access::unauthorized ? 401 : 403);
  if (refusals_left_ > 0) {
    --refusals_left_;
    return head(next_head_status_);
  }
  if (stream.list && streaming_list_unknown_) return head(400);
  if (!stream.list && api_.compacted(stream.revision)) return head(410);
  head(200);
  if (stream.list) {
    const auto lag = list_lag_;
    const auto revision = listed_revision();
    for (auto& pod : api_.list(stream.resource, revision)) {
      Item item;
      item.kind = Item::Kind::pod;
      item.type = kube::WatchLine::Type::Added;
      item.pod = std::move(pod);
      item.made_at = agenda_.now() - lag;
      push(number, std::move(item), latency());
    }
    if (next_initial_end_missing_) {
      next_initial_end_missing_ = false;
      stream.silent = true;
    } else {
      Item item;
      item.kind = Item::Kind::initial_end;
      item.revision = revision;
      item.made_at = agenda_.now() - lag;
      push(number, std::move(item), latency());
    }
    stream.revision = revision;
  }
  stream.live = true;
  stream.first = stream.followed = api_.after(stream.resource, stream.revision);
  follow(number, stream.followed);
  agenda_.in(bookmark_interval, *this, stream_bookmark, number);
  agenda_.in(std::chrono::seconds(stream.lifetime_seconds), *this, stream_ends, number);
}

void Network::tell(std::uint32_t number, const Item& item) {
  auto& to = *streams_[number].from;
  kube::WatchLine line;
  switch (item.kind) {
    case Item::Kind::head: {
      const auto response = response_of(item.status);
      return to.on_head(number, response);
    }
    case Item::Kind::pod:
      line.type = item.type;
      line.pod = *item.pod;
      break;
    case Item::Kind::bookmark:
    case Item::Kind::initial_end:
      line.type = kube::WatchLine::Type::Bookmark;
      line.pod.metadata.resource_version = std::to_string(item.revision);
      line.initial_events_end = item.kind == Item::Kind::initial_end;
      break;
    case Item::Kind::expired:
      line.type = kube::WatchLine::Type::Error;
      line.status.code = 410;
      line.status.reason = "Expired";
      break;
    case Item::Kind::error:
      line.type = kube::WatchLine::Type::Error;
      line.status.code = 500;
      line.status.message = "an error on the server";
      break;
    case Item::Kind::malformed:
      line.type = kube::WatchLine::Type::Malformed;
      line.problem = "no JSON";
      break;
    case Item::Kind::closed:
      close_stream(number);
      return to.on_end(number, nullptr);
    case Item::Kind::broken: {
      close_stream(number);
      const auto error = reset(true);
      return to.on_end(number, &error);
    }
  }
  to.on_line(number, std::move(line), item.made_at);
}

void Network::answer_list(std::uint32_t number) {
  auto& stream = streams_[number];
  auto& to = *stream.from;
  if (access_ == Access::away) return to.on_list_page(number, kube::Outcome(reset(false)), agenda_.now());
  kube::Response response;
  if (access_ != Access::open) {
    response = response_of(access_ == Access::unauthorized ? 401 : 403);
  } else if (refusals_left_ > 0) {
    --refusals_left_;
    response = response_of(next_head_status_);
  } else if (stream.revision != 0 && api_.compacted(stream.revision)) {
    response = response_of(410);
  } else {
    response.status = 200;
    response.body = std::move(stream.body);
  }
  to.on_list_page(number, kube::Outcome(std::move(response)), stream.made_at);
}

void Network::on_event(const Event& event) {
  if (event.what == back_again) {
    if (event.b != changes_) return;
    if (trace_.wanted()) trace_.say("the API server answers again");
    access_ = access_at_return_;
    changed_at_ = agenda_.now();
    if (access_ != Access::open) {
      access_at_return_ = Access::open;
      ++changes_;
      agenda_.in(milliseconds(120), *this, back_again, 0, changes_);
    }
    return;
  }
  if (event.what <= ready_answered) {
    if (event.what == call_arrives) {
      auto& call = calls_[event.a];
      // The kernel of a client that died closes its connections, and the API server gives up what it has not begun.
      if (agenda_.now() > call.from->died_at() + abandoned_after) return;
      if (access_ == Access::away) {
        if (call.lose_answer) return;
        call.reply = Reply::nothing(true);
        agenda_.in(latency(), *this, call_answered, event.a);
        return;
      }
      serve(call);
      if (!call.lose_answer) agenda_.in(latency(), *this, call_answered, event.a);
      return;
    }
    auto& from = event.what == ready_answered ? *ready_[event.a].first : *calls_[event.a].from;
    if (!from.alive()) return;
    if (from.paused_until() > agenda_.now()) {
      agenda_.at(from.paused_until(), *this, event.what, event.a, event.b);
      return;
    }
    if (event.what == ready_answered) return from.on_ready(ready_[event.a].second);
    auto& call = calls_[event.a];
    // An API server that went away meanwhile took the answer with it.
    const bool cut_off = access_ == Access::away && call.served_at < changed_at_ && call.served_at != Instant{};
    if (call.lose_answer || cut_off) call.reply = Reply::nothing(true);
    return answer(call);
  }
  auto& stream = streams_[event.a];
  if (!usable(stream)) return;
  switch (static_cast<What>(event.what)) {
    case stream_opens:
      return open(event.a);
    case stream_item: {
      if (event.b < stream.next) return;  // told, or lost
      const auto wait_until = std::max(stream.stalled_until, stream.from->paused_until());
      if (wait_until > agenda_.now()) {
        agenda_.at(wait_until, *this, event.what, event.a, event.b);
        return;
      }
      // In their order, whatever held up some of them.
      while (stream.next <= event.b && usable(stream)) {
        const Item item = std::move(stream.items[stream.next++]);
        tell(event.a, item);
      }
      return;
    }
    case stream_bookmark: {
      if (!stream.live) return;
      if (!stream.silent) {
        Item item;
        item.kind = Item::Kind::bookmark;
        item.revision = api_.revision();
        item.made_at = agenda_.now();
        push(event.a, std::move(item), latency());
      }
      agenda_.in(bookmark_interval, *this, stream_bookmark, event.a);
      return;
    }
    case stream_ends: {
      if (!stream.live) return;
      Item item;
      item.kind = Item::Kind::closed;
      stream.live = false;
      return push(event.a, std::move(item), latency());
    }
    case list_arrives: {
      if (access_ == Access::open) {
        if (stream.revision == 0) stream.revision = listed_revision();
        const auto pods = api_.list(stream.resource, stream.revision);
        const auto first = std::min(stream.page_offset, pods.size());
        const auto last = std::min(first + pods_in_a_page, pods.size());
        const std::string token =
            last < pods.size() ? std::to_string(stream.revision) + "." + std::to_string(last) : std::string();
        stream.body = list_json(
            stream.resource,
            {pods.begin() + static_cast<std::ptrdiff_t>(first), pods.begin() + static_cast<std::ptrdiff_t>(last)},
            stream.revision, token);
      }
      stream.made_at = agenda_.now();
      agenda_.in(latency(), *this, list_answered, event.a);
      return;
    }
    case list_answered:
      if (stream.from->paused_until() > agenda_.now()) {
        agenda_.at(stream.from->paused_until(), *this, event.what, event.a, event.b);
        return;
      }
      stream.open = false;
      return answer_list(event.a);
    default:
      return;
  }
}

// ---- faults

template <class Act>
void Network::each_live_stream(Act&& act) {
  for (std::uint32_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i].live && usable(streams_[i])) act(i);
  }
}

void Network::go_away(Duration how_long, bool refuses_at_return) {
  if (trace_.wanted()) trace_.say("FAULT the API server goes away");
  access_ = Access::away;
  changed_at_ = agenda_.now();
  Random dice(static_cast<std::uint64_t>(how_long.count()));
  hangs_ = dice.chance(30);
  access_at_return_ = !refuses_at_return ? Access::open : dice.chance(50) ? Access::forbidden : Access::unauthorized;
  ++changes_;
  agenda_.in(how_long, *this, back_again, 0, changes_);
  break_streams();
}

void Network::revoke_access(Duration how_long, bool unauthorized) {
  if (access_ != Access::open) return;
  if (trace_.wanted()) trace_.say("FAULT access is revoked");
  access_ = unauthorized ? Access::unauthorized : Access::forbidden;
  changed_at_ = agenda_.now();
  access_at_return_ = Access::open;
  ++changes_;
  agenda_.in(how_long, *this, back_again, 0, changes_);
}

// What the server had already sent is lost with the connection.
void Network::cut(std::uint32_t number, Item::Kind how) {
  auto& stream = streams_[number];
  stream.live = false;
  stream.next = stream.items.size();
  stream.last = agenda_.now();
  Item item;
  item.kind = how;
  push(number, std::move(item), latency());
}

void Network::break_streams() {
  each_live_stream([&](std::uint32_t number) { cut(number, Item::Kind::broken); });
}

void Network::end_streams() {
  each_live_stream([&](std::uint32_t number) {
    streams_[number].live = false;
    Item item;
    item.kind = Item::Kind::closed;
    push(number, std::move(item), latency());
  });
}

void Network::send_to_streams(Item::Kind kind) {
  each_live_stream([&](std::uint32_t number) {
    Item item;
    item.kind = kind;
    push(number, std::move(item), latency());
  });
}

void Network::expire_streams() {
  send_to_streams(Item::Kind::expired);
}

void Network::fail_streams() {
  send_to_streams(Item::Kind::error);
}

void Network::garble_streams() {
  send_to_streams(Item::Kind::malformed);
}

void Network::silence_streams() {
  each_live_stream([&](std::uint32_t number) {
    streams_[number].silent = true;
    streams_[number].next = streams_[number].items.size();
  });
}

void Network::refuse_streams(std::uint64_t dice) {
  constexpr std::array statuses{429, 500, 503, 504};
  next_head_status_ = statuses[dice % statuses.size()];
  refusals_left_ = 1 + static_cast<std::uint32_t>(dice >> 32) % 4;
  break_streams();
}

void Network::repeat_events(std::uint32_t how_many) {
  each_live_stream([&](std::uint32_t number) {
    const auto& stream = streams_[number];
    if (stream.silent) return;
    follow(number, stream.followed - std::min<std::size_t>(stream.followed - stream.first, how_many));
  });
}

void Network::stall_streams(Duration how_long) {
  each_live_stream([&](std::uint32_t number) {
    auto& until = streams_[number].stalled_until;
    until = std::max(until, agenda_.now() + how_long);  // what is late stays behind what is later
  });
}

void Network::relist(FaultKind how, std::uint64_t dice) {
  if (how == FaultKind::streaming_list_refused) streaming_list_unknown_ = true;
  if (how == FaultKind::initial_end_missing) next_initial_end_missing_ = true;
  if (how == FaultKind::list_stale) list_lag_ = milliseconds(50 + static_cast<std::int64_t>(dice % 3000));
  api_.compact();
  break_streams();
}

void Network::recover() {
  if (access_ != Access::open) {
    ++changes_;
    access_at_return_ = Access::open;
    agenda_.in(Duration(0), *this, back_again, 0, changes_);
  }
  armed_.clear();
  refusals_left_ = 0;
  next_initial_end_missing_ = false;
  list_lag_ = Duration(0);
}

}  // namespace stepop::simulation
