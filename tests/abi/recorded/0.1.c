/* stepop.h 0.1 as it was recorded: see tests/abi/record. Not to be edited. */
#include <stepop/stepop.h>

#define CONSTANT(name, value) _Static_assert((name) == (value), #name " has changed")
#define TEXT(name, value) _Static_assert(__builtin_strcmp(name, value) == 0, #name " has changed")
#define SAME_TYPE(a, b) __builtin_types_compatible_p(a, b)
#define TYPE(name, type) _Static_assert(SAME_TYPE(name, type), #name " is another type")
/* Members may be added at the end; what is there stays where it is. */
#define SIZE(type, size) _Static_assert(sizeof(type) >= (size), #type " has shrunk")
#define MEMBER(type, member, offset, member_type)                               \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved"); \
  _Static_assert(SAME_TYPE(__typeof__(((type*)0)->member), member_type), #type "." #member " is another type")

CONSTANT(STEPOP_EVENT_ATTACHED, 5);
CONSTANT(STEPOP_EVENT_DISPLACED, 7);
CONSTANT(STEPOP_EVENT_FORGOTTEN, 6);
CONSTANT(STEPOP_EVENT_LOG_READY, 2);
CONSTANT(STEPOP_EVENT_PLUGIN_LOG, 4);
CONSTANT(STEPOP_EVENT_STATE, 1);
CONSTANT(STEPOP_EVENT_WARNING, 3);
CONSTANT(STEPOP_E_CLOSED, 6);
CONSTANT(STEPOP_E_CONFLICT, 3);
CONSTANT(STEPOP_E_FORBIDDEN, 10);
CONSTANT(STEPOP_E_FORKED, 7);
CONSTANT(STEPOP_E_INTERNAL, 12);
CONSTANT(STEPOP_E_INVALID, 1);
CONSTANT(STEPOP_E_NOT_FOUND, 2);
CONSTANT(STEPOP_E_NO_MEMORY, 11);
CONSTANT(STEPOP_E_TIMEOUT, 5);
CONSTANT(STEPOP_E_UNAVAILABLE, 9);
CONSTANT(STEPOP_E_UNSUPPORTED, 8);
CONSTANT(STEPOP_E_WOULD_BLOCK, 4);
CONSTANT(STEPOP_GRACE_DEFAULT, -1);
CONSTANT(STEPOP_IF_ABSENT_CREATE, 0);
CONSTANT(STEPOP_IF_ABSENT_REPORT_LOST, 1);
CONSTANT(STEPOP_LOG_DATA, 1);
CONSTANT(STEPOP_LOG_END, 3);
CONSTANT(STEPOP_LOG_FLAG_PARTIAL, 1);
CONSTANT(STEPOP_LOG_GAP, 2);
CONSTANT(STEPOP_OK, 0);
CONSTANT(STEPOP_STATE_ACCEPTED, 1);
CONSTANT(STEPOP_STATE_CANCELLED, 6);
CONSTANT(STEPOP_STATE_FAILED, 5);
CONSTANT(STEPOP_STATE_LOST, 7);
CONSTANT(STEPOP_STATE_NONE, 0);
CONSTANT(STEPOP_STATE_PENDING, 2);
CONSTANT(STEPOP_STATE_RUNNING, 3);
CONSTANT(STEPOP_STATE_SUCCEEDED, 4);
TEXT(STEPOP_PLUGIN_ENTRY_SYMBOL, "stepop_plugin_entry");

TYPE(stepop_code, int32_t);

SIZE(stepop_object, 8);
MEMBER(stepop_object, struct_size, 0, uint32_t);
MEMBER(stepop_object, object_kind, 4, uint32_t);

SIZE(stepop_text, 24);
MEMBER(stepop_text, object, 0, stepop_object);
MEMBER(stepop_text, data, 8, const char *);
MEMBER(stepop_text, size, 16, size_t);

SIZE(stepop_error, 48);
MEMBER(stepop_error, object, 0, stepop_object);
MEMBER(stepop_error, code, 8, stepop_code);
MEMBER(stepop_error, reserved, 12, uint32_t);
MEMBER(stepop_error, message, 16, const char *);
MEMBER(stepop_error, message_size, 24, size_t);
MEMBER(stepop_error, findings, 32, const char *);
MEMBER(stepop_error, findings_size, 40, size_t);

SIZE(stepop_event, 80);
MEMBER(stepop_event, struct_size, 0, uint32_t);
MEMBER(stepop_event, kind, 4, uint32_t);
MEMBER(stepop_event, state, 8, uint32_t);
MEMBER(stepop_event, terminal, 12, uint32_t);
MEMBER(stepop_event, attempt, 16, uint32_t);
MEMBER(stepop_event, reserved, 20, uint32_t);
MEMBER(stepop_event, sequence, 24, uint64_t);
MEMBER(stepop_event, time_us, 32, int64_t);
MEMBER(stepop_event, ticket, 40, uint64_t);
MEMBER(stepop_event, step_run_id, 48, const char *);
MEMBER(stepop_event, step_run_id_size, 56, size_t);
MEMBER(stepop_event, detail, 64, const char *);
MEMBER(stepop_event, detail_size, 72, size_t);

SIZE(stepop_batch, 32);
MEMBER(stepop_batch, object, 0, stepop_object);
MEMBER(stepop_batch, count, 8, uint32_t);
MEMBER(stepop_batch, event_stride, 12, uint32_t);
MEMBER(stepop_batch, events, 16, const stepop_event *);
MEMBER(stepop_batch, dropped, 24, uint64_t);

SIZE(stepop_log_record, 48);
MEMBER(stepop_log_record, struct_size, 0, uint32_t);
MEMBER(stepop_log_record, kind, 4, uint32_t);
MEMBER(stepop_log_record, flags, 8, uint32_t);
MEMBER(stepop_log_record, attempt, 12, uint32_t);
MEMBER(stepop_log_record, index, 16, uint32_t);
MEMBER(stepop_log_record, reserved, 20, uint32_t);
MEMBER(stepop_log_record, time_us, 24, int64_t);
MEMBER(stepop_log_record, data, 32, const char *);
MEMBER(stepop_log_record, size, 40, size_t);

SIZE(stepop_log_batch, 24);
MEMBER(stepop_log_batch, object, 0, stepop_object);
MEMBER(stepop_log_batch, count, 8, uint32_t);
MEMBER(stepop_log_batch, record_stride, 12, uint32_t);
MEMBER(stepop_log_batch, records, 16, const stepop_log_record *);

SIZE(stepop_plugin, 168);
MEMBER(stepop_plugin, struct_size, 0, uint32_t);
MEMBER(stepop_plugin, abi_version, 4, uint32_t);
MEMBER(stepop_plugin, name, 8, const char *);
MEMBER(stepop_plugin, version, 16, const char *);
MEMBER(stepop_plugin, describe, 24, stepop_code (*)(stepop_text **, stepop_error **));
MEMBER(stepop_plugin, open, 32, stepop_code (*)(const char *, const char *, stepop_operator **, stepop_error **));
MEMBER(stepop_plugin, shutdown, 40, stepop_code (*)(stepop_operator *, int64_t, stepop_error **));
MEMBER(stepop_plugin, destroy, 48, void (*)(stepop_operator *));
MEMBER(stepop_plugin, check, 56, stepop_code (*)(stepop_operator *, const char *, int64_t, stepop_text **, stepop_error **));
MEMBER(stepop_plugin, submit, 64, stepop_code (*)(stepop_operator *, const char *, uint32_t, stepop_error **));
MEMBER(stepop_plugin, status, 72, stepop_code (*)(stepop_operator *, const char *, stepop_batch **, stepop_error **));
MEMBER(stepop_plugin, wait, 80, stepop_code (*)(stepop_operator *, const char *, int64_t, stepop_batch **, stepop_error **));
MEMBER(stepop_plugin, next_events, 88, stepop_code (*)(stepop_operator *, uint32_t, int64_t, stepop_batch **, stepop_error **));
MEMBER(stepop_plugin, event_fd, 96, stepop_code (*)(stepop_operator *, int32_t *, stepop_error **));
MEMBER(stepop_plugin, cancel, 104, stepop_code (*)(stepop_operator *, const char *, int64_t, stepop_error **));
MEMBER(stepop_plugin, attach, 112, stepop_code (*)(stepop_operator *, const char *, uint32_t, uint64_t *, stepop_error **));
MEMBER(stepop_plugin, logs_open, 120, stepop_code (*)(stepop_operator *, const char *, const char *, stepop_logs **, uint64_t *, stepop_error **));
MEMBER(stepop_plugin, logs_read, 128, stepop_code (*)(stepop_logs *, uint32_t, stepop_log_batch **, stepop_error **));
MEMBER(stepop_plugin, logs_close, 136, void (*)(stepop_logs *));
MEMBER(stepop_plugin, forget, 144, stepop_code (*)(stepop_operator *, const char *, const char *, stepop_error **));
MEMBER(stepop_plugin, release, 152, void (*)(void *));
MEMBER(stepop_plugin, get_extension, 160, const void *(*)(const char *));

TYPE(stepop_plugin_entry_fn, const stepop_plugin *(*)(uint32_t));

TYPE(__typeof__(stepop_plugin_entry), const stepop_plugin *(uint32_t));
