/* Has a descriptor that is always readable. */
#include <fcntl.h>

#include "wrap.h"

static int descriptor = -1;

static stepop_code event_fd(stepop_operator* op, int32_t* out, stepop_error** error) {
  stepop_code code = correct->event_fd(op, out, error);
  if (descriptor < 0) descriptor = open("/dev/zero", O_RDONLY);
  if (code == STEPOP_OK) *out = descriptor;
  return code;
}

static void breaks(stepop_plugin* p) {
  p->event_fd = event_fd;
}
