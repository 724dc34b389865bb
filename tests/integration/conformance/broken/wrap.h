/* A plugin that is correct but for one thing: it wraps a correct one, of which `breaks` changes what it breaks. */
#pragma once

#include <dlfcn.h>
#include <stdlib.h>
#include <stepop/stepop.h>
#include <string.h>

static const stepop_plugin* correct;
static stepop_plugin plugin;
static void* library;

/* Defined by each. */
static void breaks(stepop_plugin* plugin);

#ifndef HOST_VERSION
#define HOST_VERSION(version) (version)
#endif

STEPOP_EXPORT const stepop_plugin* stepop_plugin_entry(uint32_t host_abi_version) {
  if (!library) library = dlopen(CORRECT_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  void* symbol = library ? dlsym(library, STEPOP_PLUGIN_ENTRY_SYMBOL) : NULL;
  stepop_plugin_entry_fn entry;
  memcpy(&entry, &symbol, sizeof entry);
  const stepop_plugin* found = entry ? entry(HOST_VERSION(host_abi_version)) : NULL;
  if (!found) return NULL;
  correct = found;
  plugin = *found;
  breaks(&plugin);
  return &plugin;
}

__attribute__((destructor)) static void unload(void) {
  if (library) dlclose(library);
}
