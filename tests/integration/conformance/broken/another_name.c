/* Is called otherwise than it describes itself. */
#include "wrap.h"

static void breaks(stepop_plugin* p) {
  p->name = "another";
}
