/* A whole plugin without an SDK, as somebody may have built it with the header of some version: a step ends as soon as it is
 * submitted. What it does not have (check, status, wait, cancel, attach, get_extension) are NULL slots. */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <stepop/stepop.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MOST = 64, ID_SIZE = 513 };
struct queued {
  uint32_t kind;
  uint64_t ticket;
  char id[ID_SIZE];
};
struct stepop_operator {
  pthread_mutex_t lock;
  int readable;
  uint64_t sequence;
  unsigned first, end;
  struct queued queue[MOST];
};
struct stepop_logs {
  uint64_t ticket;
};

static stepop_code fail(stepop_error** error, stepop_code code, const char* message) {
  stepop_error* made = error ? calloc(1, sizeof *made) : NULL;
  if (made) {
    made->object.struct_size = sizeof *made;
    made->code = code;
    made->message = message;
    made->message_size = strlen(message);
    made->findings = "[]";
    made->findings_size = 2;
  }
  if (error) *error = made;
  return code;
}

static stepop_code ok(stepop_error** error) {
  if (error) *error = NULL;
  return STEPOP_OK;
}

static void push(stepop_operator* op, uint32_t kind, const char* id, uint64_t ticket) {
  pthread_mutex_lock(&op->lock);
  struct queued* event = &op->queue[op->end++ % MOST];
  event->kind = kind;
  event->ticket = ticket;
  strncpy(event->id, id, ID_SIZE - 1);
  eventfd_write(op->readable, 1);
  pthread_mutex_unlock(&op->lock);
}

static stepop_code describe(stepop_text** out, stepop_error** error) {
  static char text[400];
  snprintf(text, sizeof text,
           "{\"name\":\"old\",\"version\":\"1\",\"abi\":\"%u.%u\",\"extensions\":[],\"flavors\":[{\"name\":\"old\","
           "\"description\":\"ends at once\",\"config_schema\":{},\"settings_schema\":{},\"request_schema\":{},"
           "\"reasons\":[]}]}",
           STEPOP_ABI_MAJOR, STEPOP_ABI_MINOR);
  *out = calloc(1, sizeof **out);
  (*out)->object.struct_size = sizeof **out;
  (*out)->data = text;
  (*out)->size = strlen(text);
  return ok(error);
}

static stepop_code open_operator(const char* flavor, const char* config, stepop_operator** out, stepop_error** error) {
  *out = NULL;
  if (strcmp(flavor, "old") != 0) return fail(error, STEPOP_E_NOT_FOUND, "no such flavor");
  if (config[0] != '{') return fail(error, STEPOP_E_INVALID, "the config is no JSON object");
  *out = calloc(1, sizeof **out);
  pthread_mutex_init(&(*out)->lock, NULL);
  (*out)->readable = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return ok(error);
}

static stepop_code shutdown_operator(stepop_operator* op, int64_t timeout_ms, stepop_error** error) {
  (void)timeout_ms;
  eventfd_write(op->readable, 1);
  return ok(error);
}

static void destroy(stepop_operator* op) {
  if (!op) return;
  close(op->readable);
  free(op);
}

static stepop_code submit(stepop_operator* op, const char* request, uint32_t if_absent, stepop_error** error) {
  (void)if_absent;
  char id[ID_SIZE] = "";
  const char* at = strstr(request, "\"step_run_id\"");
  if (!at || sscanf(at, "\"step_run_id\" : \"%512[^\"]", id) != 1)
    return fail(error, STEPOP_E_INVALID, "the request has no step_run_id");
  push(op, STEPOP_EVENT_STATE, id, 0);
  return ok(error);
}

static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                               stepop_error** error) {
  (void)max;
  *out = NULL;
  struct pollfd polled = {.fd = op->readable, .events = POLLIN};
  if (poll(&polled, 1, timeout_ms < 0 ? -1 : (int)timeout_ms) == 0)
    return fail(error, timeout_ms == 0 ? STEPOP_E_WOULD_BLOCK : STEPOP_E_TIMEOUT, "nothing came");
  pthread_mutex_lock(&op->lock);
  if (op->first == op->end) {
    pthread_mutex_unlock(&op->lock);
    return fail(error, STEPOP_E_CLOSED, "shut down");
  }
  struct {
    stepop_batch batch;
    stepop_event event;
    char id[ID_SIZE];
  }* made = calloc(1, sizeof *made);
  const struct queued* from = &op->queue[op->first++ % MOST];
  memcpy(made->id, from->id, ID_SIZE);
  made->batch.object.struct_size = sizeof made->batch;
  made->batch.count = 1;
  made->batch.event_stride = sizeof made->event;
  made->batch.events = &made->event;
  made->event.struct_size = sizeof made->event;
  made->event.kind = from->kind;
  made->event.state = from->kind == STEPOP_EVENT_STATE ? STEPOP_STATE_SUCCEEDED : STEPOP_STATE_NONE;
  made->event.terminal = from->kind == STEPOP_EVENT_STATE;
  made->event.sequence = ++op->sequence;
  made->event.ticket = from->ticket;
  made->event.step_run_id = made->id;
  made->event.step_run_id_size = strlen(made->id);
  made->event.detail = from->kind == STEPOP_EVENT_STATE ? "{\"result\":42}" : "{}";
  made->event.detail_size = strlen(made->event.detail);
  if (op->first == op->end) eventfd_read(op->readable, &(eventfd_t){0});
  pthread_mutex_unlock(&op->lock);
  *out = &made->batch;
  return ok(error);
}

static stepop_code event_fd(stepop_operator* op, int32_t* out, stepop_error** error) {
  *out = op->readable;
  return ok(error);
}

static stepop_code logs_open(stepop_operator* op, const char* id, const char* options, stepop_logs** out,
                             uint64_t* ticket, stepop_error** error) {
  (void)options;
  static uint64_t tickets;
  *out = calloc(1, sizeof **out);
  (*out)->ticket = ++tickets;
  if (ticket) *ticket = (*out)->ticket;
  push(op, STEPOP_EVENT_LOG_READY, id, (*out)->ticket);
  return ok(error);
}

static stepop_code logs_read(stepop_logs* logs, uint32_t max, stepop_log_batch** out, stepop_error** error) {
  (void)logs, (void)max;
  *out = NULL;
  return fail(error, STEPOP_E_CLOSED, "the log is empty");
}

static void logs_close(stepop_logs* logs) {
  free(logs);
}

static stepop_code forget(stepop_operator* op, const char* id, const char* options, stepop_error** error) {
  (void)options;
  push(op, STEPOP_EVENT_FORGOTTEN, id, 0);
  return ok(error);
}

static void release(void* object) {
  free(object);
}

#ifdef ONE_MORE
static void one_more(void) {
  puts("one more function was called");
}
#endif

static const stepop_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_version = STEPOP_ABI_VERSION,
    .name = "old",
    .version = "1",
    .describe = describe,
    .open = open_operator,
    .shutdown = shutdown_operator,
    .destroy = destroy,
    .submit = submit,
    .next_events = next_events,
    .event_fd = event_fd,
    .logs_open = logs_open,
    .logs_read = logs_read,
    .logs_close = logs_close,
    .forget = forget,
    .release = release,
#ifdef ONE_MORE
    .one_more = one_more,
#endif
};

const stepop_plugin* stepop_plugin_entry(uint32_t host_abi_version) {
  int fits =
      STEPOP_ABI_MAJOR == 0 ? host_abi_version == STEPOP_ABI_VERSION : host_abi_version >> 16 == STEPOP_ABI_MAJOR;
#ifdef CARELESS
  fits = 1;
#endif
  return fits ? &plugin : NULL;
}
