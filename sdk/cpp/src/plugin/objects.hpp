// What is handed to the host: each object is one block of memory with all that it points at, so
// that `release` is one call of free and works after the operator is gone.
#pragma once

#include <stepop/plugin.hpp>

#include "event_queue.hpp"

namespace stepop::plugin {

// All throw std::bad_alloc.
stepop_text* make_text(std::string_view text);
stepop_error* make_error(stepop_code code, std::string_view message, std::string_view findings);
// The first `count` events of `events`.
stepop_batch* make_batch(const std::list<QueuedEvent>& events, std::size_t count, std::uint64_t dropped);
// The first `count` records of `records`.
stepop_log_batch* make_log_batch(const std::deque<LogRecord>& records, std::size_t count);

void release(void* object) noexcept;

}  // namespace stepop::plugin
