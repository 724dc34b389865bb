// The functions of the C ABI, and the one symbol's body.
#include <stepop/nearest_name.hpp>
#include <stepop/plugin.hpp>

#include <atomic>
#include <mutex>

#include "boundary.hpp"
#include "json_text.hpp"
#include "objects.hpp"
#include "operator_handle.hpp"
#include "options.hpp"

namespace stepop::plugin {

void link_unload();

namespace {

// ---- What this library is -----------------------------------------------------------------------

json::object described(const Description& description) {
  json::array flavors;
  for (const Flavor& flavor : description.flavors) {
    json::array reasons;
    for (const std::string& reason : flavor.reasons) reasons.emplace_back(reason);
    flavors.push_back(json::object{{"name", flavor.name},
                                   {"description", flavor.description},
                                   {"config_schema", flavor.config_schema},
                                   {"settings_schema", flavor.settings_schema},
                                   {"request_schema", flavor.request_schema},
                                   {"reasons", std::move(reasons)}});
  }
  json::array extensions;
  for (const auto& [id, extension] : description.extensions) extensions.emplace_back(id);
  return {{"name", description.name},
          {"version", description.version},
          {"abi", std::to_string(STEPOP_ABI_MAJOR) + "." + std::to_string(STEPOP_ABI_MINOR)},
          {"extensions", std::move(extensions)},
          {"flavors", std::move(flavors)}};
}

extern const stepop_plugin functions;

// Made once, at the first entry; freed when the library is unloaded.
struct Registered {
  explicit Registered(Description (*describe)())
      : description(describe()), text(json::serialize(described(description))), plugin(functions) {
    plugin.name = description.name.c_str();
    plugin.version = description.version.c_str();
  }
  Description description;
  std::string text;
  stepop_plugin plugin;
};

// No call comes before the first entry.
std::atomic<const Registered*> registered = nullptr;

// ---- Calls --------------------------------------------------------------------------------------

// Runs `call` on the implementation, and keeps `shutdown` out meanwhile.
template <class Call>
stepop_code on_open(stepop_operator* op, stepop_error** error, Call&& call) noexcept {
  return guarded(error, [&]() -> stepop_code {
    require(op, "op");
    op->require_open();  // before the lock: in a forked child it may be held for ever
    const std::shared_lock in_call(op->calls);
    op->require_open();
    call();
    return STEPOP_OK;
  });
}

Error unknown(std::string_view step_run_id) {
  return Error(STEPOP_E_NOT_FOUND, "no step \"" + std::string(step_run_id) + "\" here",
               "submit or attach it first; a forgotten step is no longer known");
}

void require_known(const stepop_operator& op, std::string_view step_run_id) {
  if (!op.events->ended(step_run_id)) throw unknown(step_run_id);
}

void require_max(std::uint32_t max) {
  if (max == 0) throw Error(STEPOP_E_INVALID, "`max` must be at least 1");
}

json::object optional_object(const char* text, std::string_view what) {
  return text == nullptr ? json::object{} : parse_object(text, what);
}

stepop_code describe(stepop_text** out, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(out, "out");
    *out = make_text(registered.load()->text);
    return STEPOP_OK;
  });
}

stepop_code open(const char* flavor, const char* config, stepop_operator** out, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(flavor, "flavor");
    require(config, "config");
    require(out, "out");
    std::vector<std::string> names;
    for (const Flavor& candidate : registered.load()->description.flavors) {
      if (candidate.name == flavor) {
        *out = new stepop_operator(candidate, parse_object(config, "the config"));
        return STEPOP_OK;
      }
      names.push_back(candidate.name);
    }
    throw Error(STEPOP_E_NOT_FOUND, registered.load()->description.name + " has no flavor \"" + flavor + "\"",
                did_you_mean(flavor, names));
  });
}

stepop_code shutdown(stepop_operator* op, int64_t timeout_ms, stepop_error** error) {
  return guarded(error, [&] {
    require(op, "op");
    require_timeout(timeout_ms);
    if (op->forked()) op->require_open();
    op->shutdown(std::chrono::milliseconds(timeout_ms));
    return STEPOP_OK;
  });
}

