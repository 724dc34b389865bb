/* Waits for every child of the process, the host's too. */
#include <sys/wait.h>

#include "wrap.h"

static stepop_code next_events(stepop_operator* op, uint32_t max, int64_t timeout_ms, stepop_batch** out,
                               stepop_error** error) {
  stepop_code code = correct->next_events(op, max, timeout_ms, out, error);
  while (waitpid(-1, NULL, WNOHANG) > 0) continue;
  return code;
}

static void breaks(stepop_plugin* p) {
  p->next_events = next_events;
}
