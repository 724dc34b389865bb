/* Handles a signal of the host's. */
#include <signal.h>

#include "wrap.h"

static void nothing(int number) {
  (void)number;
}

static stepop_code open_with_handler(const char* flavor, const char* config, stepop_operator** out,
                                     stepop_error** error) {
  signal(SIGPIPE, nothing);
  return correct->open(flavor, config, out, error);
}

static void breaks(stepop_plugin* p) {
  p->open = open_with_handler;
}
