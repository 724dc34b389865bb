// For people who write a plugin: implement `Operator`, describe your flavors, write
// `STEPOP_PLUGIN(my_description)` in one .cpp, and link `stepop::plugin_sdk`. What you get is a library with the C
// ABI of stepop.h: its event queue and event_fd, status and wait, argument checks, fork checks, errors for exceptions,
// ownership of what is handed out, an orderly shutdown.
//
// Threads: `Operator`'s functions are called on the host's threads, possibly several at once; each says whether it may block.
// `Events` and `LogPipe` may be used from any thread.
#pragma once

#include <stepop/stepop.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::plugin {

namespace json = boost::json;

// One thing that is wrong, or worth knowing, in what the host handed over. Becomes an element of stepop_error.findings.
struct Finding {
  enum class Level { ok, warning, error };
  Level level = Level::error;
  std::string code;     // a word for programs: "UnknownKey", "WrongType", "MissingKey", ...
  std::string path;     // where, e.g. "settings.pod_settings.resources.limits.cpu"
  std::string message;  // what was found and what was expected
  std::string hint;     // what to do; may be empty
  bool retryable = false;
};
json::object to_json(const Finding&);
json::array to_json(const std::vector<Finding>&);

// Thrown by an Operator's functions; becomes a code and a stepop_error.
class Error : public std::runtime_error {
 public:
  Error(stepop_code code, std::vector<Finding> findings);  // what() is the first finding, with the number of the others
  Error(stepop_code code, std::string message, std::string hint = "");
  stepop_code code() const noexcept { return code_; }
  const std::vector<Finding>& findings() const noexcept { return findings_; }

 private:
  stepop_code code_;
  std::vector<Finding> findings_;
};

enum class State : std::uint32_t {
  accepted = STEPOP_STATE_ACCEPTED,
  pending = STEPOP_STATE_PENDING,
  running = STEPOP_STATE_RUNNING,
  succeeded = STEPOP_STATE_SUCCEEDED,
  failed = STEPOP_STATE_FAILED,
  cancelled = STEPOP_STATE_CANCELLED,
  lost = STEPOP_STATE_LOST,
};
constexpr bool is_terminal(State s) {
  return s >= State::succeeded;
}

// What `Events::state` announces. `detail` has the members that stepop.h lists.
struct StepState {
  std::string step_run_id;
  State state = State::accepted;
  std::uint32_t attempt = 0;
  json::object detail;
};

// Where a plugin says what happens. One per operator; owned by the SDK; outlives the Operator.
// The queue's promises (stepop.h, next_events) are kept here: non-terminal states of a step coalesce, a state that
// goes backwards in (attempt, state) is ignored, a second terminal state of a step is ignored (and counted), warnings and log lines are
// bounded. [thread-safe, non-blocking]
class Events {
 public:
  virtual ~Events() = default;
  // Returns false when it was ignored.
  virtual bool state(StepState) = 0;
  virtual void warning(std::string_view step_run_id, std::string_view code, std::string_view message,
                       std::string_view hint = "") = 0;
  virtual void plugin_log(std::string_view level, std::string_view message) = 0;
  virtual void attached(std::uint64_t ticket, const std::vector<std::string>& step_run_ids) = 0;
  // The step is forgotten: `status` is NOT_FOUND from now on, and its memory is freed.
  virtual void forgotten(std::string_view step_run_id, bool deleted) = 0;
  virtual void displaced(std::string_view step_run_id) = 0;
  // The newest state that was announced for a step.
  virtual std::optional<StepState> last(std::string_view step_run_id) const = 0;
};

struct LogRecord {
  enum class Kind { data = STEPOP_LOG_DATA, gap = STEPOP_LOG_GAP, end = STEPOP_LOG_END };
  Kind kind = Kind::data;
  bool partial = false;
  std::uint32_t attempt = 0;
  std::uint32_t index = 0;
  std::int64_t time_us = 0;
  std::string data;
};

