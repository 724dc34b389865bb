// For people who write a host in C++: loads step-operator plugins from directories and gives RAII
// objects, typed events and typed errors over the C ABI of stepop.h. Link `stepop::host_sdk`.
//
//     auto found = stepop::host::PluginDirectory::load({"/usr/lib/stepop/plugins"});
//     for (const auto& p : found.problems()) std::cerr << p.text() << "\n";
//     auto op = found.find("kubernetes").open("kubernetes", config);
//     op.submit(request);
//     while (...) { poll(op.event_fd()); while (auto batch = op.next_events()) for (auto event :
//     *batch) ...; } op.forget(id);                                       // once the terminal
//     event is stored
//
// Threads: as stepop.h says of the function below each method: everything is thread-safe but moving
// from, assigning to and destroying an object while another thread uses it. The library itself has
// no thread, no global state and no signal handler. Lifetimes: whatever a plugin has handed out
// (Operator, EventBatch, LogStream, LogBatch, Text) keeps its library loaded; it is unmapped when
// the last of them and the last `Plugin` is gone. Errors: `Error` is thrown for every code but
// STEPOP_OK, with two exceptions that are values: nothing came in time (TIMEOUT, WOULD_BLOCK: an
// empty optional or `LogRead::Status`), and NOT_FOUND of `status`. A function that the plugin does
// not have (a NULL slot, or one beyond its struct_size) is an Error with STEPOP_E_UNSUPPORTED.
#pragma once

#include <stepop/stepop.h>

#include <boost/json.hpp>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::host {

namespace json = boost::json;

// Microseconds since 1970-01-01 UTC, as all times of the ABI.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// A timeout without end.
inline constexpr std::chrono::milliseconds forever{-1};

// ---- Errors -------------------------------------------------------------------------------------

// One thing that a plugin found wrong, or says about its surroundings.
struct Finding {
  enum class Level { ok, warning, error };
  Level level = Level::error;
  std::string code;     // a word for programs, e.g. "UnknownKey"
  std::string path;     // where in the text that was handed over; may be empty
  std::string message;  // for a person
  std::string hint;     // what to do; may be empty
  bool retryable = false;
  // "path: message (hint)", without the parts that are empty.
  std::string text() const;
};
std::string_view name(Finding::Level) noexcept;  // "ok", "warning", "error"

// "INVALID", "NOT_FOUND", ...; "UNKNOWN" for a code that this SDK does not know.
std::string_view code_name(stepop_code) noexcept;

// A call failed. what() is the plugin's one-line message.
class Error : public std::runtime_error {
 public:
  Error(stepop_code code, std::string message, std::vector<Finding> findings = {});
  stepop_code code() const noexcept { return code_; }
  std::string_view code_name() const noexcept { return host::code_name(code_); }
  const std::vector<Finding>& findings() const noexcept { return findings_; }
  // "INVALID: <message>", and below it a line for every finding.
  std::string text() const;

 private:
  stepop_code code_;
  std::vector<Finding> findings_;
};

// ---- Events -------------------------------------------------------------------------------------

// A kind that this SDK does not know keeps its number; skip it.
enum class EventKind : std::uint32_t {
  state = STEPOP_EVENT_STATE,
  log_ready = STEPOP_EVENT_LOG_READY,
  warning = STEPOP_EVENT_WARNING,
  plugin_log = STEPOP_EVENT_PLUGIN_LOG,
  attached = STEPOP_EVENT_ATTACHED,
  forgotten = STEPOP_EVENT_FORGOTTEN,
  displaced = STEPOP_EVENT_DISPLACED,
};
std::string_view name(EventKind) noexcept;  // "state", "log_ready", ...; "unknown"

