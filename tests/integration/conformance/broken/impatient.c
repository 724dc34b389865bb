/* Does not wait for an event, and says that the time has passed. */
#include "wrap.h"

static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                               stepop_error** error) {
  stepop_code code = correct->next_events(op, max, timeout_ms > 0 ? 0 : timeout_ms, out, error);
  return code == STEPOP_E_WOULD_BLOCK && timeout_ms > 0 ? STEPOP_E_TIMEOUT : code;
}

static void breaks(stepop_plugin* p) {
  p->next_events = next_events;
}
