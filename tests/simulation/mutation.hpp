#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace stepop::simulation {

// Bugs put in on purpose, between a machine and the cluster or in the host: the simulation has to find each of them.
// At least one breaks each invariant of the design.
enum class Mutation : std::uint8_t {
  none,
  // 1: no pod while an earlier one is not confirmed stopped
  new_name_after_lost_answer,  // a create whose answer was lost is sent again under another name
  deletion_confirms,           // a pod that is being deleted is taken for stopped, and the next attempt made
  // 2: the main container does not start again
  replaces_what_ran,  // a step whose code ran and failed is made again
  // 3: one terminal event, the same in every life
  ends_twice,        // the terminal event comes again with the next observation
  changes_its_mind,  // a later life calls a failed step succeeded
  // 4: nothing lost, nothing twice
  host_journals_after_submit,
  host_forgets_the_pending_entry,
  forgets_early,  // clean-up before the host has acknowledged
  // 5: no failure of the API is terminal
  unavailable_is_refused,    // 503 is read as 422
  refusal_believed_at_once,  // the first 403 is believed
  deadline_on_an_old_view,   // a deadline is judged without a newer view
  // 6: a cancelled step ends when it has stopped
  cancelled_once_deleted,     // the answer to DELETE is taken for the end
  removes_in_the_background,  // a Job goes at once, and its pod later
  // user_code_ran
  never_ran,  // `no`, always
  // Identity
  delete_by_name,  // DELETE without a uid
  // Ends
  success_whatever_the_exit,  // a terminated container is a success
  job_is_its_pod,             // a pod is taken to be deleted as soon as its Job is
  believes_the_job,           // a Job that is over says how its pods ended, which nobody saw
  first_pod_is_all,           // of several pods the first is taken for all
  keeps_a_leftover,           // a Service that is there is taken for this Job's, whoever owns it
  forgets_the_secret,         // a Secret is taken for made that was not asked for
  loses_an_answer,            // a call without an answer is waited for for ever
};
inline constexpr std::size_t mutations = static_cast<std::size_t>(Mutation::loses_an_answer) + 1;

inline constexpr std::array<std::string_view, mutations> mutation_names{"none",
                                                                        "new_name_after_lost_answer",
                                                                        "deletion_confirms",
                                                                        "replaces_what_ran",
                                                                        "ends_twice",
                                                                        "changes_its_mind",
                                                                        "host_journals_after_submit",
                                                                        "host_forgets_the_pending_entry",
                                                                        "forgets_early",
                                                                        "unavailable_is_refused",
                                                                        "refusal_believed_at_once",
                                                                        "deadline_on_an_old_view",
                                                                        "cancelled_once_deleted",
                                                                        "removes_in_the_background",
                                                                        "never_ran",
                                                                        "delete_by_name",
                                                                        "success_whatever_the_exit",
                                                                        "job_is_its_pod",
                                                                        "believes_the_job",
                                                                        "first_pod_is_all",
                                                                        "keeps_a_leftover",
                                                                        "forgets_the_secret",
                                                                        "loses_an_answer"};

}  // namespace stepop::simulation
