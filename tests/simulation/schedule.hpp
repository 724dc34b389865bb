#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "faults.hpp"
#include "invariants.hpp"
#include "mutation.hpp"

namespace stepop::simulation {

struct ScheduleOptions {
  std::uint64_t seed = 1;
  Mutation mutation = Mutation::none;
  // Of the seed's plan, the faults that are left out: bit i for the i-th.
  std::uint64_t without = 0;
  bool trace = false;
};

struct ScheduleResult {
  std::vector<Violation> violations;
  Coverage coverage;
  Plan plan;
  std::uint32_t faults_struck = 0;
  std::uint32_t lives = 0;
  std::uint32_t steps = 0;
  std::uint64_t events = 0;
  Duration virtual_time{0};
  std::vector<std::string> trace;

  // Enough happened for it to count.
  bool counts() const { return steps >= 5 && lives >= 2 && faults_struck >= 5; }
};

// One schedule: a cluster, a host and what befalls them, from the first submission until the host has forgotten
// every step. The same options give the same result, event by event.
ScheduleResult run_schedule(const ScheduleOptions& options);

// The faults that can be left out while a rule that `result` broke is still broken, found by leaving out one after another. Returns
// `options` with those left out.
ScheduleOptions shrink(ScheduleOptions options, const ScheduleResult& result);

}  // namespace stepop::simulation
