/* A host, as somebody may have built it with the header of some version: host PLUGIN.so FLAVOR CONFIG REQUEST. Prints the
 * step's states. Exit status: 0 it ended, 2 the two do not fit. */
#include <dlfcn.h>
#include <stdio.h>
#include <stepop/stepop.h>
#include <string.h>

int main(int argc, char** argv) {
  if (argc != 5) return 3;
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  void* symbol = library ? dlsym(library, STEPOP_PLUGIN_ENTRY_SYMBOL) : NULL;
  if (!symbol) return fprintf(stderr, "%s\n", dlerror()), 3;
  stepop_plugin_entry_fn entry;
  memcpy(&entry, &symbol, sizeof entry);
  const stepop_plugin* plugin = entry(STEPOP_ABI_VERSION);
  if (!plugin)
    return fprintf(stderr, "%s does not work with ABI %u.%u\n", argv[1], STEPOP_ABI_MAJOR, STEPOP_ABI_MINOR), 2;
  printf("%s of ABI %u.%u\n", plugin->name, plugin->abi_version >> 16, plugin->abi_version & 0xffff);
#ifdef ONE_MORE
  /* What was added is used only where it is. */
  if (plugin->struct_size >= offsetof(stepop_plugin, one_more) + sizeof plugin->one_more && plugin->one_more)
    plugin->one_more();
#endif
  stepop_operator* op;
  stepop_error* error;
  if (plugin->open(argv[2], argv[3], &op, &error) || plugin->submit(op, argv[4], STEPOP_IF_ABSENT_CREATE, &error))
    return fprintf(stderr, "%s\n", error->message), 3;
  for (int ended = 0; !ended;) {
    stepop_batch* batch;
    if (plugin->next_events(op, 10, -1, &batch, NULL)) return 3;
    for (uint32_t i = 0; i < batch->count; i++) {
      const stepop_event* event = (const void*)((const char*)batch->events + i * batch->event_stride);
      if (event->kind == STEPOP_EVENT_STATE)
        printf("%s: state %u %s\n", event->step_run_id, (unsigned)event->state, event->detail);
      if (event->terminal) ended = !plugin->forget(op, event->step_run_id, NULL, NULL);
#ifdef ONE_MORE
      if (event->struct_size >= offsetof(stepop_event, one_more) + sizeof event->one_more)
        printf("one more member: %u\n", (unsigned)event->one_more);
#endif
    }
    plugin->release(batch);
  }
  plugin->shutdown(op, 5000, NULL);
  plugin->destroy(op);
  return dlclose(library);
}
