/* Gives every event the same number. */
#include "wrap.h"

static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                               stepop_error** error) {
  stepop_code code = correct->next_events(op, max, timeout_ms, out, error);
  for (uint32_t i = 0; code == STEPOP_OK && i < (*out)->count; i++) ((stepop_event*)(*out)->events)[i].sequence = 7;
  return code;
}

static void breaks(stepop_plugin* p) {
  p->next_events = next_events;
}
