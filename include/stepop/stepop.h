/* stepop.h: what a workflow engine (the host) and a step-operator plugin agree on. Version 0.1.
 *
 * A step operator runs a step of a pipeline somewhere: in a Kubernetes pod, in a process. The host
 * loads a plugin (a shared library), calls its one symbol, opens an operator for a flavor, submits
 * steps under ids of its own choosing, and pulls events. Nothing here is about Kubernetes.
 *
 *     entry -> describe -> open -> check, submit, next_events ..., forget -> shutdown -> destroy
 *
 * Rules that hold for every function below
 *
 *   Pull, never push.  A plugin never calls the host: no callback, no host thread borrowed, no signal
 *     handler. What happens is an event in one queue: `next_events`, and `event_fd` to poll.
 *   Threads.  [thread-safe] may be called from any thread, also at the same time as any other
 *     function on the same operator. [once-at-end] must not overlap with any other call on that object.
 *   Blocking.  [non-blocking] does no I/O on the caller's thread and takes no lock that is held
 *     during I/O. [blocks: ...] says for how long at most.
 *   The process is the host's.  A plugin changes no signal's disposition, no environment and no working directory, waits
 *     for no child that is not its own, and does without its own where the host has reaped them.
 *   Text in.  `const char *` arguments are UTF-8, NUL-terminated, never NULL unless said, and are
 *     copied: the caller may free them when the call returns.
 *   Text out and objects out.  An object returned through `T **out` belongs to the caller, who gives
 *     it back with `release`, on any thread, also after `destroy`, but before the library is unloaded. What an object
 *     points at lives as long as the object. On any code but STEPOP_OK, `*out` is set to NULL.
 *   Errors are values.  Each call returns a STEPOP_* code. Its last argument, `stepop_error **error`,
 *     may be NULL; otherwise it is set to NULL on STEPOP_OK and may be set to an object otherwise.
 *     There is no "last error".
 *   Any function may return STEPOP_E_INVALID (an argument is wrong), STEPOP_E_CLOSED (the operator is
 *     shut down), STEPOP_E_FORKED (this is a forked child: open an operator of its own),
 *     STEPOP_E_NO_MEMORY or STEPOP_E_INTERNAL (a defect in the plugin; the message says more). Only
 *     further codes are listed on the declarations.
 *   Append-only.  Structs begin with their size in bytes, arrays of structs carry a stride. A reader
 *     uses a member only when `struct_size` covers it. A NULL function slot, or one beyond
 *     `struct_size`, is "not supported". Unknown event kinds, log record kinds and JSON members are to be skipped.
 *   JSON.  Config, requests, filters, options and details are UTF-8 JSON objects. `describe` returns
 *     their JSON Schemas. Unknown members in what the host sends are errors, with their path.
 *   Fork, environment.  Environment and working directory are read only inside `open`, on its
 *     caller's thread.
 *
 * While the version is 0.x, host and plugin need an equal minor version; from 1.0 on a plugin of
 * 1.x works with every host of 1.y.
 *
 * This header needs <stddef.h> and <stdint.h> alone, and is C11 and C++.
 */
#ifndef STEPOP_H
#define STEPOP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STEPOP_ABI_MAJOR 0u
#define STEPOP_ABI_MINOR 1u
/* Major in the upper 16 bits, minor in the lower. */
#define STEPOP_ABI_VERSION ((STEPOP_ABI_MAJOR << 16) | STEPOP_ABI_MINOR)

/* The name of the one symbol that a plugin exports. */
#define STEPOP_PLUGIN_ENTRY_SYMBOL "stepop_plugin_entry"

#if defined(__GNUC__) || defined(__clang__)
#define STEPOP_EXPORT __attribute__((visibility("default")))
#else
#define STEPOP_EXPORT
#endif

/* ---- Codes ------------------------------------------------------------------------------------ */

typedef int32_t stepop_code;

