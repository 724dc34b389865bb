/* Reads a request again when the caller may have freed it. */
#include "wrap.h"

static const char* borrowed;
static volatile size_t length;

static stepop_code submit(stepop_operator* op, const char* request, uint32_t if_absent, stepop_error** error) {
  borrowed = request;
  return correct->submit(op, request, if_absent, error);
}

static stepop_code wait(stepop_operator* op, const char* id, int64_t timeout_ms, stepop_batch** out,
                        stepop_error** error) {
  if (borrowed) length = strlen(borrowed);
  return correct->wait(op, id, timeout_ms, out, error);
}

static void breaks(stepop_plugin* p) {
  p->submit = submit;
  p->wait = wait;
}
