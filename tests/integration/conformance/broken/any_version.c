/* Says that it works with every host. */
#define HOST_VERSION(version) ((void)(version), STEPOP_ABI_VERSION)
#include "wrap.h"

static void breaks(stepop_plugin* p) {
  (void)p;
}
