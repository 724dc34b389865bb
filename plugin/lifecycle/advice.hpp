#pragma once

#include <string>
#include <string_view>

namespace stepop::lifecycle {

// What a person can do about a reason::*; empty where nothing but the message says it.
std::string hint_for(std::string_view reason);
// The same, with what the cluster's own message tells: for Unschedulable, what is missing on how many nodes; for ImagePull,
// whether it is the image or the registry.
std::string hint_for(std::string_view reason, std::string_view message);

// The same step may do better when it is run again as it is.
bool may_help_to_retry(std::string_view reason);
bool may_help_to_retry(std::string_view reason, std::string_view message);

// Why an operator that has attached cannot help a pod whose Secret is missing.
inline constexpr std::string_view secret_without_request =
    "The step's Secret is missing, and this process took the step over without its request, which has the values.";

}  // namespace stepop::lifecycle