enum class State : std::uint32_t {
  none = STEPOP_STATE_NONE,
  accepted = STEPOP_STATE_ACCEPTED,
  pending = STEPOP_STATE_PENDING,
  running = STEPOP_STATE_RUNNING,
  succeeded = STEPOP_STATE_SUCCEEDED,
  failed = STEPOP_STATE_FAILED,
  cancelled = STEPOP_STATE_CANCELLED,
  lost = STEPOP_STATE_LOST,
};
std::string_view name(State) noexcept;  // "none", "accepted", ...; "unknown"
constexpr bool is_terminal(State s) noexcept {
  return s >= State::succeeded;
}

namespace detail {
class Library;       // a loaded plugin, shared by all that came out of it
class OperatorCore;  // an open operator, shared by its log streams
}  // namespace detail

// One event: a view into its EventBatch, valid as long as that. Cheap to copy.
class Event {
 public:
  explicit Event(const stepop_event* event) noexcept : event_(event) {}

  EventKind kind() const noexcept;
  State state() const noexcept;             // of `state` events; else State::none
  bool terminal() const noexcept;           // no further state event of this step follows
  std::uint32_t attempt() const noexcept;   // from 0
  std::uint64_t sequence() const noexcept;  // growing in one operator; gaps mean nothing
  Time time() const noexcept;               // when the plugin learned it
  std::uint64_t ticket() const noexcept;    // of `log_ready` and `attached`
  std::string_view step_run_id() const noexcept;
  std::string_view detail() const noexcept;  // JSON text of an object, as the plugin wrote it
  // The detail, parsed at each call. Throws Error(INTERNAL) when the plugin did not write a JSON
  // object.
  json::object parse_detail() const;
  const stepop_event& native() const noexcept { return *event_; }

 private:
  const stepop_event* event_;
};

// Events that were taken out of the queue, oldest first: a range of Event.
class EventBatch {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;  // C++17's word: it yields values, not references
    using iterator_concept = std::random_access_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using reference = Event;
    using pointer = void;

    iterator() = default;
    Event operator*() const noexcept { return at(0); }
    Event operator[](difference_type n) const noexcept { return at(n); }
    iterator& operator+=(difference_type n) noexcept {
      at_ += n * stride_;
      return *this;
    }
    iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    iterator& operator++() noexcept { return *this += 1; }
    iterator& operator--() noexcept { return *this -= 1; }
    iterator operator++(int) noexcept {
      iterator old = *this;
      ++*this;
      return old;
    }
    iterator operator--(int) noexcept {
      iterator old = *this;
      --*this;
      return old;
    }
    friend iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
    friend iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
    friend iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
    friend difference_type operator-(const iterator& a, const iterator& b) noexcept {
      return a.stride_ == 0 ? 0 : (a.at_ - b.at_) / a.stride_;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }
    friend auto operator<=>(const iterator& a, const iterator& b) noexcept { return a.at_ <=> b.at_; }

   private:
    friend class EventBatch;
    iterator(const char* at, difference_type stride) noexcept : at_(at), stride_(stride) {}
    Event at(difference_type n) const noexcept {
      return Event(reinterpret_cast<const stepop_event*>(at_ + n * stride_));
    }
    const char* at_ = nullptr;
    difference_type stride_ = 0;
  };

  // Takes `batch` over: gives it back to the library in the destructor.
  EventBatch(std::shared_ptr<const detail::Library> library, stepop_batch* batch) noexcept;
  EventBatch(EventBatch&& other) noexcept;
  EventBatch& operator=(EventBatch&& other) noexcept;
  ~EventBatch();

  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  Event operator[](std::size_t i) const noexcept { return begin()[static_cast<std::ptrdiff_t>(i)]; }
  Event front() const noexcept { return *begin(); }
  iterator begin() const noexcept;
  iterator end() const noexcept;
  // Warnings and plugin log lines that the plugin dropped since `open`, because nobody read. Never
  // state events.
  std::uint64_t dropped() const noexcept;

 private:
  std::shared_ptr<const detail::Library> library_;
  stepop_batch* batch_;
};

// ---- Text ---------------------------------------------------------------------------------------