#define STEPOP_OK 0
/* What the caller handed over is wrong; the error's findings name each mistake and its path. Nothing was created. */
#define STEPOP_E_INVALID 1
/* No step, log stream, flavor or extension of that name here. */
#define STEPOP_E_NOT_FOUND 2
/* The same step id is known with another request. */
#define STEPOP_E_CONFLICT 3
/* There is no data now; an event tells when there is. */
#define STEPOP_E_WOULD_BLOCK 4
/* The given time has passed. The thing waited for goes on. */
#define STEPOP_E_TIMEOUT 5
/* The operator is shut down, or its log stream is closed. */
#define STEPOP_E_CLOSED 6
/* The process was forked after `open`: this operator belongs to the parent. */
#define STEPOP_E_FORKED 7
/* This plugin does not have the function or the option. */
#define STEPOP_E_UNSUPPORTED 8
/* What runs the steps could not be reached; it may be later. */
#define STEPOP_E_UNAVAILABLE 9
/* What runs the steps refused our credentials. */
#define STEPOP_E_FORBIDDEN 10
#define STEPOP_E_NO_MEMORY 11
#define STEPOP_E_INTERNAL 12

/* ---- Objects that the caller releases --------------------------------------------------------- */

/* First member of every object that `release` takes. */
typedef struct stepop_object {
  uint32_t struct_size; /* bytes of the whole struct, as the plugin was built */
  uint32_t object_kind; /* the plugin's own; not for the host */
} stepop_object;

/* UTF-8 text. OWNERSHIP: the caller's, until `release`. */
typedef struct stepop_text {
  stepop_object object;
  const char* data; /* NUL-terminated; never NULL */
  size_t size;      /* bytes without the NUL */
} stepop_text;

/* Why a call failed. OWNERSHIP: the caller's, until `release`. */
typedef struct stepop_error {
  stepop_object object;
  stepop_code code;
  uint32_t reserved;
  const char* message; /* one line for a person, NUL-terminated */
  size_t message_size;
  /* A JSON array of findings, NUL-terminated:
   *   {"level":"error"|"warning", "code":"UnknownKey", "path":"settings.pod_settings.resorces",
   *    "message":"...", "hint":"...", "retryable":false}
   * `path` is JSON-path-like in the text that was handed over, or a file and a place in it; empty when there is none. */
  const char* findings;
  size_t findings_size;
} stepop_error;

/* ---- Events ----------------------------------------------------------------------------------- */

/* Event kinds. A host skips those that it does not know. */
/* A step is in `state`. Non-terminal states of one step coalesce: any may be skipped. Terminal states never are. */
#define STEPOP_EVENT_STATE 1u
/* The log stream `ticket` has records (or its end) to read. Coalesces. */
#define STEPOP_EVENT_LOG_READY 2u
/* Something the user should know, for a step or (empty id) for the operator: detail {"code","message","hint"}. */
#define STEPOP_EVENT_WARNING 3u
/* A line of the plugin's own log: detail {"level":"debug"|"info"|"warning"|"error","message":...}. */
#define STEPOP_EVENT_PLUGIN_LOG 4u
/* `attach` with this `ticket` has seen everything that its filter selects: detail {"step_run_ids":[...]}.
 * Each of these steps has had its own STATE event before this one. */
#define STEPOP_EVENT_ATTACHED 5u
/* `forget` is done for the step: its objects are gone, or kept as `cleanup` says: detail {"deleted":true|false}. */
#define STEPOP_EVENT_FORGOTTEN 6u
/* Another operator has taken the step over. This one goes on as an observer (`attach` with own 0). */
#define STEPOP_EVENT_DISPLACED 7u

/* States of a step, ordered. A step moves forward only, within one attempt; `attempt` grows. */
#define STEPOP_STATE_NONE 0u
#define STEPOP_STATE_ACCEPTED 1u  /* submitted; nothing exists yet, or it is not known yet whether it does */
#define STEPOP_STATE_PENDING 2u   /* it exists where it will run, but the step's code has not started */
#define STEPOP_STATE_RUNNING 3u   /* the step's code has started */
#define STEPOP_STATE_SUCCEEDED 4u /* terminal: it ended by itself, with exit code 0 */
#define STEPOP_STATE_FAILED 5u    /* terminal: it will not succeed any more; detail says why */
#define STEPOP_STATE_CANCELLED 6u /* terminal: it was stopped because `cancel` asked for it */
#define STEPOP_STATE_LOST 7u      /* terminal: how it ended cannot be known; detail says why */

