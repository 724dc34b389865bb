/* stepop_run PLUGIN.so FLAVOR CONFIG REQUEST: a whole host in C. Runs one step, and prints its states, log and result.
 * CONFIG and REQUEST are JSON objects, or files that hold one. Exit status: 0 succeeded, 1 did not, 2 bad input. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <stepop/stepop.h>
#include <string.h>

static const stepop_plugin* plugin;
static stepop_error* error;

/* Ends the program when a call failed, with what the plugin says. */
static void need(stepop_code code) {
  if (code == STEPOP_OK) return;
  fprintf(stderr, "error %d: %s\n", (int)code, error ? error->message : "no message");
  if (error) fprintf(stderr, "%s\n", error->findings);
  exit(code == STEPOP_E_INVALID || code == STEPOP_E_NOT_FOUND || code == STEPOP_E_CONFLICT ? 2 : 1);
}

/* An argument that is JSON, or names a file that is. */
static char* json_of(const char* argument) {
  if (argument[strspn(argument, " \n\t")] == '{') return strdup(argument);
  FILE* file = fopen(argument, "rb");
  char* text = calloc(1, 1 << 20);
  if (!file || !text || fread(text, 1, (1 << 20) - 1, file) == 0) exit((perror(argument), 2));
  fclose(file);
  return text;
}

/* Prints what a log stream has now. Returns 1 when the log is complete. */
static int print_log(stepop_logs* logs) {
  stepop_log_batch* batch;
  stepop_code code;
  while ((code = plugin->logs_read(logs, 256, &batch, &error)) == STEPOP_OK) {
    for (uint32_t i = 0; i < batch->count; i++) {
      const stepop_log_record* r = (const void*)((const char*)batch->records + i * batch->record_stride);
      const char* end = r->flags & STEPOP_LOG_FLAG_PARTIAL ? "" : "\n";
      if (r->kind == STEPOP_LOG_DATA) printf("log: %.*s%s", (int)r->size, r->data, end);
    }
    plugin->release(batch);
  }
  plugin->release(error);
  return code == STEPOP_E_CLOSED;
}

int main(int argc, char** argv) {
  static const char* names[] = {"none", "accepted", "pending", "running", "succeeded", "failed", "cancelled", "lost"};
  if (argc != 5) return fprintf(stderr, "usage: %s PLUGIN.so FLAVOR CONFIG REQUEST\n", argv[0]), 2;
  char *config = json_of(argv[3]), *request = json_of(argv[4]), id[513] = "";
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  void* symbol = library ? dlsym(library, STEPOP_PLUGIN_ENTRY_SYMBOL) : NULL;
  if (!symbol) return fprintf(stderr, "%s\n", dlerror()), 2;
  stepop_plugin_entry_fn entry;
  memcpy(&entry, &symbol, sizeof entry); /* C has no cast from an object's to a function's address */
  if (!(plugin = entry(STEPOP_ABI_VERSION)))
    return fprintf(stderr, "%s does not work with ABI %u.%u\n", argv[1], STEPOP_ABI_MAJOR, STEPOP_ABI_MINOR), 2;
  stepop_operator* op;
  stepop_logs* logs = NULL;
  struct pollfd queue = {.events = POLLIN};
  need(plugin->open(argv[2], config, &op, &error));
  need(plugin->event_fd(op, &queue.fd, &error));
  need(plugin->submit(op, request, STEPOP_IF_ABSENT_CREATE, &error));
  uint32_t state = STEPOP_STATE_NONE;
  int log_complete = 0, forgotten = 0;
  while (!forgotten) {
    stepop_batch* batch;
    poll(&queue, 1, -1);
    if (plugin->next_events(op, 64, 0, &batch, NULL) != STEPOP_OK) continue;
    for (uint32_t i = 0; i < batch->count; i++) {
      const stepop_event* e = (const void*)((const char*)batch->events + i * batch->event_stride);
      if (e->kind == STEPOP_EVENT_STATE) {
        state = e->state;
        snprintf(id, sizeof id, "%s", e->step_run_id);
        printf("%s %s\n", state < 8 ? names[state] : "?", e->detail); /* a terminal one holds the result */
        if (!logs) need(plugin->logs_open(op, id, NULL, &logs, NULL, &error));
      } else if (e->kind == STEPOP_EVENT_LOG_READY) {
        log_complete = print_log(logs);
      } else if (e->kind == STEPOP_EVENT_WARNING) {
        fprintf(stderr, "warning: %s\n", e->detail);
      } else if (e->kind == STEPOP_EVENT_FORGOTTEN) {
        forgotten = 1;
      }
    }
    plugin->release(batch);
    fflush(stdout);
    if (state >= STEPOP_STATE_SUCCEEDED && log_complete == 1) { /* all is printed: what ran it may go */
      need(plugin->forget(op, id, NULL, &error));
      log_complete = 2;
    }
  }
  plugin->logs_close(logs);
  need(plugin->shutdown(op, 5000, &error));
  plugin->destroy(op);
  dlclose(library);
  free(config);
  free(request);
  return state == STEPOP_STATE_SUCCEEDED ? 0 : 1;
}
