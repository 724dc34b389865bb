// Names on a pod that are stepop's own, and refused where a user gives them.
#pragma once

#include <array>
#include <string_view>

namespace stepop::request::reserved {

// Labels and annotations under this prefix.
inline constexpr std::string_view key_prefix = "stepop.dev/";
// "Recommended Labels": which tool manages the object.
inline constexpr std::string_view managed_by = "app.kubernetes.io/managed-by";

// ZenML's labels: what `kubectl delete pod -l pipeline=NAME` selects by must be true.
inline constexpr std::array<std::string_view, 7> zenml_labels{"project_id", "run_id",      "run_name", "run",
                                                              "pipeline",   "step_run_id", "step_name"};

// Environment variables that every step gets.
inline constexpr std::string_view env_step_run_id = "STEPOP_STEP_RUN_ID";
inline constexpr std::string_view env_attempt = "STEPOP_ATTEMPT";
inline constexpr std::string_view env_result_path = "STEPOP_RESULT_PATH";
inline constexpr std::string_view env_result_max = "STEPOP_RESULT_MAX";
inline constexpr std::array<std::string_view, 4> environment{env_step_run_id, env_attempt, env_result_path,
                                                             env_result_max};

}  // namespace stepop::request::reserved
