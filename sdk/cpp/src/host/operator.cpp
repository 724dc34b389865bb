#include <stepop/host.hpp>

#include <utility>

#include "library.hpp"

namespace stepop::host {
namespace {

// The members of a struct of function pointers, by name, for messages.
#define STEPOP_SLOT(library, function) (library).require(&stepop_plugin::function, #function)

std::string rfc3339(Time time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06lldZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<long long>(clock.subseconds().count()));
  return text;
}

}  // namespace

// ---- LogStream

LogStream::LogStream(std::shared_ptr<detail::OperatorCore> op, stepop_logs* logs, std::uint64_t ticket) noexcept
    : op_(std::move(op)), logs_(logs), ticket_(ticket) {}
LogStream::LogStream(LogStream&& other) noexcept
    : op_(std::move(other.op_)), logs_(std::exchange(other.logs_, nullptr)), ticket_(other.ticket_) {}
LogStream& LogStream::operator=(LogStream&& other) noexcept {
  LogStream taken(std::move(other));
  std::swap(op_, taken.op_);
  std::swap(logs_, taken.logs_);
  std::swap(ticket_, taken.ticket_);
  return *this;
}
LogStream::~LogStream() {
  if (logs_ == nullptr) return;
  if (const auto close = op_->library()->slot(&stepop_plugin::logs_close)) close(logs_);
}

LogRead LogStream::read(std::uint32_t max) const {
  const auto& library = op_->library();
  stepop_log_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = STEPOP_SLOT(*library, logs_read)(logs_, max, &batch, &error);
  switch (code) {
    case STEPOP_OK:
      return {LogRead::Status::records, LogBatch(library, batch)};
    case STEPOP_E_WOULD_BLOCK:
      library->release(error);
      return {LogRead::Status::would_block, {}};
    case STEPOP_E_CLOSED:
      library->release(error);
      return {LogRead::Status::ended, {}};
    default:
      throw library->failure(code, error, "logs_read");
  }
}

// ---- Operator

Operator::Operator(std::shared_ptr<detail::OperatorCore> core) noexcept : core_(std::move(core)) {}

Operator& Operator::operator=(Operator&& other) noexcept {
  Operator taken(std::move(other));
  std::swap(core_, taken.core_);
  return *this;
}

Operator::~Operator() {
  if (!core_) return;
  const auto& library = *core_->library();
  const auto function = library.slot(&stepop_plugin::shutdown);
  if (function == nullptr) return;
  stepop_error* error = nullptr;
  function(core_->op(), destructor_timeout.count(), &error);
  library.release(error);
}

stepop_operator* Operator::native() const noexcept {
  return core_->op();
}

// Calls `function` with the operator and the arguments, and throws what it reports.
#define STEPOP_CALL(function, ...)                                                             \
  do {                                                                                         \
    const auto& library = *core_->library();                                                   \
    stepop_error* error = nullptr;                                                             \
    const stepop_code code = STEPOP_SLOT(library, function)(core_->op(), __VA_ARGS__, &error); \
    if (code != STEPOP_OK) throw library.failure(code, error, #function);                      \
  } while (false)

static std::vector<Finding> check_with(const detail::OperatorCore& core, const char* request,
                                       std::chrono::milliseconds timeout) {
  const auto& library = core.library();
  stepop_text* text = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = STEPOP_SLOT(*library, check)(core.op(), request, timeout.count(), &text, &error);
  if (code != STEPOP_OK) throw library->failure(code, error, "check");
  return detail::read_findings(Text(library, text).view());
}

std::vector<Finding> Operator::check(std::chrono::milliseconds timeout) const {
  return check_with(*core_, nullptr, timeout);
}

std::vector<Finding> Operator::check(const json::object& request, std::chrono::milliseconds timeout) const {
  return check_with(*core_, json::serialize(request).c_str(), timeout);
}

void Operator::submit(const json::object& request, IfAbsent if_absent) const {
  submit(json::serialize(request), if_absent);
}

void Operator::submit(const std::string& request, IfAbsent if_absent) const {
  STEPOP_CALL(submit, request.c_str(), static_cast<std::uint32_t>(if_absent));
}

std::optional<EventBatch> Operator::status(const std::string& step_run_id) const {
  const auto& library = core_->library();
  stepop_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = STEPOP_SLOT(*library, status)(core_->op(), step_run_id.c_str(), &batch, &error);
  if (code == STEPOP_OK) return EventBatch(library, batch);
  if (code != STEPOP_E_NOT_FOUND) throw library->failure(code, error, "status");
  library->release(error);
  return std::nullopt;
}

std::optional<EventBatch> Operator::wait(const std::string& step_run_id, std::chrono::milliseconds timeout) const {
  const auto& library = core_->library();
  stepop_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code =
      STEPOP_SLOT(*library, wait)(core_->op(), step_run_id.c_str(), timeout.count(), &batch, &error);
  if (code == STEPOP_OK) return EventBatch(library, batch);
  if (code != STEPOP_E_TIMEOUT) throw library->failure(code, error, "wait");
  library->release(error);
  return std::nullopt;
}

std::optional<EventBatch> Operator::next_events(std::uint32_t max, std::chrono::milliseconds timeout) const {
  const auto& library = core_->library();
  stepop_batch* batch = nullptr;
  stepop_error* error = nullptr;
  const stepop_code code = STEPOP_SLOT(*library, next_events)(core_->op(), max, timeout.count(), &batch, &error);
  if (code == STEPOP_OK) return EventBatch(library, batch);
  if (code != STEPOP_E_TIMEOUT && code != STEPOP_E_WOULD_BLOCK) throw library->failure(code, error, "next_events");
  library->release(error);
  return std::nullopt;
}

int Operator::event_fd() const {
  std::int32_t descriptor = -1;
  STEPOP_CALL(event_fd, &descriptor);
  return descriptor;
}

void Operator::cancel(const std::string& step_run_id, std::optional<std::chrono::milliseconds> grace) const {
  STEPOP_CALL(cancel, step_run_id.c_str(), grace ? grace->count() : STEPOP_GRACE_DEFAULT);
}

std::uint64_t Operator::attach(const json::object& filter, Own own) const {
  std::uint64_t ticket = 0;
  STEPOP_CALL(attach, json::serialize(filter).c_str(), static_cast<std::uint32_t>(own), &ticket);
  return ticket;
}

LogStream Operator::open_logs(const std::string& step_run_id, const LogOptions& options) const {
  json::object wanted{{"follow", options.follow}};
  if (options.since) wanted["since"] = rfc3339(*options.since);
  if (options.tail_lines) wanted["tail_lines"] = *options.tail_lines;
  stepop_logs* logs = nullptr;
  std::uint64_t ticket = 0;
  STEPOP_CALL(logs_open, step_run_id.c_str(), json::serialize(wanted).c_str(), &logs, &ticket);
  return {core_, logs, ticket};
}

void Operator::forget(const std::string& step_run_id, const json::object& options) const {
  const std::string text = json::serialize(options);
  STEPOP_CALL(forget, step_run_id.c_str(), options.empty() ? nullptr : text.c_str());
}

void Operator::shutdown(std::chrono::milliseconds timeout) const {
  STEPOP_CALL(shutdown, timeout.count());
}

}  // namespace stepop::host
