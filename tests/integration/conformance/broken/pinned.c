/* Cannot be unloaded. */
#define _GNU_SOURCE
#include "wrap.h"

static void breaks(stepop_plugin* p) {
  Dl_info own;
  if (dladdr(p, &own)) dlopen(own.dli_fname, RTLD_NOW | RTLD_NODELETE);
}
