// The settings that decide what happens to a step, as opposed to those that describe its pod.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace stepop::request {

namespace json = boost::json;

// What `forget` removes.
enum class Cleanup { on_success, never, always };
// What becomes of a step whose node nobody hears of any more.
enum class OnNodeLost { wait, replace };

// The initialisers are the defaults; what each setting means is said where it is declared, in
// policy.cpp.
struct Policy {
  Cleanup cleanup = Cleanup::on_success;
  std::chrono::seconds startup_timeout{600};
  std::chrono::seconds refusal_grace{30};
  std::chrono::seconds lost_after{900};
  // ZenML 0.98's default.
  std::vector<std::string> fail_on_container_waiting_reasons{"InvalidImageName", "ErrImagePull", "ImagePullBackOff",
                                                             "CreateContainerConfigError"};
  std::chrono::seconds waiting_reason_grace{60};
  std::chrono::seconds scheduling_timeout{0};  // 0: none
  std::uint32_t max_startup_retries = 3;
  std::uint32_t max_disruption_restarts = 0;
  OnNodeLost on_node_lost = OnNodeLost::wait;
  bool operator==(const Policy&) const = default;
};

// All members, under the names of the settings. It is kept on the workload, so that a later life of
// the host, which may not have the request, goes by the same policy.
json::object to_json(const Policy&);

// Lenient, because another version may have written it: unknown members are ignored, and what is
// missing or does not read has its default. Never throws for what the text says.
Policy policy_from_json(const json::object&);

}  // namespace stepop::request