// UTF-8 text that a plugin has handed out.
class Text {
 public:
  Text(std::shared_ptr<const detail::Library> library, stepop_text* text) noexcept;
  Text(Text&& other) noexcept;
  Text& operator=(Text&& other) noexcept;
  ~Text();
  std::string_view view() const noexcept;
  const char* c_str() const noexcept;

 private:
  std::shared_ptr<const detail::Library> library_;
  stepop_text* text_;
};

// ---- Logs ---------------------------------------------------------------------------------------

// A kind that this SDK does not know keeps its number; skip it.
enum class LogKind : std::uint32_t {
  data = STEPOP_LOG_DATA,  // a line, or a part of a long one
  gap = STEPOP_LOG_GAP,    // lines were lost where they were kept; data() is JSON
  end = STEPOP_LOG_END,    // the log is complete; nothing follows
};

// One record: a view into its LogBatch, valid as long as that.
class LogRecord {
 public:
  explicit LogRecord(const stepop_log_record* record) noexcept : record_(record) {}
  LogKind kind() const noexcept;
  bool partial() const noexcept;           // the line goes on in the next data record
  std::uint32_t attempt() const noexcept;  // which attempt wrote it
  std::uint32_t index() const noexcept;    // which of several pods wrote it
  std::optional<Time> time() const noexcept;
  // Bytes as the step wrote them, without the newline; not necessarily UTF-8, may hold NUL.
  std::string_view data() const noexcept;

 private:
  const stepop_log_record* record_;
};

// Records that were read from a stream: a sized range, by index or by `for (auto record : batch)`.
class LogBatch {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::forward_iterator_tag;
    using value_type = LogRecord;
    using difference_type = std::ptrdiff_t;
    using reference = LogRecord;
    using pointer = void;
    iterator() = default;
    LogRecord operator*() const noexcept { return LogRecord(reinterpret_cast<const stepop_log_record*>(at_)); }
    iterator& operator++() noexcept {
      at_ += stride_;
      return *this;
    }
    iterator operator++(int) noexcept {
      iterator old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    friend class LogBatch;
    iterator(const char* at, difference_type stride) noexcept : at_(at), stride_(stride) {}
    const char* at_ = nullptr;
    difference_type stride_ = 0;
  };

  LogBatch() noexcept = default;  // no records
  LogBatch(std::shared_ptr<const detail::Library> library, stepop_log_batch* batch) noexcept;
  LogBatch(LogBatch&& other) noexcept;
  LogBatch& operator=(LogBatch&& other) noexcept;
  ~LogBatch();

  std::size_t size() const noexcept;
  bool empty() const noexcept { return size() == 0; }
  LogRecord operator[](std::size_t i) const noexcept;
  iterator begin() const noexcept;
  iterator end() const noexcept;

 private:
  std::shared_ptr<const detail::Library> library_;
  stepop_log_batch* batch_ = nullptr;
};

// What LogStream::read found.
struct LogRead {
  enum class Status {
    records,      // `batch` has at least one; the last may be of kind `end`
    would_block,  // nothing now: a log_ready event with the stream's ticket follows
    ended,        // the `end` record was read before, or the operator is shut down
  };
  Status status = Status::would_block;
  LogBatch batch;
};

struct LogOptions {
  bool follow = true;  // until the step has ended; false: what is there now
  std::optional<Time> since = std::nullopt;
  std::optional<std::int64_t> tail_lines = std::nullopt;
};

// A stream of one step's log, closed by the destructor. It keeps its operator from being destroyed
// (not from being shut down).
class LogStream {
 public:
  LogStream(std::shared_ptr<detail::OperatorCore> op, stepop_logs* logs, std::uint64_t ticket) noexcept;
  LogStream(LogStream&& other) noexcept;
  LogStream& operator=(LogStream&& other) noexcept;
  ~LogStream();

  // Which log_ready events are this stream's.
  std::uint64_t ticket() const noexcept { return ticket_; }
  // Up to `max` records, without waiting. [thread-safe, non-blocking]
  LogRead read(std::uint32_t max = 256) const;

