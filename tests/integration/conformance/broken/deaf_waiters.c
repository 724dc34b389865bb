/* Leaves those who wait asleep when the operator is shut down. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "wrap.h"

static stepop_code wait(stepop_operator* op, const char* id, int64_t timeout_ms, stepop_batch** out,
                        stepop_error** error) {
  stepop_code code = correct->wait(op, id, timeout_ms, out, error);
  if (code == STEPOP_E_CLOSED && timeout_ms < 0)
    for (struct timespec hour = {3600, 0};;) nanosleep(&hour, NULL);
  return code;
}

static void breaks(stepop_plugin* p) {
  p->wait = wait;
}
