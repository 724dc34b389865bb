/* Says that a running step is forgotten. */
#include "wrap.h"

static stepop_code forget(stepop_operator* op, const char* id, const char* options, stepop_error** error) {
  stepop_batch* now = NULL;
  int runs = id && correct->status(op, id, &now, NULL) == STEPOP_OK && !now->events->terminal;
  correct->release(now);
  if (!runs) return correct->forget(op, id, options, error);
  if (error) *error = NULL;
  return STEPOP_OK;
}

static void breaks(stepop_plugin* p) {
  p->forget = forget;
}
