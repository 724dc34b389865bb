// The states of a step as the host sees them: those of the contract, and three of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stepop::orchestrator {

enum class StepState {
  waiting,   // the host's: its needs are not met, or it has not been its turn
  accepted,  // submitted; from here to `lost` the contract's
  pending,
  running,
  succeeded,
  failed,
  cancelled,
  lost,
  skipped,  // the host's: never submitted and never will be
};

std::string_view to_text(StepState);
std::optional<StepState> step_state_from_text(std::string_view);
// Of a STEPOP_STATE_*; none for one that this host does not know.
std::optional<StepState> step_state_from_abi(std::uint32_t);

constexpr bool has_ended(StepState s) {
  return s >= StepState::succeeded;
}
// It is, or may be, somewhere outside this process.
constexpr bool is_active(StepState s) {
  return s == StepState::accepted || s == StepState::pending || s == StepState::running;
}

enum class RunState { running, succeeded, failed, cancelled };
std::string_view to_text(RunState);
std::optional<RunState> run_state_from_text(std::string_view);

}  // namespace stepop::orchestrator