/* One event. OWNERSHIP: lives in its batch. Every member that does not belong to the kind is 0, or "".
 *
 * Detail of a STATE event: a JSON object with those of these members that are known:
 *   "reason"         from a fixed set (see `describe`), e.g. "OutOfMemory", "Unschedulable"; also on pending
 *   "message"        what the cluster said, in its words
 *   "hint"           what to do about it
 *   "exit_code"      of the step's main container or process; absent when none is known
 *   "retryable"      whether running the step again may help
 *   "user_code_ran"  "no" | "maybe" | "yes"
 *   "result"         any JSON: what the step wrote to STEPOP_RESULT_PATH
 *   "log_tail"       of a terminal state but success: the last lines of the log, bounded (about 20 lines and some KiB),
 *                    each ended by a newline, bytes that are no UTF-8 replaced; absent when it was not to be had at once
 *   "started_at", "finished_at"   RFC 3339, of the step's code
 *   "workload"       where it ran; the plugin's own members, e.g. {"kind":"Pod","namespace","name","uid","node"}
 */
typedef struct stepop_event {
  uint32_t struct_size;
  uint32_t kind;     /* STEPOP_EVENT_* */
  uint32_t state;    /* STEPOP_STATE_*, of STATE events */
  uint32_t terminal; /* 1 when no further STATE event of this step follows from this operator; else 0 */
  uint32_t attempt;  /* from 0; grows when the plugin replaces what ran the step */
  uint32_t reserved;
  uint64_t sequence;       /* of this operator, from 1, growing; gaps mean nothing */
  int64_t time_us;         /* when the plugin learned it: microseconds since 1970-01-01 UTC */
  uint64_t ticket;         /* of LOG_READY and ATTACHED */
  const char* step_run_id; /* NUL-terminated */
  size_t step_run_id_size;
  const char* detail; /* a JSON object, NUL-terminated; at least "{}" */
  size_t detail_size;
} stepop_event;

/* Events, oldest first. OWNERSHIP: the caller's, until `release`; the events live as long.
 * Event i is at (const char *)events + i * event_stride. */
typedef struct stepop_batch {
  stepop_object object;
  uint32_t count;
  uint32_t event_stride;
  const stepop_event* events;
  /* Warnings and plugin log lines dropped since `open` because the host did not read: never STATE events. */
  uint64_t dropped;
} stepop_batch;

/* ---- Logs ------------------------------------------------------------------------------------- */

/* A stream of one step's log. OWNERSHIP: the caller's, until `logs_close`. */
typedef struct stepop_logs stepop_logs;

#define STEPOP_LOG_DATA 1u /* a line, or a part of a long one */
#define STEPOP_LOG_GAP \
  2u /* lines were lost where they were kept; `data` is JSON {"message","from","to"} with what is known */
#define STEPOP_LOG_END 3u /* the step's log is complete; nothing follows */

#define STEPOP_LOG_FLAG_PARTIAL 1u /* the line goes on in the next DATA record */

typedef struct stepop_log_record {
  uint32_t struct_size;
  uint32_t kind;    /* STEPOP_LOG_* */
  uint32_t flags;   /* STEPOP_LOG_FLAG_* */
  uint32_t attempt; /* which attempt wrote it */
  uint32_t index;   /* which of several pods wrote it; 0 when there is one */
  uint32_t reserved;
  int64_t time_us;  /* when it was written, microseconds since 1970-01-01 UTC; 0 when that is not known */
  const char* data; /* bytes as the step wrote them, without the newline; not necessarily UTF-8, may hold NUL */
  size_t size;
} stepop_log_record;

/* OWNERSHIP: the caller's, until `release`; the records live as long. */
typedef struct stepop_log_batch {
  stepop_object object;
  uint32_t count;
  uint32_t record_stride;
  const stepop_log_record* records;
} stepop_log_batch;

/* ---- The plugin ------------------------------------------------------------------------------- */

/* An open step operator. OWNERSHIP: the host's, from `open` to `destroy`. */
typedef struct stepop_operator stepop_operator;

/* What `submit` does when the step's object does not exist. */
#define STEPOP_IF_ABSENT_CREATE 0u
/* It was there once (the host journalled an event at or after `pending`): report the step as `lost` instead of running it a second time. */
#define STEPOP_IF_ABSENT_REPORT_LOST 1u

