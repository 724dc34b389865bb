#include "objects.hpp"

#include <cstdlib>
#include <cstring>
#include <new>

namespace stepop::plugin {
namespace {

// Says in a debugger what a block is; the host does not look at it.
enum ObjectKind : std::uint32_t { text_object = 1, error_object, batch_object, log_batch_object };

// A block that begins with a `T`, then `count` elements, then characters.
template <class T, class Element = char>
struct Block {
  T* head;
  Element* elements;
  char* characters;

  Block(std::uint32_t kind, std::size_t count, std::size_t character_count) {
    static_assert(sizeof(T) % alignof(Element) == 0);
    const std::size_t fixed = sizeof(T) + count * sizeof(Element);
    void* memory = std::calloc(1, fixed + character_count);
    if (memory == nullptr) throw std::bad_alloc();
    head = new (memory) T{};
    head->object.struct_size = sizeof(T);
    head->object.object_kind = kind;
    elements = reinterpret_cast<Element*>(static_cast<char*>(memory) + sizeof(T));
    characters = static_cast<char*>(memory) + fixed;
  }

  // Copies text into the block and ends it with a NUL.
  const char* put(std::string_view text) {
    char* at = characters;
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at[text.size()] = '\0';
    characters += text.size() + 1;
    return at;
  }
};

}  // namespace

stepop_text* make_text(std::string_view text) {
  Block<stepop_text> block(text_object, 0, text.size() + 1);
  block.head->data = block.put(text);
  block.head->size = text.size();
  return block.head;
}

stepop_error* make_error(stepop_code code, std::string_view message, std::string_view findings) {
  Block<stepop_error> block(error_object, 0, message.size() + findings.size() + 2);
  block.head->code = code;
  block.head->message = block.put(message);
  block.head->message_size = message.size();
  block.head->findings = block.put(findings);
  block.head->findings_size = findings.size();
  return block.head;
}

stepop_batch* make_batch(const std::list<QueuedEvent>& events, std::size_t count, std::uint64_t dropped) {
  std::size_t characters = 0;
  std::size_t i = 0;
  for (auto event = events.begin(); i < count; ++event, ++i)
    characters += event->step_run_id.size() + event->detail->size() + 2;

  Block<stepop_batch, stepop_event> block(batch_object, count, characters);
  i = 0;
  for (auto event = events.begin(); i < count; ++event, ++i) {
    stepop_event* out = new (block.elements + i) stepop_event{};
    out->struct_size = sizeof(stepop_event);
    out->kind = event->kind;
    out->state = event->state;
    out->terminal = event->kind == STEPOP_EVENT_STATE && is_terminal(static_cast<State>(event->state)) ? 1 : 0;
    out->attempt = event->attempt;
    out->sequence = event->sequence;
    out->time_us = event->time_us;
    out->ticket = event->ticket;
    out->step_run_id = block.put(event->step_run_id);
    out->step_run_id_size = event->step_run_id.size();
    out->detail = block.put(*event->detail);
    out->detail_size = event->detail->size();
  }
  block.head->count = static_cast<std::uint32_t>(count);
  block.head->event_stride = sizeof(stepop_event);
  block.head->events = block.elements;
  block.head->dropped = dropped;
  return block.head;
}

stepop_log_batch* make_log_batch(const std::deque<LogRecord>& records, std::size_t count) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < count; ++i) characters += records[i].data.size() + 1;

  Block<stepop_log_batch, stepop_log_record> block(log_batch_object, count, characters);
  for (std::size_t i = 0; i < count; ++i) {
    const LogRecord& record = records[i];
    stepop_log_record* out = new (block.elements + i) stepop_log_record{};
    out->struct_size = sizeof(stepop_log_record);
    out->kind = static_cast<std::uint32_t>(record.kind);
    out->flags = record.partial ? STEPOP_LOG_FLAG_PARTIAL : 0;
    out->attempt = record.attempt;
    out->index = record.index;
    out->time_us = record.time_us;
    out->data = block.put(record.data);
    out->size = record.data.size();
  }
  block.head->count = static_cast<std::uint32_t>(count);
  block.head->record_stride = sizeof(stepop_log_record);
  block.head->records = block.elements;
  return block.head;
}

void release(void* object) noexcept {
  std::free(object);
}

}  // namespace stepop::plugin
