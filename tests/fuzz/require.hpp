#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace stepop::fuzz {

// What must hold for any input. Says what does not, and ends the program, which libFuzzer takes for a finding.
inline void require(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

}  // namespace stepop::fuzz
