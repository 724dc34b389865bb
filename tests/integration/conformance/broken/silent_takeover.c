/* Does not tell an operator that another one has taken its step over. */
#include "wrap.h"

static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                               stepop_error** error) {
  stepop_code code = correct->next_events(op, max, timeout_ms, out, error);
  for (uint32_t i = 0; code == STEPOP_OK && i < (*out)->count; i++) {
    stepop_event* event = (stepop_event*)&(*out)->events[i];
    if (event->kind == STEPOP_EVENT_DISPLACED) event->kind = 1000; /* of a later version, so to be skipped */
  }
  return code;
}

static void breaks(stepop_plugin* p) {
  p->next_events = next_events;
}
