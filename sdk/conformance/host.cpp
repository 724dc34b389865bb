#include "host.hpp"

#include <dlfcn.h>
#include <poll.h>

#include <algorithm>

namespace stepop::conformance {

using Clock = std::chrono::steady_clock;

namespace {

std::int64_t left(Clock::time_point deadline) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return ms > 0 ? ms : 0;
}

json::array findings_of(const stepop_error& error) {
  json::error_code wrong;
  json::value value = json::parse(std::string_view(error.findings, error.findings_size), wrong);
  return !wrong && value.is_array() ? std::move(value.get_array()) : json::array{};
}

}  // namespace

std::string code_name(stepop_code code) {
  static constexpr const char* names[] = {"OK",        "INVALID",   "NOT_FOUND", "CONFLICT",    "WOULD_BLOCK",
                                          "TIMEOUT",   "CLOSED",    "FORKED",    "UNSUPPORTED", "UNAVAILABLE",
                                          "FORBIDDEN", "NO_MEMORY", "INTERNAL"};
  return code >= 0 && static_cast<std::size_t>(code) < std::size(names) ? names[code] : std::to_string(code);
}

std::string state_name(std::uint32_t state) {
  static constexpr const char* names[] = {"none",      "accepted", "pending",   "running",
                                          "succeeded", "failed",   "cancelled", "lost"};
  return state < std::size(names) ? names[state] : "state " + std::to_string(state);
}

// ---- Library ------------------------------------------------------------------------------------

Library::Library(const Subject& subject) {
  doing("dlopen");
  handle_ = ::dlopen(subject.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ == nullptr) broken(std::string("it cannot be loaded: ") + ::dlerror());
  entry_ = reinterpret_cast<stepop_plugin_entry_fn>(::dlsym(handle_, STEPOP_PLUGIN_ENTRY_SYMBOL));
  if (entry_ == nullptr) broken("it does not export " STEPOP_PLUGIN_ENTRY_SYMBOL);
  doing("stepop_plugin_entry(STEPOP_ABI_VERSION)");
  plugin_ = entry_(STEPOP_ABI_VERSION);
  if (plugin_ == nullptr) broken("stepop_plugin_entry returns NULL for the version of stepop.h");
}

Library::~Library() {
  unload();
}

void Library::unload() {
  if (handle_ == nullptr) return;
  doing("dlclose");
  ::dlclose(handle_);
  handle_ = nullptr;
}

std::string Library::take(stepop_text* text) const {
  std::string copy(text->data, text->size);
  release(text);
  return copy;
}

json::value Library::describe() const {
  doing("describe");
  stepop_text* text = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = slot(&stepop_plugin::describe, "describe")(&text, &error);
  if (code != STEPOP_OK) broken("describe returns " + answer(*this, code, error).text());
  json::error_code wrong;
  json::value value = json::parse(take(text), wrong);
  if (wrong) broken("what describe returns is not JSON: " + wrong.message());
  return value;
}

json::object Library::flavor(const Subject& subject) const {
  const json::value described = describe();
  const json::value* flavors = described.is_object() ? described.get_object().if_contains("flavors") : nullptr;
  if (flavors != nullptr && flavors->is_array())
    for (const json::value& flavor : flavors->get_array()) {
      const json::value* name = flavor.is_object() ? flavor.get_object().if_contains("name") : nullptr;
      if (name != nullptr && name->is_string() && name->get_string() == subject.flavor) return flavor.get_object();
    }
  broken("describe has no flavor \"" + subject.flavor + "\"");
}

// ---- What comes out -----------------------------------------------------------------------------

json::object Event::read_detail() const {
  json::error_code wrong;
  const json::value value = json::parse(detail, wrong);
  if (wrong || !value.is_object()) broken("the detail of an event is no JSON object: " + detail.substr(0, 200));
  return value.get_object();
}

std::vector<Event> copied(const stepop_batch& batch) {
  std::vector<Event> events;
  for (std::uint32_t i = 0; i < batch.count; ++i) {
    const auto& e = *reinterpret_cast<const stepop_event*>(reinterpret_cast<const char*>(batch.events) +
                                                           std::size_t{i} * batch.event_stride);
    events.push_back({e.kind, e.state, e.terminal, e.attempt, e.sequence, e.time_us, e.ticket,
                      std::string(e.step_run_id, e.step_run_id_size), std::string(e.detail, e.detail_size)});
  }
  return events;
}

bool Answer::names(std::string_view word) const {
  return std::any_of(findings.begin(), findings.end(), [word](const json::value& finding) {
    const json::value* path = finding.is_object() ? finding.get_object().if_contains("path") : nullptr;
    return path != nullptr && path->is_string() &&
           std::string_view(path->get_string()).find(word) != std::string_view::npos;
  });
}

std::string Answer::text() const {
  return code_name(code) + (message.empty() ? "" : " (" + message + ")");
}

