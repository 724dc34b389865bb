/* Does not know a step any more once it has ended. */
#include "wrap.h"

static stepop_code cancel(stepop_operator* op, const char* id, int64_t grace_ms, stepop_error** error) {
  stepop_batch* now = NULL;
  int ended = id && correct->status(op, id, &now, NULL) == STEPOP_OK && now->events->terminal;
  correct->release(now);
  if (!ended) return correct->cancel(op, id, grace_ms, error);
  if (error) *error = NULL;
  return STEPOP_E_NOT_FOUND;
}

static void breaks(stepop_plugin* p) {
  p->cancel = cancel;
}
