#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "kube/http.hpp"
#include "kube/pod.hpp"
#include "kube/pod_parser.hpp"

namespace stepop::kube {

/// The machine's time: monotonic, of this process.
using Instant = std::chrono::steady_clock::time_point;

/// One watch: the pods, or the Jobs, of one namespace that match a label selector.
struct WatchOptions {
  Resource resource = Resource::Pods;
  std::string namespace_{};
  /// As in `kubectl get -l`; empty for every pod.
  std::string label_selector{};

  /// Ask for a streaming list (Kubernetes 1.32 and later have it on). False: list in pages.
  bool streaming_list = true;
  /// Objects in one page of a list; client-go's size.
  int page_size = 500;
  /// The initial-events-end bookmark must come within this time after the last new object of a
  /// streaming list; else the server does not know streaming lists.
  std::chrono::milliseconds initial_events_deadline{20'000};
  /// A stream that brought nothing for so long is dead. The API server sends a bookmark every
  /// 60 to 75 s.
  std::chrono::milliseconds idle_deadline{90'000};
  /// The server is asked to end the stream after a random time between this and twice this, so
  /// that clients spread over the API servers again (client-go's habit).
  std::chrono::seconds stream_lifetime{300};
  /// A Retry-After is honoured up to this long.
  std::chrono::seconds longest_retry_after{300};
  /// Delay after the first failure, doubled with each further one, each with jitter of a half.
  std::chrono::milliseconds first_backoff{200};
  std::chrono::milliseconds max_backoff{30'000};
  /// Seed of the jitter.
  std::uint64_t random_seed = 1;
};

// What the machine wants done. Carry them out in order.

/// Open a watch stream (GET). There is never more than one at a time.
struct OpenStream {
  std::string target{};
};
/// Get one page of a list (GET), and answer with on_list_page.
struct GetList {
  std::string target{};
};
/// Close the stream, or forget the GetList that is under way. Nothing of it may be fed any more.
struct CloseStream {};
/// Call on_timer at this time, not before. It replaces an earlier WaitUntil.
struct WaitUntil {
  Instant time;
};

// What the consumer hears.

/// The pod exists and looks like this. During a relist only pods that changed are told.
struct PodApplied {
  Pod pod{};
};
/// The pod left the view. It MAY be gone: a changed label looks the same. Only a GET that answers
/// 404, or another uid, confirms it.
struct PodRemoved {
  std::string namespace_{};
  std::string name{};
  std::string uid{};
  /// Its state at the moment it left (a DELETED event); nothing when a relist did not have it.
  std::optional<Pod> last{};
};
/// The view is being listed anew, for the first time or again. Changes between the last event and
/// the next Synced are not seen one by one: whoever needs an unbroken history has a gap here. Told
/// once before each Synced that a list leads to.
struct RelistBegan {};
/// The view is complete as of `time`, and followed. Comes when a list is complete, and again with
/// each bookmark and after each interruption that was resumed without a gap.
struct Synced {
  Instant time;
};
/// The view is not followed any more; a Synced will come. Told once for each interruption.
struct Unsynced {};
/// Something to tell people. The machine goes on by itself whatever it is, for as long as it takes.
struct WatchTrouble {
  enum class Kind {
    Unauthorized,  ///< 401
    Forbidden,     ///< 403
    Throttled,     ///< 429
    Refused,       ///< any other 4xx
    Server,        ///< 5xx, or an ERROR event
    Transport,     ///< no answer, or the stream broke
    Silent,        ///< nothing came for idle_deadline
    Malformed,     ///< what came cannot be read
  };
  Kind kind = Kind::Transport;
  /// HTTP status; 0 when there was no answer.
  int status = 0;
  std::string message{};
  /// When it will be tried again.
  Instant next_try;
  /// Failures in a row, this one included.
  int failures = 0;
};

using WatchNotice = std::variant<PodApplied, PodRemoved, RelistBegan, Synced, Unsynced, WatchTrouble>;

struct Deliver {
  WatchNotice notice;
};

using WatchAction = std::variant<OpenStream, GetList, CloseStream, WaitUntil, Deliver>;
using WatchActions = std::vector<WatchAction>;

/// Where a watch is.
enum class WatchState {
  /// Not started. start() leads to OpeningStreamingList or ListingPages.
  Idle,
  /// A watch with sendInitialEvents was asked for. Its head leads to ReceivingInitialEvents; 400,
  /// 422 and 500 lead to ListingPages, now and ever after; any other failure to WaitingToRelist.
  OpeningStreamingList,
  /// Existing pods come as ADDED. The initial-events-end bookmark leads to Watching; if it does
  /// not come in time, to ListingPages, now and ever after; any other end to WaitingToRelist.
  ReceivingInitialEvents,
  /// One page of a list was asked for. The last page leads to OpeningWatch; an expired continue
  /// token to the first page again; any failure to WaitingToRelist.
  ListingPages,
  /// A watch from the last resourceVersion was asked for. Its head leads to Watching; 410 to a
  /// relist; any failure to WaitingToResume.
  OpeningWatch,
  /// The view follows the cluster. The end of the stream leads to OpeningWatch when it was
  /// planned, to WaitingToResume when it was not; 410 to a relist.
  Watching,
  /// Backing off; then the list begins anew, in OpeningStreamingList or ListingPages.
  WaitingToRelist,
  /// Backing off; then OpeningWatch.
  WaitingToResume,
};

std::string_view state_name(WatchState state) noexcept;

/// Follows the pods of one namespace: list, watch, bookmark, resume, relist.
///
/// PURE: no socket, timer or thread. Observations go in with the time they were made, actions come
/// out as values. After each observation carry out the actions in order, before the next one.
///
/// It keeps only identity and resourceVersion of the pods it knows (about 200 bytes each).
/// It never compares resourceVersions but for equality within one uid: after an etcd restore they
/// may go back.
///
/// Rules it follows: "Kubernetes API Concepts" (Efficient detection of changes, Streaming lists,
/// Watch bookmarks, 410 Gone responses).
class WatchMachine {
 public:
  explicit WatchMachine(WatchOptions options);

  /// REQUIRES: Idle.
  WatchActions start(Instant now);

  /// The stream asked for by OpenStream was answered. For a status other than 200 `response`
  /// holds the whole body, the stream is over, and on_end must not follow.
  WatchActions on_head(Instant now, const Response& response);

  /// One line of the stream.
  WatchActions on_line(Instant now, WatchLine line);

  /// The stream ended, or could not be opened. `error` is null for a clean end.
  WatchActions on_end(Instant now, const TransportError* error);

  /// The answer to GetList.
  WatchActions on_list_page(Instant now, const Outcome& outcome);

  /// The time of the last WaitUntil has come. Calling it early, or more often, does no harm.
  WatchActions on_timer(Instant now);

  WatchState state() const noexcept { return state_; }

  /// The last moment as of which the view is known to be complete; nothing before the first
  /// list. A list is complete as of when it was asked for; a live stream as of its last line.
  /// What the API server itself lags behind (its watch cache, milliseconds as a rule) is not
  /// known here: before an irreversible step, confirm with a GET.
  std::optional<Instant> synced_since() const noexcept { return synced_since_; }

  /// Whether each change since the last complete list was told one by one, or will be: a stream follows it, or one is
  /// to be opened from where the last ended. When that cannot be had, RelistBegan says so.
  bool unbroken() const noexcept {
    return state_ == WatchState::OpeningWatch || state_ == WatchState::Watching ||
           state_ == WatchState::WaitingToResume;
  }

  std::size_t known_pods() const noexcept { return known_.size(); }

 private:
  struct Known {
    std::string namespace_{};
    std::string name{};
    std::string resource_version{};
    std::uint64_t listing = 0;  // the listing that saw it last
  };
  struct Failure;
  enum class Next { Relist, Resume };

  void begin_listing(Instant now, WatchActions& out);
  void ask_page(WatchActions& out);
  void finish_listing(WatchActions& out);
  void give_up_streaming_list(Instant now, WatchActions& out);
  void open_watch(Instant now, WatchActions& out);
  void on_pod_event(Instant now, WatchLine line, WatchActions& out);
  void on_bookmark(Instant now, const WatchLine& line, WatchActions& out);
  void on_error_event(Instant now, const Status& status, WatchActions& out);
  bool apply(Pod pod, WatchActions& out);
  void remove(Pod pod, WatchActions& out);
  void refused(Instant now, const Response& response, WatchActions& out);
  void expired(Instant now, WatchActions& out);
  void unreadable(Instant now, const std::string& problem, WatchActions& out);
  void back_off(Instant now, Next next, Failure failure, WatchActions& out);
  void synced(Instant time, bool tell, WatchActions& out);
  void unsynced(WatchActions& out);
  void wait_until(Instant time, WatchActions& out);
  Next next_after_failure() const noexcept;
  double random_unit() noexcept;

  WatchOptions options_;
  WatchState state_ = WatchState::Idle;
  bool streaming_list_works_ = true;
  std::unordered_map<std::string, Known> known_;  // by uid
  std::uint64_t listing_ = 0;                     // counts listings; marks what one has seen
  Instant listing_asked_at_{};
  std::string continue_token_{};
  std::string resource_version_{};
  std::optional<Instant> synced_since_{};
  bool told_synced_ = false;
  bool told_relist_ = false;
  int failures_ = 0;
  int expiries_ = 0;
  Instant stream_opened_at_{};
  bool stream_brought_lines_ = false;
  Instant listing_deadline_{};
  Instant listing_limit_{};
  Instant idle_since_{};
  Instant retry_at_{};
  std::optional<Instant> armed_{};
  std::uint64_t random_state_;
};

}  // namespace stepop::kube
