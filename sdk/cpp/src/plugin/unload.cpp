// Gives back what the C++ runtime takes when a library that holds a copy of it is loaded.
//
// libstdc++ allocates a pool of some 70 KiB at start, from which it throws when there is no memory
// left, and never frees it. That is right for a program, which has one copy; a plugin that is
// linked with -static-libstdc++ has a copy of its own, and a host that loads and unloads it would
// lose the pool each time.
#include <dlfcn.h>

namespace __gnu_cxx {
// libstdc++'s own, made for leak checkers. Weak: another C++ runtime does not have it.
void __freeres() __attribute__((weak));
}  // namespace __gnu_cxx

namespace stepop::plugin {
namespace {

// Whether `function` is in the same file as this code: the runtime of the process is not ours to
// take down.
bool is_ours(void* function) {
  Dl_info theirs{};
  Dl_info ours{};
  return dladdr(function, &theirs) != 0 && dladdr(reinterpret_cast<void*>(&is_ours), &ours) != 0 &&
         theirs.dli_fbase == ours.dli_fbase;
}

// 101 is the first priority that is not the implementation's: of our destructors this one runs
// last.
__attribute__((destructor(101))) void free_runtime() {
  void (*const freeres)() = &__gnu_cxx::__freeres;
  if (freeres != nullptr && is_ours(reinterpret_cast<void*>(freeres))) freeres();
}

}  // namespace

// Referred to by `entry`, so that a linker takes this file out of its archive.
void link_unload() {}

}  // namespace stepop::plugin