 private:
  std::shared_ptr<detail::OperatorCore> op_;
  stepop_logs* logs_;
  std::uint64_t ticket_;
};

// ---- Operator -----------------------------------------------------------------------------------

// What `submit` does when the step's object does not exist.
enum class IfAbsent : std::uint32_t {
  create = STEPOP_IF_ABSENT_CREATE,
  report_lost = STEPOP_IF_ABSENT_REPORT_LOST,  // the host journalled an event at or after `pending`
};

// What a request becomes; stepop/draft/render.h says more of each member.
struct Rendering {
  json::array manifests;
  json::array accepted;  // of a dry run: one for each manifest, null where it would be refused; else empty
  std::vector<Finding> findings;
};

// An open step operator. Steps run on when it goes.
class Operator {
 public:
  // How long the destructor lets the plugin hand on what was acknowledged.
  static constexpr std::chrono::milliseconds destructor_timeout{5000};

  explicit Operator(std::shared_ptr<detail::OperatorCore> core) noexcept;
  Operator(Operator&&) noexcept = default;
  Operator& operator=(Operator&& other) noexcept;
  // Shuts down (see destructor_timeout) and destroys; with log streams still open, the last of them
  // destroys.
  ~Operator();

  // Is everything there to run steps? Blocks for `timeout` at most. Throws TIMEOUT and UNAVAILABLE
  // too.
  std::vector<Finding> check(std::chrono::milliseconds timeout) const;
  // The same for one step's request.
  std::vector<Finding> check(const json::object& request, std::chrono::milliseconds timeout) const;

  // What `submit` would make of this request; with `dry_run`, also what the cluster says of it. Creates nothing, and
  // sends nothing without `dry_run`; then it blocks for `timeout` at most. Throws INVALID, TIMEOUT, UNAVAILABLE, and
  // UNSUPPORTED when the plugin (or this flavor of it) does not have the extension stepop.render/1.
  Rendering render(const json::object& request, bool dry_run, std::chrono::milliseconds timeout) const;

  // Takes a step on; what follows arrives as events. Throws INVALID, CONFLICT.
  void submit(const json::object& request, IfAbsent if_absent = IfAbsent::create) const;
  // The same with JSON text, handed on as it is.
  void submit(const std::string& request, IfAbsent if_absent = IfAbsent::create) const;

  // The newest state event of a step, from memory: a batch of one. Empty for an id that is not
  // known here.
  std::optional<EventBatch> status(const std::string& step_run_id) const;

  // Waits for a step's terminal event: a batch of one. Empty when `timeout` has passed. Throws
  // NOT_FOUND, CLOSED.
  std::optional<EventBatch> wait(const std::string& step_run_id, std::chrono::milliseconds timeout = forever) const;

  // Takes up to `max` events out of the queue, waiting at most `timeout` for the first. Empty when
  // nothing came. Throws CLOSED once the operator is shut down and the queue is empty.
  std::optional<EventBatch> next_events(std::uint32_t max = 256,
                                        std::chrono::milliseconds timeout = std::chrono::milliseconds{0}) const;

  // Readable exactly while the queue is not empty; for poll and its kin. The plugin's: never read,
  // write or close it.
  int event_fd() const;

  // Asks for a step's end. `grace`: empty for the step's own setting, 0 for at once. Throws
  // NOT_FOUND.
  void cancel(const std::string& step_run_id, std::optional<std::chrono::milliseconds> grace = std::nullopt) const;

  // Finds steps of another process or an earlier life; returns the ticket of its `attached` event.
  enum class Own : std::uint32_t { observe = 0, take_over = 1 };
  std::uint64_t attach(const json::object& filter, Own own) const;

  // Opens a stream of a step's log. Throws NOT_FOUND.
  LogStream open_logs(const std::string& step_run_id, const LogOptions& options = {}) const;

