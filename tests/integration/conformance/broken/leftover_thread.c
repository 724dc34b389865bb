/* Starts a thread for each operator, and leaves it when the operator goes. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <time.h>

#include "wrap.h"

static void* sleep_on(void* none) {
  for (struct timespec hour = {3600, 0};;) nanosleep(&hour, NULL);
  return none;
}

static stepop_code open_with_thread(const char* flavor, const char* config, stepop_operator** out,
                                    stepop_error** error) {
  stepop_code code = correct->open(flavor, config, out, error);
  pthread_t thread;
  if (code == STEPOP_OK && pthread_create(&thread, NULL, sleep_on, NULL) == 0) pthread_detach(thread);
  return code;
}

static void breaks(stepop_plugin* p) {
  p->open = open_with_thread;
}
