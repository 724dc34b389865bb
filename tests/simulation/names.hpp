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
// The first two are pods, the others Jobs, the last two of several pods.
constexpr bool is_job(std::uint32_t step) {
  return step >= 2;
}
constexpr std::uint32_t pods_of(std::uint32_t step) {
  return step < 4 ? 1 : step - 2;
}
// They find each other by a Service, which is named like their Job.
constexpr bool has_service(std::uint32_t step) {
  return pods_of(step) > 1;
}
// Every other step has a Secret, which is named like its workload.
constexpr bool has_secret(std::uint32_t step) {
  return step % 2 == 1;
}

}  // namespace stepop::simulation
