// Names on a pod that are stepop's own, and refused where a user gives them.
#pragma once

#include <array>
#include <string_view>

namespace stepop::request::reserved {

// The container that runs the step's command.
inline constexpr std::string_view main_container = "main";

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
// Those that a step of several pods gets, under ZenML's names. A pod's own index is in
// JOB_COMPLETION_INDEX, which Kubernetes sets ("Indexed Job").
inline constexpr std::string_view env_pod_count = "ZENML_KUBERNETES_POD_COUNT";
inline constexpr std::string_view env_main_address = "ZENML_KUBERNETES_MAIN_ADDRESS";
inline constexpr std::string_view env_main_port = "ZENML_KUBERNETES_MAIN_PORT";
inline constexpr std::array environment{env_step_run_id, env_attempt,      env_result_path, env_result_max,
                                        env_pod_count,   env_main_address, env_main_port};

}  // namespace stepop::request::reserved
