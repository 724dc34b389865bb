/* Exports a symbol of its own, which another library may bind to. */
#include "wrap.h"

STEPOP_EXPORT int helper_of_two_symbols(void) {
  return 0;
}

static void breaks(stepop_plugin* p) {
  (void)p;
}
