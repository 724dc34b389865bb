/* Open, run a step, shut down, destroy, dlclose, many times in one process.
 *
 *   unload PLUGIN CONFIG REQUEST ROUNDS
 *
 * REQUEST is a request without "step_run_id" and its braces: `"image":"...","command":["true"]`. After each round a line of
 * JSON: what the process has then. With -fsanitize=leak, everything that was not freed is told at the end. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <stepop/stepop.h>
#include <string.h>
#include <unistd.h>

#define STEP_MS 120000
#define SHUTDOWN_MS 10000

static void fail(const char* what, const stepop_error* error) {
  fprintf(stderr, "%s%s%s\n", what, error ? ": " : "", error ? error->message : "");
  exit(1);
}

/* A call whose last argument is &error. */
#define EXPECT_OK(call)                          \
  do {                                           \
    if ((call) != STEPOP_OK) fail(#call, error); \
  } while (0)

/* Reads events until one of `kind` (and, of a state, a terminal one) comes. */
static void await(const stepop_plugin* plugin, stepop_operator* op, uint32_t kind) {
  for (;;) {
    stepop_batch* batch = NULL;
    stepop_error* error = NULL;
    EXPECT_OK(plugin->next_events(op, 100, STEP_MS, &batch, &error));
    int found = 0;
    for (uint32_t i = 0; i < batch->count; ++i) {
      const stepop_event* event = (const stepop_event*)((const char*)batch->events + (size_t)i * batch->event_stride);
      if (event->kind != kind || (kind == STEPOP_EVENT_STATE && !event->terminal)) continue;
      found = 1;
      if (kind == STEPOP_EVENT_STATE && event->state != STEPOP_STATE_SUCCEEDED) {
        fprintf(stderr, "the step ended in state %u: %s\n", event->state, event->detail);
        exit(1);
      }
    }
    plugin->release(batch);
    if (found) return;
  }
}

static void round_trip(const char* file, const char* config, const char* request, int number) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library) fail(dlerror(), NULL);
  stepop_plugin_entry_fn entry;
  *(void**)&entry = dlsym(library, STEPOP_PLUGIN_ENTRY_SYMBOL);
  const stepop_plugin* plugin = entry ? entry(STEPOP_ABI_VERSION) : NULL;
  if (!plugin) fail("no plugin of this ABI", NULL);

  stepop_operator* op = NULL;
  stepop_error* error = NULL;
  EXPECT_OK(plugin->open("kubernetes", config, &op, &error));
  char id[64], text[4096];
  snprintf(id, sizeof id, "unload/%d/%d", (int)getpid(), number);
  snprintf(text, sizeof text, "{\"step_run_id\":\"%s\",%s}", id, request);
  EXPECT_OK(plugin->submit(op, text, STEPOP_IF_ABSENT_CREATE, &error));
  await(plugin, op, STEPOP_EVENT_STATE);
  stepop_logs* logs = NULL;
  EXPECT_OK(plugin->logs_open(op, id, NULL, &logs, NULL, &error));
  for (stepop_code code = STEPOP_OK; code != STEPOP_E_CLOSED;) {
    stepop_log_batch* batch = NULL;
    code = plugin->logs_read(logs, 100, &batch, NULL);
    plugin->release(batch);
    if (code == STEPOP_E_WOULD_BLOCK)
      await(plugin, op, STEPOP_EVENT_LOG_READY);
    else if (code != STEPOP_OK && code != STEPOP_E_CLOSED)
      fail("logs_read", NULL);
  }
  plugin->logs_close(logs);
  EXPECT_OK(plugin->forget(op, id, NULL, &error));
  await(plugin, op, STEPOP_EVENT_FORGOTTEN);
  EXPECT_OK(plugin->shutdown(op, SHUTDOWN_MS, &error));
  plugin->destroy(op);
  if (dlclose(library) != 0) fail(dlerror(), NULL);
}

static int entries(const char* directory) {
  DIR* open = opendir(directory);
  int count = 0;
  while (readdir(open)) ++count;
  closedir(open);
  return count - 2; /* . and .. */
}

static int is_mapped(const char* file) {
  FILE* maps = fopen("/proc/self/maps", "r");
  char line[4096];
  int found = 0;
  while (fgets(line, sizeof line, maps)) found |= strstr(line, strrchr(file, '/') + 1) != NULL;
  fclose(maps);
  return found;
}

/* The process's own pages, in memory or swapped out. Not those of files: a kernel that reclaims ahead of need takes and
 * gives them back at any time. */
static long own_bytes(void) {
  FILE* status = fopen("/proc/self/status", "r");
  char line[256];
  long sum = 0, kilobytes = 0;
  while (fgets(line, sizeof line, status))
    if (sscanf(line, "RssAnon: %ld kB", &kilobytes) == 1 || sscanf(line, "VmSwap: %ld kB", &kilobytes) == 1)
      sum += kilobytes;
  fclose(status);
  return sum * 1024;
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  /* mallinfo2 counts the main arena alone: let there be no other. */
  mallopt(M_ARENA_MAX, 1);
  for (int number = 1; number <= atoi(argv[4]); ++number) {
    round_trip(argv[1], argv[2], argv[3], number);
    const struct mallinfo2 heap = mallinfo2();
    /* What the heap keeps for the next round is no leak; how much it keeps grows once with its largest block. */
    malloc_trim(0);
    printf("{\"round\":%d,\"mapped\":%d,\"threads\":%d,\"descriptors\":%d,\"heap\":%zu,\"own\":%ld}\n", number,
           is_mapped(argv[1]), entries("/proc/self/task"), entries("/proc/self/fd"), heap.uordblks + heap.hblkhd,
           own_bytes());
    fflush(stdout);
  }
  return 0;
}