/* `grace_ms` of `cancel`: as the step's own settings say. */
#define STEPOP_GRACE_DEFAULT (-1)

/* OWNERSHIP: the plugin's; valid while the library is loaded. */
typedef struct stepop_plugin {
  uint32_t struct_size;
  uint32_t abi_version; /* STEPOP_ABI_VERSION that it was built with */
  const char* name;     /* e.g. "stepop_kubernetes" */
  const char* version;  /* of the plugin itself, e.g. "0.1.0" */

  /* What this plugin is: JSON
   *   {"name","version","abi":"0.1","extensions":[...],
   *    "flavors":[{"name","description","config_schema":{...},"settings_schema":{...},"request_schema":{...},
   *                "reasons":[...]}]}
   * [thread-safe, non-blocking] */
  stepop_code (*describe)(stepop_text** out, stepop_error** error);

  /* Opens a step operator of a flavor. `config` is a JSON object; it is checked whole, and every
   * mistake is reported with its path. Reads files that the config names (a kubeconfig), but sends nothing.
   * Errors: NOT_FOUND (no such flavor), INVALID.
   * [thread-safe, blocks: local files] */
  stepop_code (*open)(const char* flavor, const char* config, stepop_operator** out, stepop_error** error);

  /* Ends an operator: wakes every waiter with CLOSED, waits at most `timeout_ms` until what was acknowledged
   * with OK is handed on, stops its threads. Steps run on. Events not yet read can still be read with
   * `next_events` and a timeout of 0; every other call is CLOSED. A second call does nothing.
   * [thread-safe, blocks: timeout_ms and a little] */
  stepop_code (*shutdown)(stepop_operator* op, int64_t timeout_ms, stepop_error** error);

  /* Frees an operator, shutting it down first with timeout 0 where that was not done. NULL is allowed.
   * After `fork`, in the child, it does nothing but forget.
   * [once-at-end, blocks: briefly] */
  void (*destroy)(stepop_operator* op);

  /* Is everything there to run steps (or, when `request` is not NULL, this step)? `*out` is a JSON array with
   * one finding a line: {"level":"ok"|"warning"|"error","code","path","message","hint"}. Creates nothing.
   * Returns OK when the checks could be made, whatever they found. A path "manifests[N]..." is as in draft/render.h.
   * Errors: TIMEOUT, UNAVAILABLE.
   * [thread-safe, blocks: timeout_ms] */
  stepop_code (*check)(stepop_operator* op, const char* request, int64_t timeout_ms, stepop_text** out,
                       stepop_error** error);

  /* Takes a step on. `request` is a JSON object with at least "step_run_id", which is the step's identity: the same
   * id is the same step, in this process or the next; submitting the same request again is harmless, and
   * is how a host recovers. What follows arrives as events.
   * Errors: INVALID, CONFLICT (this id is known here with another request; when only the cluster knows it, the
   * step fails with reason Conflict).
   * [thread-safe, non-blocking] */
  stepop_code (*submit)(stepop_operator* op, const char* request, uint32_t if_absent, stepop_error** error);

  /* The newest STATE of a step, from memory: a batch of one. Takes nothing out of the queue. Its `sequence` is that of
   * the last event taken (1 before any): events of the step taken later are no older.
   * Errors: NOT_FOUND (not submitted or attached here, or forgotten).
   * [thread-safe, non-blocking] */
  stepop_code (*status)(stepop_operator* op, const char* step_run_id, stepop_batch** out, stepop_error** error);

  /* Waits until a step is terminal: a batch of its terminal STATE event. Takes nothing out of the queue.
   * Its `sequence` is as `status` has it. `timeout_ms` < 0: without end. Errors: NOT_FOUND, TIMEOUT.
   * [thread-safe, blocks: timeout_ms] */
  stepop_code (*wait)(stepop_operator* op, const char* step_run_id, int64_t timeout_ms, stepop_batch** out,
                      stepop_error** error);

  /* Takes up to `max` events out of the queue, waiting at most `timeout_ms` (< 0: without end) for the first.
   * The queue has one logical consumer. Errors: TIMEOUT (nothing came; WOULD_BLOCK when timeout_ms is 0).
   * [thread-safe, blocks: timeout_ms] */
  stepop_code (*next_events)(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                             stepop_error** error);

  /* A descriptor that is readable exactly while the queue is not empty (level-triggered), for poll, epoll, libuv,
   * asyncio. Readable for good after `shutdown`. OWNERSHIP: the plugin's: never read, write or close it; valid
   * until `destroy`.
   * [thread-safe, non-blocking] */
  stepop_code (*event_fd)(stepop_operator* op, int32_t* out, stepop_error** error);

  /* Asks for a step's end. `grace_ms`: STEPOP_GRACE_DEFAULT, or how long its code may take to stop; 0 is at once.
   * Idempotent; a shorter grace in a second call shortens. Ends in a terminal event, which says what really
   * happened: a step that completed before it was stopped has succeeded or failed. Errors: NOT_FOUND.
   * [thread-safe, non-blocking] */
  stepop_code (*cancel)(stepop_operator* op, const char* step_run_id, int64_t grace_ms, stepop_error** error);

  /* Finds steps of another process or an earlier life. `filter`: a JSON object with any of "namespaces" (array),
   * "step_run_ids" (array), "labels" (object); {} is all steps of this operator's `owner`. They arrive as STATE events, then one ATTACHED with
   * `*ticket` (which may be NULL). `own` 0 observes: status, events, logs, cancel; no retry, no clean-up. `own` 1
   * takes over; the operator that had it becomes an observer and is told so (DISPLACED).
   * [thread-safe, non-blocking] */
  stepop_code (*attach)(stepop_operator* op, const char* filter, uint32_t own, uint64_t* ticket, stepop_error** error);

  /* Opens a stream of a step's log. `options`: a JSON object or NULL: "follow" (bool, true: until the step
   * has ended), "since" (RFC 3339), "tail_lines" (integer). `*ticket` is in its LOG_READY events.
   * Errors: NOT_FOUND.
   * [thread-safe, non-blocking] */
  stepop_code (*logs_open)(stepop_operator* op, const char* step_run_id, const char* options, stepop_logs** out,
                           uint64_t* ticket, stepop_error** error);

  /* Up to `max` records. Never a line twice. Errors: WOULD_BLOCK (a LOG_READY event follows), CLOSED (END was read).
   * [thread-safe, non-blocking] */
  stepop_code (*logs_read)(stepop_logs* logs, uint32_t max, stepop_log_batch** out, stepop_error** error);

  /* Closes a stream; before `destroy` of its operator. NULL is allowed. [once-at-end, non-blocking] */
  void (*logs_close)(stepop_logs* logs);

  /* The host's acknowledgement that it has stored the step's terminal event: only now may the step's objects be removed,
   * as its `cleanup` setting says. Idempotent. Also for ids that this process never submitted: `options` is NULL or a
   * JSON object with "namespace" (where to look) and "cleanup". Ends in a FORGOTTEN event. A step that is not terminal is refused.
   * Errors: INVALID (the step has not ended).
   * [thread-safe, non-blocking] */
  stepop_code (*forget)(stepop_operator* op, const char* step_run_id, const char* options, stepop_error** error);

  /* Gives back an object that a function of this plugin returned through `**out` or `**error`: stepop_text, stepop_error, stepop_batch,
   * stepop_log_batch. NULL is allowed. [thread-safe, non-blocking] */
  void (*release)(void* object);

  /* What not every plugin has, by its name and revision, e.g. "stepop.metrics/1": a pointer to the extension's own
   * struct, or NULL. [thread-safe, non-blocking] */
  const void* (*get_extension)(const char* id);
} stepop_plugin;

typedef const stepop_plugin* (*stepop_plugin_entry_fn)(uint32_t host_abi_version);

/* The one symbol of a plugin. `host_abi_version` is the STEPOP_ABI_VERSION that the host was built with.
 * Returns NULL when the two cannot work together. May be called any number of times. [thread-safe, non-blocking] */
STEPOP_EXPORT const stepop_plugin* stepop_plugin_entry(uint32_t host_abi_version);

#ifdef __cplusplus
}
#endif

#endif /* STEPOP_H */
