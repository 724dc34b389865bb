#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace stepop::lifecycle {

enum class Cleanup { on_success, never, always };
enum class OnNodeLost { wait, replace };

// The step's settings that decide, as opposed to those that describe its pod.
struct Policy {
  std::chrono::milliseconds startup_timeout{600'000};
  std::chrono::milliseconds refusal_grace{30'000};
  std::chrono::milliseconds lost_after{900'000};
  std::chrono::milliseconds waiting_reason_grace{60'000};
  std::vector<std::string> fatal_waiting_reasons;
  std::optional<std::chrono::milliseconds> scheduling_timeout;
  unsigned max_startup_retries = 3;
  unsigned max_disruption_restarts = 0;
  OnNodeLost on_node_lost = OnNodeLost::wait;
  Cleanup cleanup = Cleanup::on_success;
};

}  // namespace stepop::lifecycle
