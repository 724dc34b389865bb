#include "run/step_state.hpp"

#include <stepop/stepop.h>

#include <array>
#include <utility>

namespace stepop::orchestrator {
namespace {

constexpr std::array<std::pair<StepState, std::string_view>, 9> kStepStates{{
    {StepState::waiting, "waiting"},
    {StepState::accepted, "accepted"},
    {StepState::pending, "pending"},
    {StepState::running, "running"},
    {StepState::succeeded, "succeeded"},
    {StepState::failed, "failed"},
    {StepState::cancelled, "cancelled"},
    {StepState::lost, "lost"},
    {StepState::skipped, "skipped"},
}};

constexpr std::array<std::pair<RunState, std::string_view>, 4> kRunStates{{
    {RunState::running, "running"},
    {RunState::succeeded, "succeeded"},
    {RunState::failed, "failed"},
    {RunState::cancelled, "cancelled"},
}};

}  // namespace

std::string_view to_text(StepState state) {
  for (const auto& [known, text] : kStepStates) {
    if (known == state) return text;
  }
  return "";
}

std::optional<StepState> step_state_from_text(std::string_view text) {
  for (const auto& [state, known] : kStepStates) {
    if (known == text) return state;
  }
  return std::nullopt;
}

std::optional<StepState> step_state_from_abi(std::uint32_t state) {
  switch (state) {
    case STEPOP_STATE_ACCEPTED:
      return StepState::accepted;
    case STEPOP_STATE_PENDING:
      return StepState::pending;
    case STEPOP_STATE_RUNNING:
      return StepState::running;
    case STEPOP_STATE_SUCCEEDED:
      return StepState::succeeded;
    case STEPOP_STATE_FAILED:
      return StepState::failed;
    case STEPOP_STATE_CANCELLED:
      return StepState::cancelled;
    case STEPOP_STATE_LOST:
      return StepState::lost;
    default:
      return std::nullopt;
  }
}

std::string_view to_text(RunState state) {
  for (const auto& [known, text] : kRunStates) {
    if (known == state) return text;
  }
  return "";
}

std::optional<RunState> run_state_from_text(std::string_view text) {
  for (const auto& [state, known] : kRunStates) {
    if (known == text) return state;
  }
  return std::nullopt;
}

}  // namespace stepop::orchestrator
