/* Takes events out of the queue while somebody waits for a step. */
#include "wrap.h"

static stepop_code wait(stepop_operator* op, const char* id, int64_t timeout_ms, stepop_batch** out,
                        stepop_error** error) {
  stepop_code code = correct->wait(op, id, timeout_ms, out, error);
  stepop_batch* events;
  while (code == STEPOP_OK && correct->next_events(op, 100, 0, &events, NULL) == STEPOP_OK) correct->release(events);
  return code;
}

static void breaks(stepop_plugin* p) {
  p->wait = wait;
}
