/* Looks into a request that is not there. */
#include "wrap.h"

static stepop_code submit(stepop_operator* op, const char* request, uint32_t if_absent, stepop_error** error) {
  return correct->submit(op, request[0] == ' ' ? request + 1 : request, if_absent, error);
}

static void breaks(stepop_plugin* p) {
  p->submit = submit;
}
