#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/timestamp.hpp"

namespace stepop::lifecycle {

// In the order of a step's life; everything from `succeeded` on is terminal.
enum class StepState { accepted, pending, running, succeeded, failed, cancelled, lost };

constexpr bool is_terminal(StepState state) {
  return state >= StepState::succeeded;
}

// Whether the main container's process was ever started. It never goes down.
enum class UserCodeRan { no, maybe, yes };

std::string_view to_string(StepState);
std::string_view to_string(UserCodeRan);

// Why a step is not (yet) a success. The set is fixed, and `describe` lists it.
namespace reason {
inline constexpr std::string_view invalid_request = "InvalidRequest";
inline constexpr std::string_view conflict = "Conflict";
inline constexpr std::string_view forbidden = "Forbidden";
inline constexpr std::string_view namespace_missing = "NamespaceMissing";
inline constexpr std::string_view namespace_terminating = "NamespaceTerminating";
inline constexpr std::string_view quota_exceeded = "QuotaExceeded";
inline constexpr std::string_view admission_denied = "AdmissionDenied";
inline constexpr std::string_view cluster_unavailable = "ClusterUnavailable";
inline constexpr std::string_view unschedulable = "Unschedulable";
inline constexpr std::string_view image_pull = "ImagePull";
inline constexpr std::string_view invalid_image_name = "InvalidImageName";
inline constexpr std::string_view container_config = "ContainerConfig";
inline constexpr std::string_view start_timeout = "StartTimeout";
inline constexpr std::string_view init_container_failed = "InitContainerFailed";
inline constexpr std::string_view cannot_run = "CannotRun";
inline constexpr std::string_view non_zero_exit = "NonZeroExit";
inline constexpr std::string_view out_of_memory = "OutOfMemory";
inline constexpr std::string_view evicted = "Evicted";
inline constexpr std::string_view preempted = "Preempted";
inline constexpr std::string_view node_lost = "NodeLost";
inline constexpr std::string_view node_rejected = "NodeRejected";
inline constexpr std::string_view deadline_exceeded = "DeadlineExceeded";
inline constexpr std::string_view deleted = "Deleted";
inline constexpr std::string_view invalid_result = "InvalidResult";
inline constexpr std::string_view workload_vanished = "WorkloadVanished";
}  // namespace reason

const std::vector<std::string_view>& all_reasons();

// Where the step runs.
struct Place {
  std::string namespace_;
  std::string pod;
  std::string uid;
  std::string node;
  std::string kind = "Pod";  // of the workload whose name and uid these are
  bool operator==(const Place&) const = default;
};

// What a step's state is and why: the content of one STATE event.
struct Report {
  StepState state = StepState::accepted;
  std::uint32_t attempt = 0;
  std::string reason;   // one of reason::*, or empty
  std::string message;  // in the cluster's words
  std::string hint;     // what to do
  bool retryable = false;
  std::optional<std::int32_t> exit_code;
  UserCodeRan user_code_ran = UserCodeRan::no;
  std::optional<boost::json::value> result;
  std::optional<kube::Timestamp> started_at;
  std::optional<kube::Timestamp> finished_at;
  Place place;
  bool operator==(const Report&) const = default;
};

}  // namespace stepop::lifecycle
