#include "kube/watch_machine.hpp"

#include <algorithm>
#include <cassert>

#include "kube/status.hpp"
#include "kube/targets.hpp"

namespace stepop::kube {

namespace {

using namespace std::chrono_literals;

// A streaming list may be long, but not endless: a server that ignores sendInitialEvents could
// keep one going with new pods alone.
constexpr auto longest_streaming_list = 10min;
// A stream that the server ends sooner was no watch: reopening it at once could be a tight loop.
constexpr auto shortest_planned_life = 1s;
// A stream that lived so long has shown that the server works: the next failure is a first one.
constexpr auto settled_after = 5s;

/// A server without streaming lists finds the parameters invalid (400, 422); one that has them, but
/// an etcd too old for them, says 500 ("the required storage feature RequestWatchProgress is
/// disabled"). Listing in pages works on each of them, so even a chance 500 costs little.
bool means_no_streaming_lists(int code) {
  return code == 400 || code == 422 || code == 500;
}

WatchTrouble::Kind kind_of(int code) {
  if (code == 401) return WatchTrouble::Kind::Unauthorized;
  if (code == 403) return WatchTrouble::Kind::Forbidden;
  if (code == 429) return WatchTrouble::Kind::Throttled;
  return code >= 400 && code < 500 ? WatchTrouble::Kind::Refused : WatchTrouble::Kind::Server;
}

}  // namespace

struct WatchMachine::Failure {
  WatchTrouble::Kind kind = WatchTrouble::Kind::Transport;
  int status = 0;
  std::string message{};
  std::optional<std::chrono::seconds> retry_after{};
};

std::string_view state_name(WatchState state) noexcept {
  switch (state) {
    case WatchState::Idle:
      return "Idle";
    case WatchState::OpeningStreamingList:
      return "OpeningStreamingList";
    case WatchState::ReceivingInitialEvents:
      return "ReceivingInitialEvents";
    case WatchState::ListingPages:
      return "ListingPages";
    case WatchState::OpeningWatch:
      return "OpeningWatch";
    case WatchState::Watching:
      return "Watching";
    case WatchState::WaitingToRelist:
      return "WaitingToRelist";
    case WatchState::WaitingToResume:
      return "WaitingToResume";
  }
  return "";
}

WatchMachine::WatchMachine(WatchOptions options)
    : options_(std::move(options)),
      streaming_list_works_(options_.streaming_list),
      random_state_(options_.random_seed) {}

// ---- observations

WatchActions WatchMachine::start(Instant now) {
  assert(state_ == WatchState::Idle);
  WatchActions out;
  begin_listing(now, out);
  return out;
}

WatchActions WatchMachine::on_head(Instant now, const Response& response) {
  WatchActions out;
  const bool streaming_list = state_ == WatchState::OpeningStreamingList;
  if (!streaming_list && state_ != WatchState::OpeningWatch) return out;

  if (response.status == 200) {
    stream_opened_at_ = now;
    stream_brought_lines_ = false;
    idle_since_ = now;
    if (streaming_list) {
      state_ = WatchState::ReceivingInitialEvents;
      listing_deadline_ = now + options_.initial_events_deadline;
      listing_limit_ = now + longest_streaming_list;
      wait_until(listing_deadline_, out);
    } else {
      state_ = WatchState::Watching;
      wait_until(now + options_.idle_deadline, out);
    }
  } else if (streaming_list && means_no_streaming_lists(response.status)) {
    give_up_streaming_list(now, out);
  } else if (response.status == 410) {
    expired(now, out);
  } else {
    refused(now, response, out);
  }
  return out;
}

WatchActions WatchMachine::on_line(Instant now, WatchLine line) {
  WatchActions out;
  if (state_ != WatchState::ReceivingInitialEvents && state_ != WatchState::Watching) return out;
  idle_since_ = now;
  stream_brought_lines_ = true;
  if (state_ == WatchState::Watching && now - stream_opened_at_ >= settled_after) {
    failures_ = 0;
    expiries_ = 0;
  }
  switch (line.type) {
    case WatchLine::Type::Added:
    case WatchLine::Type::Modified:
    case WatchLine::Type::Deleted:
      on_pod_event(now, std::move(line), out);
      break;
    case WatchLine::Type::Bookmark:
      on_bookmark(now, line, out);
      break;
    case WatchLine::Type::Error:
      on_error_event(now, line.status, out);
      break;
    case WatchLine::Type::Malformed:
      out.push_back(CloseStream{});
      unreadable(now, line.problem, out);
      break;
  }
  return out;
}

WatchActions WatchMachine::on_end(Instant now, const TransportError* error) {
  WatchActions out;
  switch (state_) {
    case WatchState::OpeningStreamingList:
    case WatchState::ReceivingInitialEvents:
    case WatchState::OpeningWatch:
    case WatchState::Watching:
      break;
    default:
      return out;
  }
  if (error != nullptr) {
    back_off(now, next_after_failure(), {WatchTrouble::Kind::Transport, 0, error->message, {}}, out);
  } else if (state_ == WatchState::Watching && now - stream_opened_at_ >= shortest_planned_life) {
    open_watch(now, out);
  } else {
    back_off(now, next_after_failure(), {WatchTrouble::Kind::Server, 200, "the server ended the watch at once", {}},
             out);
  }
  return out;
}

WatchActions WatchMachine::on_list_page(Instant now, const Outcome& outcome) {
  WatchActions out;
  if (state_ != WatchState::ListingPages) return out;
  if (const auto* error = std::get_if<TransportError>(&outcome)) {
    back_off(now, Next::Relist, {WatchTrouble::Kind::Transport, 0, error->message, {}}, out);
    return out;
  }
  const Response& response = std::get<Response>(outcome);
  if (response.status == 410) {
    expired(now, out);
    return out;
  }
  if (response.status != 200) {
    refused(now, response, out);
    return out;
  }
  std::string problem;
  auto page = parse_pod_list(response.body, &problem, options_.resource);
  if (!page) {
    unreadable(now, problem, out);
    return out;
  }
  for (Pod& pod : page->items) {
    if (pod.metadata.uid.empty()) {
      unreadable(now, "a pod without a uid in a list", out);
      return out;
    }
    apply(std::move(pod), out);
  }
  if (!page->continue_token.empty()) {
    continue_token_ = std::move(page->continue_token);
    ask_page(out);
    return out;
  }
  resource_version_ = std::move(page->resource_version);
  finish_listing(out);
  open_watch(now, out);
  return out;
}

WatchActions WatchMachine::on_timer(Instant now) {
  WatchActions out;
  if (armed_ && now >= *armed_) armed_.reset();
  switch (state_) {
    case WatchState::ReceivingInitialEvents:
      if (now >= std::min(listing_deadline_, listing_limit_)) {
        out.push_back(CloseStream{});
        give_up_streaming_list(now, out);
      } else {
        wait_until(std::min(listing_deadline_, listing_limit_), out);
      }
      break;
    case WatchState::Watching:
      if (now - idle_since_ < options_.idle_deadline) {
        wait_until(idle_since_ + options_.idle_deadline, out);
        break;
      }
      out.push_back(CloseStream{});
      // A resumed stream without one line, not even a bookmark, may wait for a
      // resourceVersion of the future: etcd was restored, and the API server drops all that is
      // older. Only a list finds out.
      back_off(now, stream_brought_lines_ ? Next::Resume : Next::Relist,
               {WatchTrouble::Kind::Silent, 0, "the watch brought nothing, not even a bookmark", {}}, out);
      break;
    case WatchState::WaitingToRelist:
    case WatchState::WaitingToResume:
      if (now < retry_at_) {
        wait_until(retry_at_, out);
      } else if (state_ == WatchState::WaitingToRelist) {
        begin_listing(now, out);
      } else {
        open_watch(now, out);
      }
      break;
    default:
      break;
  }
  return out;
}

// ---- listing

void WatchMachine::begin_listing(Instant now, WatchActions& out) {
  ++listing_;
  listing_asked_at_ = now;
  continue_token_.clear();
  unsynced(out);
  if (!told_relist_) {
    told_relist_ = true;
    out.push_back(Deliver{RelistBegan{}});
  }
  if (!streaming_list_works_) {
    state_ = WatchState::ListingPages;
    ask_page(out);
    return;
  }
  state_ = WatchState::OpeningStreamingList;
  // Without a resourceVersion the list is as new as etcd ("Streaming lists").
  Query query{{"watch", "true"},
              {"sendInitialEvents", "true"},
              {"resourceVersionMatch", "NotOlderThan"},
              {"allowWatchBookmarks", "true"}};
  const auto lifetime =
      static_cast<long>(static_cast<double>(options_.stream_lifetime.count()) * (1.0 + random_unit()));
  query.emplace_back("timeoutSeconds", std::to_string(lifetime));
  if (!options_.label_selector.empty()) query.emplace_back("labelSelector", options_.label_selector);
  out.push_back(OpenStream{with_query(collection_target(options_.resource, options_.namespace_), query)});
}

void WatchMachine::ask_page(WatchActions& out) {
  Query query{{"limit", std::to_string(options_.page_size)}};
  if (!continue_token_.empty()) query.emplace_back("continue", continue_token_);
  if (!options_.label_selector.empty()) query.emplace_back("labelSelector", options_.label_selector);
  out.push_back(GetList{with_query(collection_target(options_.resource, options_.namespace_), query)});
}

void WatchMachine::finish_listing(WatchActions& out) {
  for (auto it = known_.begin(); it != known_.end();) {
    if (it->second.listing == listing_) {
      ++it;
      continue;
    }
    out.push_back(
        Deliver{PodRemoved{std::move(it->second.namespace_), std::move(it->second.name), it->first, std::nullopt}});
    it = known_.erase(it);
  }
  failures_ = 0;
  told_relist_ = false;
  synced(listing_asked_at_, true, out);
}

void WatchMachine::give_up_streaming_list(Instant now, WatchActions& out) {
  streaming_list_works_ = false;
  begin_listing(now, out);
}

// ---- watching

void WatchMachine::open_watch(Instant now, WatchActions& out) {
  if (resource_version_.empty()) {
    begin_listing(now, out);
    return;
  }
  state_ = WatchState::OpeningWatch;
  const auto lifetime =
      static_cast<long>(static_cast<double>(options_.stream_lifetime.count()) * (1.0 + random_unit()));
  Query query{{"watch", "true"},
              {"resourceVersion", resource_version_},
              {"allowWatchBookmarks", "true"},
              {"timeoutSeconds", std::to_string(lifetime)}};
  if (!options_.label_selector.empty()) query.emplace_back("labelSelector", options_.label_selector);
  out.push_back(OpenStream{with_query(collection_target(options_.resource, options_.namespace_), query)});
}

void WatchMachine::on_pod_event(Instant now, WatchLine line, WatchActions& out) {
  const ObjectMeta& meta = line.pod.metadata;
  if (meta.uid.empty() || meta.resource_version.empty()) {
    out.push_back(CloseStream{});
    unreadable(now, "an event of a pod without uid or resourceVersion", out);
    return;
  }
  const bool live = state_ == WatchState::Watching;
  if (live) resource_version_ = meta.resource_version;
  if (line.type == WatchLine::Type::Deleted) {
    remove(std::move(line.pod), out);
  } else if (apply(std::move(line.pod), out) && !live) {
    listing_deadline_ = now + options_.initial_events_deadline;
  }
  if (live) synced(now, false, out);
}

void WatchMachine::on_bookmark(Instant now, const WatchLine& line, WatchActions& out) {
  if (state_ == WatchState::Watching) {
    if (!line.pod.metadata.resource_version.empty()) {
      resource_version_ = line.pod.metadata.resource_version;
    }
    synced(now, true, out);
    return;
  }
  if (!line.initial_events_end) return;
  resource_version_ = line.pod.metadata.resource_version;
  state_ = WatchState::Watching;
  wait_until(now + options_.idle_deadline, out);
  finish_listing(out);
}

void WatchMachine::on_error_event(Instant now, const Status& status, WatchActions& out) {
  out.push_back(CloseStream{});
  if (is_expired(status)) {
    expired(now, out);
    return;
  }
  if (state_ == WatchState::ReceivingInitialEvents && means_no_streaming_lists(status.code)) {
    give_up_streaming_list(now, out);
    return;
  }
  back_off(now, next_after_failure(), {kind_of(status.code), status.code, status.message, status.details.retry_after},
           out);
}

/// Says whether this listing (or the watch) had not told of the pod yet.
bool WatchMachine::apply(Pod pod, WatchActions& out) {
  const ObjectMeta& meta = pod.metadata;
  const auto [it, is_new] = known_.try_emplace(meta.uid);
  Known& known = it->second;
  const bool first_in_listing = known.listing != listing_;
  known.listing = listing_;
  if (!is_new && known.resource_version == meta.resource_version) return first_in_listing;
  if (is_new) {
    known.namespace_ = meta.namespace_;
    known.name = meta.name;
  }
  known.resource_version = meta.resource_version;
  out.push_back(Deliver{PodApplied{std::move(pod)}});
  return first_in_listing;
}

void WatchMachine::remove(Pod pod, WatchActions& out) {
  const ObjectMeta& meta = pod.metadata;
  known_.erase(meta.uid);
  PodRemoved removed{meta.namespace_, meta.name, meta.uid, std::nullopt};
  removed.last = std::move(pod);
  out.push_back(Deliver{std::move(removed)});
}

// ---- failures

WatchMachine::Next WatchMachine::next_after_failure() const noexcept {
  return unbroken() ? Next::Resume : Next::Relist;
}

void WatchMachine::refused(Instant now, const Response& response, WatchActions& out) {
  Status status = status_of(response.status, response.body);
  auto retry_after = response.retry_after;
  if (!retry_after) retry_after = status.details.retry_after;
  back_off(now, next_after_failure(),
           {kind_of(response.status), response.status, std::move(status.message), retry_after}, out);
}

/// 410 Gone, as a status or in the stream: only a new list helps. The first time at once.
void WatchMachine::expired(Instant now, WatchActions& out) {
  if (++expiries_ == 1) {
    begin_listing(now, out);
    return;
  }
  back_off(now, Next::Relist, {WatchTrouble::Kind::Refused, 410, "the resourceVersion expires again and again", {}},
           out);
}

/// What cannot be read may be a pod that the view now lacks: only a new list makes it whole.
void WatchMachine::unreadable(Instant now, const std::string& problem, WatchActions& out) {
  back_off(now, Next::Relist, {WatchTrouble::Kind::Malformed, 200, problem, {}}, out);
}

void WatchMachine::back_off(Instant now, Next next, Failure failure, WatchActions& out) {
  ++failures_;
  std::chrono::milliseconds delay = options_.first_backoff;
  for (int i = 1; i < failures_ && delay < options_.max_backoff; ++i) delay *= 2;
  delay = std::min(delay, options_.max_backoff);
  delay = std::chrono::duration_cast<std::chrono::milliseconds>(delay * (0.5 + 0.5 * random_unit()));
  if (failure.retry_after) {
    delay = std::max<std::chrono::milliseconds>(delay, std::min(*failure.retry_after, options_.longest_retry_after));
  }
  retry_at_ = now + delay;
  state_ = next == Next::Relist ? WatchState::WaitingToRelist : WatchState::WaitingToResume;
  unsynced(out);
  WatchTrouble trouble;
  trouble.kind = failure.kind;
  trouble.status = failure.status;
  trouble.message = std::string("watch of ") + (options_.resource == Resource::Jobs ? "jobs" : "pods") +
                    " in namespace " + options_.namespace_ + ": " + failure.message;
  trouble.next_try = retry_at_;
  trouble.failures = failures_;
  out.push_back(Deliver{std::move(trouble)});
  wait_until(retry_at_, out);
}

// ---- small things

void WatchMachine::synced(Instant time, bool tell, WatchActions& out) {
  synced_since_ = synced_since_ ? std::max(*synced_since_, time) : time;
  if (!tell && told_synced_) return;
  told_synced_ = true;
  out.push_back(Deliver{Synced{*synced_since_}});
}

void WatchMachine::unsynced(WatchActions& out) {
  if (!told_synced_) return;
  told_synced_ = false;
  out.push_back(Deliver{Unsynced{}});
}

/// A later time than the one armed is asked for when that one has come: lines need not move timers.
void WatchMachine::wait_until(Instant time, WatchActions& out) {
  if (armed_ && *armed_ <= time) return;
  armed_ = time;
  out.push_back(WaitUntil{time});
}

/// In [0, 1), by splitmix64.
double WatchMachine::random_unit() noexcept {
  std::uint64_t z = (random_state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

}  // namespace stepop::kube
