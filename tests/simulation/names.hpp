#pragma once

#include <cstdint>
#include <string>

namespace stepop::simulation {

// Short, so that a copy of a pod costs little.
inline constexpr const char* namespace_name = "ns";
inline constexpr const char* owner_name = "host";

inline std::string hash_of(std::uint32_t step) {
  return "s" + std::to_string(step);
}
inline std::string pod_name_of(std::uint32_t step, std::uint32_t attempt) {
  return hash_of(step) + '-' + std::to_string(attempt);
}
// Every other step has a Secret, which is named like its pod.
constexpr bool has_secret(std::uint32_t step) {
  return step % 2 == 1;
}

}  // namespace stepop::simulation
