#include <gtest/gtest.h>

#include <algorithm>

#include "schedule.hpp"

namespace stepop::simulation {
namespace {

// Enough for each bug, by far: most show within a hundred.
constexpr std::uint64_t most_schedules = 20'000;

struct Bug {
  Mutation mutation;
  Rule rule;               // that it breaks
  std::uint64_t from = 1;  // the seed to begin with, where what it needs is rare
};

class BugPutInOnPurpose : public testing::TestWithParam<Bug> {};

bool breaks(const ScheduleResult& result, Rule rule) {
  return std::any_of(result.violations.begin(), result.violations.end(),
                     [&](const Violation& violation) { return violation.rule == rule; });
}

TEST_P(BugPutInOnPurpose, IsFound) {
  for (auto seed = GetParam().from; seed < GetParam().from + most_schedules; ++seed) {
    if (breaks(run_schedule({seed, GetParam().mutation}), GetParam().rule)) return;
  }
  FAIL() << mutation_names[static_cast<std::size_t>(GetParam().mutation)] << " does not break "
         << name_of(GetParam().rule);
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, BugPutInOnPurpose,
    testing::Values(
        Bug{Mutation::new_name_after_lost_answer, Rule::one_pod}, Bug{Mutation::deletion_confirms, Rule::one_pod},
        Bug{Mutation::replaces_what_ran, Rule::one_start}, Bug{Mutation::ends_twice, Rule::one_end},
        Bug{Mutation::changes_its_mind, Rule::one_end}, Bug{Mutation::host_journals_after_submit, Rule::nothing_lost},
        Bug{Mutation::host_forgets_the_pending_entry, Rule::one_start},
        Bug{Mutation::forgets_early, Rule::nothing_lost}, Bug{Mutation::unavailable_is_refused, Rule::not_the_api},
        Bug{Mutation::refusal_believed_at_once, Rule::not_the_api},
        Bug{Mutation::deadline_on_an_old_view, Rule::not_the_api}, Bug{Mutation::cancelled_once_deleted, Rule::stopped},
        Bug{Mutation::removes_in_the_background, Rule::stopped}, Bug{Mutation::job_is_its_pod, Rule::true_end},
        Bug{Mutation::believes_the_job, Rule::true_end}, Bug{Mutation::first_pod_is_all, Rule::true_end},
        Bug{Mutation::keeps_a_leftover, Rule::service, 17'800}, Bug{Mutation::never_ran, Rule::user_code_ran},
        Bug{Mutation::delete_by_name, Rule::right_pod}, Bug{Mutation::success_whatever_the_exit, Rule::true_end},
        Bug{Mutation::forgets_the_secret, Rule::secret}, Bug{Mutation::loses_an_answer, Rule::ends}),
    [](const testing::TestParamInfo<Bug>& tested) {
      return std::string(mutation_names[static_cast<std::size_t>(tested.param.mutation)]);
    });

}  // namespace
}  // namespace stepop::simulation
