#include <stepop/host.hpp>

#include <cstring>

#include "library.hpp"

namespace stepop::host {
namespace {

// Readers of one object, each of which gives 0 or "" for a member that the plugin was built
// without.
template <class Object, class Member>
Member get(const Object* object, Member Object::*member) noexcept {
  return detail::member_of(*object, object->struct_size, member, Member{});
}

template <class Object>
std::string_view text(const Object* object, const char* Object::*data, std::size_t Object::*size) noexcept {
  const char* at = get(object, data);
  return at == nullptr ? std::string_view() : std::string_view(at, get(object, size));
}

Time time_of(std::int64_t microseconds) noexcept {
  return Time(std::chrono::microseconds(microseconds));
}

}  // namespace

EventKind Event::kind() const noexcept {
  return static_cast<EventKind>(get(event_, &stepop_event::kind));
}
State Event::state() const noexcept {
  return static_cast<State>(get(event_, &stepop_event::state));
}
bool Event::terminal() const noexcept {
  return get(event_, &stepop_event::terminal) != 0;
}
std::uint32_t Event::attempt() const noexcept {
  return get(event_, &stepop_event::attempt);
}
std::uint64_t Event::sequence() const noexcept {
  return get(event_, &stepop_event::sequence);
}
Time Event::time() const noexcept {
  return time_of(get(event_, &stepop_event::time_us));
}
std::uint64_t Event::ticket() const noexcept {
  return get(event_, &stepop_event::ticket);
}
std::string_view Event::step_run_id() const noexcept {
  return text(event_, &stepop_event::step_run_id, &stepop_event::step_run_id_size);
}
std::string_view Event::detail() const noexcept {
  return text(event_, &stepop_event::detail, &stepop_event::detail_size);
}

json::object Event::parse_detail() const {
  if (detail().empty()) return {};
  json::error_code error;
  json::value value = json::parse(detail(), error);
  if (error || !value.is_object())
    throw Error(STEPOP_E_INTERNAL, "the plugin wrote an event detail that is no JSON object");
  return std::move(value.get_object());
}

EventBatch::EventBatch(std::shared_ptr<const detail::Library> library, stepop_batch* batch) noexcept
    : library_(std::move(library)), batch_(batch) {}
EventBatch::EventBatch(EventBatch&& other) noexcept
    : library_(std::move(other.library_)), batch_(std::exchange(other.batch_, nullptr)) {}
EventBatch& EventBatch::operator=(EventBatch&& other) noexcept {
  EventBatch taken(std::move(other));
  std::swap(library_, taken.library_);
  std::swap(batch_, taken.batch_);
  return *this;
}
EventBatch::~EventBatch() {
  if (batch_ != nullptr) library_->release(batch_);
}

std::size_t EventBatch::size() const noexcept {
  return batch_ == nullptr ? 0 : batch_->count;
}
EventBatch::iterator EventBatch::begin() const noexcept {
  if (batch_ == nullptr) return {};
  return {reinterpret_cast<const char*>(batch_->events), batch_->event_stride};
}
EventBatch::iterator EventBatch::end() const noexcept {
  return begin() + static_cast<std::ptrdiff_t>(size());
}
std::uint64_t EventBatch::dropped() const noexcept {
  return batch_ == nullptr
             ? 0
             : detail::member_of(*batch_, batch_->object.struct_size, &stepop_batch::dropped, std::uint64_t{0});
}

Text::Text(std::shared_ptr<const detail::Library> library, stepop_text* text) noexcept
    : library_(std::move(library)), text_(text) {}
Text::Text(Text&& other) noexcept : library_(std::move(other.library_)), text_(std::exchange(other.text_, nullptr)) {}
Text& Text::operator=(Text&& other) noexcept {
  Text taken(std::move(other));
  std::swap(library_, taken.library_);
  std::swap(text_, taken.text_);
  return *this;
}
Text::~Text() {
  if (text_ != nullptr) library_->release(text_);
}
std::string_view Text::view() const noexcept {
  return text_ == nullptr ? std::string_view() : std::string_view(text_->data, text_->size);
}
const char* Text::c_str() const noexcept {
  return text_ == nullptr ? "" : text_->data;
}

LogKind LogRecord::kind() const noexcept {
  return static_cast<LogKind>(get(record_, &stepop_log_record::kind));
}
bool LogRecord::partial() const noexcept {
  return (get(record_, &stepop_log_record::flags) & STEPOP_LOG_FLAG_PARTIAL) != 0;
}
std::uint32_t LogRecord::attempt() const noexcept {
  return get(record_, &stepop_log_record::attempt);
}
std::uint32_t LogRecord::index() const noexcept {
  return get(record_, &stepop_log_record::index);
}
std::optional<Time> LogRecord::time() const noexcept {
  const std::int64_t microseconds = get(record_, &stepop_log_record::time_us);
  return microseconds == 0 ? std::nullopt : std::optional(time_of(microseconds));
}
std::string_view LogRecord::data() const noexcept {
  return text(record_, &stepop_log_record::data, &stepop_log_record::size);
}

LogBatch::LogBatch(std::shared_ptr<const detail::Library> library, stepop_log_batch* batch) noexcept
    : library_(std::move(library)), batch_(batch) {}
LogBatch::LogBatch(LogBatch&& other) noexcept
    : library_(std::move(other.library_)), batch_(std::exchange(other.batch_, nullptr)) {}
LogBatch& LogBatch::operator=(LogBatch&& other) noexcept {
  LogBatch taken(std::move(other));
  std::swap(library_, taken.library_);
  std::swap(batch_, taken.batch_);
  return *this;
}
LogBatch::~LogBatch() {
  if (batch_ != nullptr) library_->release(batch_);
}
std::size_t LogBatch::size() const noexcept {
  return batch_ == nullptr ? 0 : batch_->count;
}
LogRecord LogBatch::operator[](std::size_t i) const noexcept {
  return LogRecord(reinterpret_cast<const stepop_log_record*>(reinterpret_cast<const char*>(batch_->records) +
                                                              i * batch_->record_stride));
}
LogBatch::iterator LogBatch::begin() const noexcept {
  if (batch_ == nullptr) return {};
  return {reinterpret_cast<const char*>(batch_->records), batch_->record_stride};
}
LogBatch::iterator LogBatch::end() const noexcept {
  if (batch_ == nullptr) return {};
  return {reinterpret_cast<const char*>(batch_->records) + size() * batch_->record_stride, batch_->record_stride};
}

}  // namespace stepop::host