Answer answer(const Library& library, stepop_code code, stepop_error* error) {
  Answer said{code, {}, {}};
  if (error == nullptr) return said;
  said.message.assign(error->message, error->message_size);
  said.findings = findings_of(*error);
  library.release(error);
  return said;
}

// ---- Operator -----------------------------------------------------------------------------------

Operator::Operator(const Library& library, const Subject& subject) : Operator(library, subject, subject.config) {}

Operator::Operator(const Library& library, const Subject& subject, const json::object& config)
    : library_(library), patience_(subject.patience) {
  doing("open");
  stepop_error* error = nullptr;
  const stepop_code code =
      library.slot(&stepop_plugin::open, "open")(subject.flavor.c_str(), json::serialize(config).c_str(), &op_, &error);
  if (code != STEPOP_OK) broken("open returns " + answer(library, code, error).text());
}

Operator::~Operator() {
  if (op_ == nullptr) return;
  try {
    end_steps();
    if (op_ != nullptr) shutdown(5000);
  } catch (const Ended&) {
    // The verdict is told; what is left of the steps, the parent takes away.
  }
  destroy();
}

void Operator::destroy() {
  if (op_ == nullptr) return;
  doing("destroy");
  library_.plugin().destroy(op_);
  op_ = nullptr;
}

void Operator::end_steps() {
  std::sort(given_.begin(), given_.end());
  given_.erase(std::unique(given_.begin(), given_.end()), given_.end());
  // All are stopped before any is waited for.
  std::vector<std::string> known;
  for (const std::string& id : given_) {
    std::optional<Event> now;
    if (!status(id, &now).ok()) continue;
    known.push_back(id);
    if (now->terminal != 1) cancel(id, 0);
  }
  for (const std::string& id : known) {
    if (!wait(id, patience_.count()).ok()) broken("its step did not end after `cancel`, within the time of a step");
    if (forget(id, R"({"cleanup":"always"})").ok())
      until("FORGOTTEN", [&](const Event& e) { return e.kind == STEPOP_EVENT_FORGOTTEN && e.step_run_id == id; });
  }
}

Answer Operator::submit(const json::object& request, std::uint32_t if_absent) {
  const auto submit = library_.slot(&stepop_plugin::submit, "submit");
  doing("submit");
  stepop_error* error = nullptr;
  const stepop_code code = submit(op_, json::serialize(request).c_str(), if_absent, &error);
  if (code == STEPOP_OK) given_.push_back(id_of(request));
  return answer(library_, code, error);
}

std::string Operator::started(const json::object& request) {
  if (const Answer said = submit(request); !said.ok()) broken("submit of a good request returns " + said.text());
  return id_of(request);
}

Answer Operator::status(const std::string& id, std::optional<Event>* out) const {
  const auto status = library_.slot(&stepop_plugin::status, "status");
  doing("status");
  stepop_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = status(op_, id.c_str(), &batch, &error);
  if (code == STEPOP_OK) {
    const auto events = copied(*batch);
    library_.release(batch);
    if (events.size() != 1) broken("status returned " + std::to_string(events.size()) + " events");
    if (out != nullptr) *out = events.front();
  }
  return answer(library_, code, error);
}

Answer Operator::wait(const std::string& id, std::int64_t timeout_ms, std::optional<Event>* out) const {
  const auto wait = library_.slot(&stepop_plugin::wait, "wait");
  doing("wait with a timeout of " + std::to_string(timeout_ms));
  stepop_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = wait(op_, id.c_str(), timeout_ms, &batch, &error);
  if (code == STEPOP_OK) {
    const auto events = copied(*batch);
    library_.release(batch);
    if (events.size() != 1) broken("wait returned " + std::to_string(events.size()) + " events");
    if (out != nullptr) *out = events.front();
  }
  return answer(library_, code, error);
}

Answer Operator::next_events(std::uint32_t max, std::int64_t timeout_ms, std::vector<Event>* out) {
  const auto next_events = library_.slot(&stepop_plugin::next_events, "next_events");
  doing("next_events with a timeout of " + std::to_string(timeout_ms));
  stepop_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = next_events(op_, max, timeout_ms, &batch, &error);
  if (code == STEPOP_OK) {
    const auto events = copied(*batch);
    library_.release(batch);
    seen_.insert(seen_.end(), events.begin(), events.end());
    if (out != nullptr) *out = events;
  }
  return answer(library_, code, error);
}

Answer Operator::event_fd(int* out) const {
  const auto event_fd = library_.slot(&stepop_plugin::event_fd, "event_fd");
  doing("event_fd");
  std::int32_t found = -1;
  stepop_error* error = nullptr;
  const stepop_code code = event_fd(op_, &found, &error);
  *out = found;
  return answer(library_, code, error);
}

Answer Operator::cancel(const std::string& id, std::int64_t grace_ms) const {
  const auto cancel = library_.slot(&stepop_plugin::cancel, "cancel");
  doing("cancel");
  stepop_error* error = nullptr;
  const stepop_code code = cancel(op_, id.c_str(), grace_ms, &error);
  return answer(library_, code, error);
}