void destroy(stepop_operator* op) {
  // In a forked child the threads and locks are not ours: all that can be done is to let go.
  if (op == nullptr || op->forked()) return;
  guarded(nullptr, [&] {
    op->shutdown(std::chrono::milliseconds(0));
    return STEPOP_OK;
  });
  delete op;
}

stepop_code check(stepop_operator* op, const char* request, int64_t timeout_ms, stepop_text** out,
                  stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(op, "op");
    op->require_open();
    require(out, "out");
    require_timeout(timeout_ms);
    std::optional<json::object> step;
    if (request != nullptr) step = parse_object(request, "the request");
    const auto findings = op->blocking([&](Operator& implementation) {
      return implementation.check(step ? &*step : nullptr, std::chrono::milliseconds(timeout_ms));
    });
    *out = make_text(json::serialize(to_json(findings)));
    return STEPOP_OK;
  });
}

stepop_code submit(stepop_operator* op, const char* request, uint32_t if_absent, stepop_error** error) {
  return on_open(op, error, [&] {
    require(request, "request");
    if (if_absent != STEPOP_IF_ABSENT_CREATE && if_absent != STEPOP_IF_ABSENT_REPORT_LOST)
      throw Error(STEPOP_E_INVALID,
                  "`if_absent` must be a STEPOP_IF_ABSENT_* value, found " + std::to_string(if_absent));
    const json::object object = parse_object(request, "the request");
    step_run_id_of(object);
    op->implementation->submit(object, if_absent == STEPOP_IF_ABSENT_REPORT_LOST);
  });
}

stepop_code status(stepop_operator* op, const char* step_run_id, stepop_batch** out, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(op, "op");
    op->require_open();
    require(step_run_id, "step_run_id");
    require(out, "out");
    *out = op->events->newest(step_run_id);
    if (*out == nullptr) throw unknown(step_run_id);
    return STEPOP_OK;
  });
}

stepop_code wait(stepop_operator* op, const char* step_run_id, int64_t timeout_ms, stepop_batch** out,
                 stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(op, "op");
    op->require_open();
    require(step_run_id, "step_run_id");
    require(out, "out");
    switch (op->events->wait(step_run_id, std::chrono::milliseconds(timeout_ms), out)) {
      case EventStream::Wait::ended:
        break;
      case EventStream::Wait::timeout:
        return STEPOP_E_TIMEOUT;
      case EventStream::Wait::closed:
        throw Error(STEPOP_E_CLOSED, "the operator was shut down");
      case EventStream::Wait::not_found:
        throw unknown(step_run_id);
    }
    return STEPOP_OK;
  });
}

stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                        stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(op, "op");
    if (op->forked()) op->require_open();
    require(out, "out");
    require_max(max);
    *out = op->events->take(max, std::chrono::milliseconds(timeout_ms));
    if (*out != nullptr) return STEPOP_OK;
    op->require_open();
    return timeout_ms == 0 ? STEPOP_E_WOULD_BLOCK : STEPOP_E_TIMEOUT;
  });
}

stepop_code event_fd(stepop_operator* op, int32_t* out, stepop_error** error) {
  if (out != nullptr) *out = -1;
  return guarded(error, [&] {
    require(op, "op");
    op->require_open();
    require(out, "out");
    *out = op->events->descriptor();
    return STEPOP_OK;
  });
}

stepop_code cancel(stepop_operator* op, const char* step_run_id, int64_t grace_ms, stepop_error** error) {
  return on_open(op, error, [&] {
    require(step_run_id, "step_run_id");
    if (grace_ms < 0 && grace_ms != STEPOP_GRACE_DEFAULT)
      throw Error(STEPOP_E_INVALID,
                  "`grace_ms` must be STEPOP_GRACE_DEFAULT or at least 0, found " + std::to_string(grace_ms));
    require_known(*op, step_run_id);
    std::optional<std::chrono::milliseconds> grace;
    if (grace_ms != STEPOP_GRACE_DEFAULT) grace.emplace(grace_ms);
    op->implementation->cancel(step_run_id, grace);
  });
}

