/* Libraries that are not quite plugins; which one is said by ODD. */
#include <stddef.h>
#include <stepop/stepop.h>
#include <string.h>

#define OTHER_ABI 1
#define REFUSES 2
#define INCOMPLETE 3
#define BAD_DESCRIPTION 4
#define MINIMAL 5
#define NO_ENTRY 6
#define UNLOADABLE 7

#if ODD == NO_ENTRY
STEPOP_EXPORT int something_else(void) {
  return 1;
}
#elif ODD == UNLOADABLE
void a_function_that_nobody_has(void);
STEPOP_EXPORT void something_else(void) {
  a_function_that_nobody_has();
}
#else

static struct { stepop_text text; } description;

static stepop_code describe(stepop_text** out, stepop_error** error) {
  if (error) *error = NULL;
  description.text.object.struct_size = sizeof description.text;
#if ODD == BAD_DESCRIPTION
  description.text.data = "{\"flavors\":[{}]}";
#else
  description.text.data = "{\"flavors\":[{\"name\":\"minimal\"},{\"name\":\"scripted\"}]}";
#endif
  description.text.size = strlen(description.text.data);
  *out = &description.text;
  return STEPOP_OK;
}

static int opened;
static stepop_code open_operator(const char* flavor, const char* config, stepop_operator** out, stepop_error** error) {
  (void)config;
  if (error) *error = NULL;
  *out = (stepop_operator*)&opened;
  return strcmp(flavor, "minimal") == 0 ? STEPOP_OK : 77;
}
static void destroy(stepop_operator* op) {
  (void)op;
}
static void release(void* object) {
  (void)object;
}

/* One event of a plugin that was built with an older, shorter struct, in an array with a longer stride. */
static struct {
  stepop_event event;
  char more[24];
} events[2];
static stepop_batch batch;
static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout, stepop_batch** out,
                               stepop_error** error) {
  (void)op, (void)max, (void)timeout;
  if (error) *error = NULL;
  for (int i = 0; i < 2; i++) {
    events[i].event.struct_size = offsetof(stepop_event, step_run_id);
    events[i].event.kind = 999;
    events[i].event.sequence = 5 + (uint64_t)i;
    events[i].event.step_run_id = (const char*)1; /* not to be read */
  }
  batch.object.struct_size = offsetof(stepop_batch, dropped);
  batch.count = 2;
  batch.event_stride = sizeof events[0];
  batch.events = &events[0].event;
  batch.dropped = 9; /* not to be read */
  *out = &batch;
  return STEPOP_OK;
}

static stepop_plugin plugin;

STEPOP_EXPORT const stepop_plugin* stepop_plugin_entry(uint32_t host) {
  (void)host;
#if ODD == REFUSES
  return NULL;
#endif
  plugin.struct_size = sizeof plugin;
  plugin.abi_version = STEPOP_ABI_VERSION;
#if ODD == OTHER_ABI
  plugin.abi_version = 7u << 16;
#endif
  plugin.name = "odd";
  plugin.version = "1";
  plugin.describe = describe;
  plugin.open = open_operator;
  plugin.destroy = destroy;
  plugin.next_events = next_events;
  plugin.release = release;
#if ODD == INCOMPLETE
  plugin.struct_size = offsetof(stepop_plugin, open);
#endif
  return &plugin;
}
#endif