Answer Operator::attach(const std::string& filter, std::uint32_t own, std::uint64_t* ticket) {
  const auto attach = library_.slot(&stepop_plugin::attach, "attach");
  doing("attach with own " + std::to_string(own));
  stepop_error* error = nullptr;
  const stepop_code code = attach(op_, filter.c_str(), own, ticket, &error);
  const Answer said = answer(library_, code, error);
  if (code == STEPOP_E_UNSUPPORTED) unsupported("attach is UNSUPPORTED");
  return said;
}

Answer Operator::forget(const std::string& id, const char* options) {
  const auto forget = library_.slot(&stepop_plugin::forget, "forget");
  doing("forget");
  stepop_error* error = nullptr;
  const stepop_code code = forget(op_, id.c_str(), options, &error);
  return answer(library_, code, error);
}

Answer Operator::shutdown(std::int64_t timeout_ms) const {
  const auto shutdown = library_.slot(&stepop_plugin::shutdown, "shutdown");
  doing("shutdown");
  stepop_error* error = nullptr;
  const stepop_code code = shutdown(op_, timeout_ms, &error);
  return answer(library_, code, error);
}

Event Operator::until(std::string_view what, const std::function<bool(const Event&)>& wanted) {
  const auto deadline = Clock::now() + patience_;
  std::size_t looked = 0;
  while (true) {
    for (; looked < seen_.size(); ++looked)
      if (wanted(seen_[looked])) return seen_[looked];
    const std::int64_t ms = left(deadline);
    if (ms == 0) broken("no event " + std::string(what) + " within the time of a step");
    const Answer said = next_events(100, ms);
    if (!said.ok() && said.code != STEPOP_E_TIMEOUT)
      broken("next_events returns " + said.text() + " while " + std::string(what) + " is waited for");
  }
}

Event Operator::until_state(const std::string& id, std::uint32_t at_least) {
  return until("of state " + state_name(at_least), [&](const Event& e) {
    return e.is_state() && e.step_run_id == id && (e.state >= at_least || e.terminal == 1);
  });
}

Event Operator::until_end(const std::string& id) {
  return until("that ends the step", [&](const Event& e) { return e.ends() && e.step_run_id == id; });
}

const std::vector<Event>& Operator::drain() {
  while (next_events(100, 0).ok()) {
  }
  return seen_;
}

// ---- Logs ---------------------------------------------------------------------------------------

Logs::Logs(Operator& op, const std::string& id, const char* options) : op_(op) {
  doing("logs_open");
  stepop_error* error = nullptr;
  const stepop_code code = op.library().slot(&stepop_plugin::logs_open, "logs_open")(op.raw(), id.c_str(), options,
                                                                                     &logs_, &ticket_, &error);
  const Answer said = answer(op.library(), code, error);
  if (code == STEPOP_E_UNSUPPORTED) unsupported("logs_open is UNSUPPORTED");
  if (!said.ok()) broken("logs_open returns " + said.text());
}

Answer Logs::read(std::uint32_t max, std::vector<Record>* out) const {
  doing("logs_read");
  stepop_log_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const auto& library = op_.library();
  const stepop_code code = library.slot(&stepop_plugin::logs_read, "logs_read")(logs_, max, &batch, &error);
  if (code == STEPOP_OK) {
    for (std::uint32_t i = 0; i < batch->count; ++i) {
      const auto& record = *reinterpret_cast<const stepop_log_record*>(reinterpret_cast<const char*>(batch->records) +
                                                                       std::size_t{i} * batch->record_stride);
      if (out != nullptr)
        out->push_back({record.kind, record.flags, record.size == 0 ? "" : std::string(record.data, record.size)});
    }
    library.release(batch);
  }
  return answer(library, code, error);
}

std::vector<Record> Logs::read_all() {
  std::vector<Record> all;
  std::size_t ready_seen = 0;
  while (true) {
    const Answer said = read(100, &all);
    if (said.code == STEPOP_E_CLOSED) return all;
    if (said.code == STEPOP_E_WOULD_BLOCK) {
      std::size_t ready = 0;
      op_.until("LOG_READY after WOULD_BLOCK", [&](const Event& e) {
        return e.kind == STEPOP_EVENT_LOG_READY && e.ticket == ticket_ && ++ready > ready_seen;
      });
      ready_seen = static_cast<std::size_t>(std::count_if(op_.seen().begin(), op_.seen().end(), [this](const Event& e) {
        return e.kind == STEPOP_EVENT_LOG_READY && e.ticket == ticket_;
      }));
    } else if (!said.ok()) {
      broken("logs_read returns " + said.text());
    }
  }
}

void Logs::close() {
  if (logs_ == nullptr) return;
  doing("logs_close");
  op_.library().slot(&stepop_plugin::logs_close, "logs_close")(logs_);
  logs_ = nullptr;
}

}  // namespace stepop::conformance