stepop_code attach(stepop_operator* op, const char* filter, uint32_t own, uint64_t* ticket, stepop_error** error) {
  if (ticket != nullptr) *ticket = 0;
  return on_open(op, error, [&] {
    require(filter, "filter");
    if (own > 1) throw Error(STEPOP_E_INVALID, "`own` must be 0 or 1, found " + std::to_string(own));
    const json::object object = parse_object(filter, "the filter");
    check_filter(object);
    const std::uint64_t number = op->events->new_ticket();
    if (ticket != nullptr) *ticket = number;
    op->implementation->attach(number, object, own == 1);
  });
}

stepop_code logs_open(stepop_operator* op, const char* step_run_id, const char* options, stepop_logs** out,
                      uint64_t* ticket, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  if (ticket != nullptr) *ticket = 0;
  return on_open(op, error, [&] {
    require(step_run_id, "step_run_id");
    require(out, "out");
    require_known(*op, step_run_id);
    const LogOptions wanted = log_options(optional_object(options, "the log options"));
    const std::uint64_t number = op->events->new_ticket();
    auto pipe = std::make_shared<BoundedLogPipe>(op->events, number, step_run_id);
    auto logs = std::make_unique<stepop_logs>(stepop_logs{op, pipe});
    // The host knows the ticket before the first LOG_READY of it can be read.
    if (ticket != nullptr) *ticket = number;
    try {
      op->implementation->open_logs(step_run_id, wanted, pipe);
    } catch (...) {
      if (ticket != nullptr) *ticket = 0;
      pipe->close();
      throw;
    }
    *out = logs.release();
  });
}

stepop_code logs_read(stepop_logs* logs, uint32_t max, stepop_log_batch** out, stepop_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&] {
    require(logs, "logs");
    logs->op->require_open();
    require(out, "out");
    require_max(max);
    switch (logs->pipe->read(max, out)) {
      case BoundedLogPipe::Read::records:
        break;
      case BoundedLogPipe::Read::would_block:
        return STEPOP_E_WOULD_BLOCK;
      case BoundedLogPipe::Read::ended:
        return STEPOP_E_CLOSED;
    }
    return STEPOP_OK;
  });
}

void logs_close(stepop_logs* logs) {
  if (logs == nullptr || logs->op->forked()) return;
  guarded(nullptr, [&] {
    logs->pipe->close();
    return STEPOP_OK;
  });
  delete logs;
}

stepop_code forget(stepop_operator* op, const char* step_run_id, const char* options, stepop_error** error) {
  return on_open(op, error, [&] {
    require(step_run_id, "step_run_id");
    check_step_run_id(step_run_id);
    const json::object object = optional_object(options, "the options");
    check_forget_options(object);
    if (op->events->ended(step_run_id) == false)
      throw Error(STEPOP_E_INVALID, "the step \"" + std::string(step_run_id) + "\" has not ended",
                  "wait for its terminal event, or cancel it first");
    op->implementation->forget(step_run_id, object);
  });
}

const void* get_extension(const char* id) {
  if (id == nullptr) return nullptr;
  for (const auto& [name, extension] : registered.load()->description.extensions)
    if (name == id) return extension;
  return nullptr;
}

void release_object(void* object) {
  release(object);
}

const stepop_plugin functions = {
    sizeof(stepop_plugin),
    STEPOP_ABI_VERSION,
    nullptr,
    nullptr,
    describe,
    open,
    shutdown,
    destroy,
    check,
    submit,
    status,
    wait,
    next_events,
    event_fd,
    cancel,
    attach,
    logs_open,
    logs_read,
    logs_close,
    forget,
    release_object,
    get_extension,
};

// stepop.h: while the major version is 0 the minor ones must be equal too.
bool goes_with(std::uint32_t host) {
  if constexpr (STEPOP_ABI_MAJOR == 0) return host == STEPOP_ABI_VERSION;
  return host >> 16 == STEPOP_ABI_MAJOR;
}

}  // namespace

const stepop_plugin* entry(std::uint32_t host_abi_version, Description (*describe)()) noexcept {
  if (!goes_with(host_abi_version)) return nullptr;
  link_unload();
  try {
    static const Registered once(describe);
    registered = &once;
    return &once.plugin;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace stepop::plugin
