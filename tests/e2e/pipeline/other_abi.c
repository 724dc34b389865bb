/* A plugin of another ABI version, for the test of what the host says of it. With REFUSES it knows that the two cannot work
 * together and says so itself; else it hands out what a careless one would. */
#include <stddef.h>
#include <stepop/stepop.h>

#ifdef REFUSES
const stepop_plugin* stepop_plugin_entry(uint32_t host_abi_version) {
  (void)host_abi_version;
  return NULL;
}
#else
static const stepop_plugin plugin = {
    .struct_size = sizeof(stepop_plugin),
    .abi_version = 7u << 16 | 3u,
    .name = "from_the_future",
    .version = "7.3.0",
};

const stepop_plugin* stepop_plugin_entry(uint32_t host_abi_version) {
  (void)host_abi_version;
  return &plugin;
}
#endif