// The plugin's end of one log stream; the host's end is stepop_logs. Bounded: when `push` says that it is full, the
// plugin stops reading its source until `on_room` is called. [thread-safe, non-blocking]
class LogPipe {
 public:
  virtual ~LogPipe() = default;
  // Never refuses a record; false says "enough for now". After an `end` record nothing more is taken. Announces LOG_READY.
  virtual bool push(LogRecord) = 0;
  // The host has closed its end: stop.
  virtual bool closed() const = 0;
  // Called once each time the pipe has drained (to the half) after being full, and once when the host closes; on a host's
  // thread, so it should only post to the plugin's own thread. Set it before the first push. It may still be called after
  // `Operator::shutdown`, never after the Operator's destructor.
  virtual void on_room(std::function<void()>) = 0;
};

struct LogOptions {
  bool follow = true;
  std::optional<std::chrono::sys_time<std::chrono::microseconds>> since;
  std::optional<std::int64_t> tail_lines;
};

// The one class to implement. Every function may throw Error; any other exception becomes STEPOP_E_INTERNAL.
// When `submit` returns, the SDK has not yet announced anything: announce `accepted` yourself, before returning.
class Operator {
 public:
  virtual ~Operator() = default;
  // Findings, one a line. `request` is null when the host asked about the operator alone. May block until `timeout`, and may
  // still be running when `shutdown` is called: it should then return soon; what it returns is not looked at.
  virtual std::vector<Finding> check(const json::object* request, std::chrono::milliseconds timeout) = 0;
  // Must not block. `request` has a non-empty string "step_run_id"; everything else is the plugin's to validate.
  virtual void submit(const json::object& request, bool report_lost_if_absent) = 0;
  // Must not block. `grace` is empty for the default. The id is known to Events (it has a state).
  virtual void cancel(std::string_view step_run_id, std::optional<std::chrono::milliseconds> grace) = 0;
  // Must not block. Ends in Events::attached(ticket).
  virtual void attach(std::uint64_t ticket, const json::object& filter, bool own) = 0;
  // Must not block. The id is known to Events. Records go into the pipe until an `end` record, or until it is closed.
  virtual void open_logs(std::string_view step_run_id, const LogOptions&, std::shared_ptr<LogPipe>) = 0;
  // Must not block. Ends in Events::forgotten. The SDK has checked that the step, if known here, is terminal.
  virtual void forget(std::string_view step_run_id, const json::object& options) = 0;
  // May block until `timeout`. No function is called after it but the destructor. Steps run on.
  virtual void shutdown(std::chrono::milliseconds timeout) = 0;
};

// What a request becomes; see stepop/draft/render.h for each member.
struct Rendering {
  json::array manifests;
  std::optional<json::array> accepted;  // given when it was asked for
  std::vector<Finding> findings;
};

// For an Operator that can show what it makes of a request: derive from this as well, and list `render_extension` among
// the description's extensions. What it hands out is shown to people: no value of a secret may be in it.
class Renderer {
 public:
  virtual ~Renderer() = default;
  // May block until `timeout` when `dry_run` is true. As with `check`, it may still be running when `shutdown` is called.
  virtual Rendering render(const json::object& request, bool dry_run, std::chrono::milliseconds timeout) = 0;
};

// The extension that calls Renderer::render: {STEPOP_EXT_RENDER, render_extension()}.
const void* render_extension() noexcept;

struct Flavor {
  std::string name;
  std::string description;
  json::object config_schema;
  json::object settings_schema;
  json::object request_schema;
  std::vector<std::string> reasons;
  // Checks `config` whole and opens an operator; throws Error with every mistake. `events` outlives the Operator.
  std::function<std::unique_ptr<Operator>(const json::object& config, Events& events)> open;
};

struct Description {
  std::string name;     // e.g. "stepop_kubernetes"
  std::string version;  // e.g. "0.1.0"
  std::vector<Flavor> flavors;
  // Extension structs by id, e.g. {"stepop.metrics/1", &metrics}; static storage.
  std::vector<std::pair<std::string, const void*>> extensions;
};

// Implements stepop_plugin_entry; the macro below gives it its description.
const stepop_plugin* entry(std::uint32_t host_abi_version, Description (*describe)()) noexcept;

}  // namespace stepop::plugin

// `describe` is a function `stepop::plugin::Description describe()`; it is called once, at the first entry.
#define STEPOP_PLUGIN(describe)                                                                  \
  extern "C" STEPOP_EXPORT const stepop_plugin* stepop_plugin_entry(uint32_t host_abi_version) { \
    return ::stepop::plugin::entry(host_abi_version, describe);                                  \
  }
