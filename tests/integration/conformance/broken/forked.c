/* Remembers its descriptor, and hands it out in a forked child too. */
#include "wrap.h"

static int32_t known = -1;

static stepop_code event_fd(stepop_operator* op, int32_t* out, stepop_error** error) {
  stepop_code code = correct->event_fd(op, out, error);
  if (code == STEPOP_OK) known = *out;
  if (code != STEPOP_E_FORKED) return code;
  if (error) *error = NULL;
  *out = known;
  return STEPOP_OK;
}

static void breaks(stepop_plugin* p) {
  p->event_fd = event_fd;
}
