#include <stepop/host.hpp>

namespace stepop::host {

std::string_view name(Finding::Level level) noexcept {
  switch (level) {
    case Finding::Level::ok:
      return "ok";
    case Finding::Level::warning:
      return "warning";
    case Finding::Level::error:
      break;
  }
  return "error";
}

std::string_view code_name(stepop_code code) noexcept {
  switch (code) {
    case STEPOP_OK:
      return "OK";
    case STEPOP_E_INVALID:
      return "INVALID";
    case STEPOP_E_NOT_FOUND:
      return "NOT_FOUND";
    case STEPOP_E_CONFLICT:
      return "CONFLICT";
    case STEPOP_E_WOULD_BLOCK:
      return "WOULD_BLOCK";
    case STEPOP_E_TIMEOUT:
      return "TIMEOUT";
    case STEPOP_E_CLOSED:
      return "CLOSED";
    case STEPOP_E_FORKED:
      return "FORKED";
    case STEPOP_E_UNSUPPORTED:
      return "UNSUPPORTED";
    case STEPOP_E_UNAVAILABLE:
      return "UNAVAILABLE";
    case STEPOP_E_FORBIDDEN:
      return "FORBIDDEN";
    case STEPOP_E_NO_MEMORY:
      return "NO_MEMORY";
    case STEPOP_E_INTERNAL:
      return "INTERNAL";
    default:
      return "UNKNOWN";
  }
}

std::string_view name(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::state:
      return "state";
    case EventKind::log_ready:
      return "log_ready";
    case EventKind::warning:
      return "warning";
    case EventKind::plugin_log:
      return "plugin_log";
    case EventKind::attached:
      return "attached";
    case EventKind::forgotten:
      return "forgotten";
    case EventKind::displaced:
      return "displaced";
  }
  return "unknown";
}

std::string_view name(State state) noexcept {
  switch (state) {
    case State::none:
      return "none";
    case State::accepted:
      return "accepted";
    case State::pending:
      return "pending";
    case State::running:
      return "running";
    case State::succeeded:
      return "succeeded";
    case State::failed:
      return "failed";
    case State::cancelled:
      return "cancelled";
    case State::lost:
      return "lost";
  }
  return "unknown";
}

}  // namespace stepop::host
