/* Tells the end of a step again when nothing else is to be told. */
#include "wrap.h"

static stepop_event again;
static stepop_batch batch = {{sizeof batch, 0}, 1, sizeof again, &again, 0};
static char id[600], detail[4096];

static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                               stepop_error** error) {
  stepop_code code = correct->next_events(op, max, timeout_ms, out, error);
  if (code == STEPOP_E_WOULD_BLOCK && again.struct_size) {
    *out = &batch;
    batch.object.object_kind++;
    if (batch.object.object_kind == 1) return STEPOP_OK;
    *out = NULL;
  }
  for (uint32_t i = 0; code == STEPOP_OK && i < (*out)->count; i++) {
    const stepop_event* event = &(*out)->events[i];
    if (event->kind != STEPOP_EVENT_STATE || !event->terminal) continue;
    again = *event;
    again.sequence += 1000;
    strncpy(id, event->step_run_id, sizeof id - 1);
    strncpy(detail, event->detail, sizeof detail - 1);
    again.step_run_id = id;
    again.detail = detail;
  }
  return code;
}

static void release(void* object) {
  if (object != &batch) correct->release(object);
}

static void breaks(stepop_plugin* p) {
  p->next_events = next_events;
  p->release = release;
}