  // The host has stored the step's terminal event: what ran it may be removed. Ends in a
  // `forgotten` event. Throws INVALID when the step has not ended.
  void forget(const std::string& step_run_id, const json::object& options = {}) const;

  // Wakes every waiter with CLOSED and stops the plugin's threads; blocks for `timeout` and a
  // little. Events not yet read can still be read with next_events(max, 0ms). A second call does
  // nothing.
  void shutdown(std::chrono::milliseconds timeout) const;

  // For what this class does not cover. Valid as long as this object.
  stepop_operator* native() const noexcept;

 private:
  std::shared_ptr<detail::OperatorCore> core_;
};

// ---- Plugins ------------------------------------------------------------------------------------

// Why a file could not be loaded as a plugin.
struct Problem {
  enum class Kind {
    unreadable,       // the file or directory cannot be read
    not_a_library,    // it is no shared library for this machine
    unloadable,       // it is one, but the loader refuses it (a missing library, an undefined symbol)
    no_entry,         // it does not export stepop_plugin_entry: some other library
    other_abi,        // built for a version of the ABI that does not go with ours
    incomplete,       // it does not have the functions that no host can do without
    bad_description,  // `describe` failed, or did not return what stepop.h says
  };
  Kind kind = Kind::unreadable;
  std::filesystem::path file;
  std::string why;   // one sentence
  std::string hint;  // what to do
  // "<file>: <why>; <hint>"
  std::string text() const;
};

class LoadError : public std::runtime_error {
 public:
  explicit LoadError(Problem problem);
  const Problem& problem() const noexcept { return problem_; }

 private:
  Problem problem_;
};

// A loaded plugin. A copy shares the library.
class Plugin {
 public:
  // Loads one file, with RTLD_NOW and RTLD_LOCAL. Throws LoadError.
  static Plugin load(const std::filesystem::path& file);

  const std::filesystem::path& file() const noexcept;
  const std::string& name() const noexcept;
  const std::string& version() const noexcept;
  std::uint32_t abi_version() const noexcept;
  // What `describe` returned, parsed; read once, at `load`.
  const json::object& description() const noexcept;
  // Names of its flavors.
  std::vector<std::string> flavors() const;
  // A flavor's element of description().flavors (its schemas, its reasons); NULL when it has no
  // such flavor.
  const json::object* flavor(std::string_view name) const noexcept;

  // Throws NOT_FOUND, INVALID with every mistake.
  Operator open(const std::string& flavor, const json::object& config) const;
  // The same with JSON text, handed on as it is.
  Operator open(const std::string& flavor, const std::string& config) const;

  // The struct of an extension, e.g. "stepop.metrics/1", or NULL. Valid while the plugin is loaded.
  const void* extension(const std::string& id) const;

  // For what this class does not cover. Valid while the plugin is loaded.
  const stepop_plugin& native() const noexcept;

 private:
  explicit Plugin(std::shared_ptr<const detail::Library> library) noexcept;
  std::shared_ptr<const detail::Library> library_;
};

// The plugins of some directories.
class PluginDirectory {
 public:
  // Loads every *.so of each directory (not of those below), in the order of their names. Never
  // throws for what it finds: a file that is no plugin, and a directory that cannot be read, is a
  // Problem. A file that is reached twice is loaded once.
  static PluginDirectory load(const std::vector<std::filesystem::path>& directories);

  const std::vector<Plugin>& plugins() const noexcept { return plugins_; }
  const std::vector<Problem>& problems() const noexcept { return problems_; }
  // Names of all flavors, sorted, each once.
  std::vector<std::string> flavors() const;

  // The plugin that has a flavor. Throws Error: NOT_FOUND (names the nearest flavor, and the files
  // that could not be loaded), CONFLICT (two plugins have it; names both files).
  Plugin find(std::string_view flavor) const;

 private:
  std::vector<Plugin> plugins_;
  std::vector<Problem> problems_;
};

}  // namespace stepop::host
