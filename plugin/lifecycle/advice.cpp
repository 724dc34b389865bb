#include "lifecycle/advice.hpp"

#include <algorithm>
#include <array>

#include "lifecycle/report.hpp"
#include "lifecycle/scheduling.hpp"

namespace stepop::lifecycle {

std::string hint_for(std::string_view why) {
  struct Hint {
    std::string_view reason;
    std::string_view text;
  };
  static constexpr std::array hints{
      Hint{reason::invalid_request, "Correct what the message names."},
      Hint{reason::cluster_unavailable, "stepop goes on trying: check that the API server can be reached."},
      Hint{reason::forbidden, "Give the account these rights in the namespace: packaging/rbac has the smallest Role."},
      Hint{reason::namespace_missing, "Create the namespace, or name another in kubernetes_namespace."},
      Hint{reason::namespace_terminating, "Name another namespace in kubernetes_namespace."},
      Hint{reason::quota_exceeded,
           "Wait for room, ask for less in pod_settings.resources, or raise the ResourceQuota."},
      Hint{reason::admission_denied, "A policy of this cluster refuses the pod as it is: change what it names."},
      Hint{reason::unschedulable,
           "Ask for less in pod_settings.resources, check node_selectors and tolerations, or add nodes."},
      Hint{reason::image_pull, "Check the image's name and tag, and that the cluster may pull it."},
      Hint{reason::invalid_image_name, "Correct the image's name."},
      Hint{reason::container_config, "Create the ConfigMap or Secret that the step names, or correct its name."},
      Hint{reason::start_timeout, "Look at the pod's events, or raise startup_timeout_seconds."},
      Hint{reason::init_container_failed, "Look at the log of the container that the message names."},
      Hint{reason::non_zero_exit, "Look at the end of the step's log."},
      Hint{reason::cannot_run, "Check the command: it must exist in the image and be executable."},
      Hint{reason::out_of_memory, "Set or raise pod_settings.resources.limits.memory, or make the step use less."},
      Hint{reason::evicted, "Ask for what the step needs in pod_settings.resources.requests, and run it again."},
      Hint{reason::preempted, "Run it again, or give it a higher priority."},
      Hint{reason::node_lost, "Run it again if it may run twice: nobody saw how it ended."},
      Hint{reason::node_rejected, "Run it again: the node could not take the pod."},
      Hint{reason::deadline_exceeded, "Raise active_deadline_seconds."},
      Hint{reason::deleted, "Somebody deleted the pod. Run the step again if that was not meant."},
      Hint{reason::invalid_result, "Write one JSON value to STEPOP_RESULT_PATH, at most STEPOP_RESULT_MAX bytes."},
      Hint{reason::workload_vanished,
           "The pod was removed while nobody watched. Look at what the step has written before running it again."},
      Hint{reason::conflict, "Give the changed step an id of its own."},
  };
  for (const auto& hint : hints) {
    if (hint.reason == why) return std::string(hint.text);
  }
  return {};
}

namespace {

// A failure that the message tells apart from others of its reason.
struct Special {
  std::string_view reason;
  std::string_view words;  // in the message
  std::string_view hint;
  bool retry_helps;
};
// What containerd says of a registry, the taint manager of an eviction, the kubelet of a volume, the API server of a
// webhook and of a service account.
constexpr std::array specials{
    Special{
        reason::image_pull, "429 Too Many Requests",
        "The registry limits how often images are pulled: try later, give pod_settings.image_pull_secrets, or use a "
        "mirror.",
        true},
    Special{
        reason::image_pull, "toomanyrequests",
        "The registry limits how often images are pulled: try later, give pod_settings.image_pull_secrets, or use a "
        "mirror.",
        true},
    Special{reason::image_pull, "connection refused", "The registry does not answer: check its name and port.", true},
    Special{reason::image_pull, "i/o timeout", "The registry does not answer the nodes of this cluster.", true},
    Special{reason::image_pull, "no such host", "The nodes cannot resolve the registry's name.", true},
    Special{reason::image_pull, "503 Service Unavailable", "The registry is out of order: try later.", true},
    Special{reason::evicted, "NoExecute taint",
            "Its node was tainted, or not heard of for a while: run it again, or tolerate the taint in "
            "pod_settings.tolerations.",
            true},
    Special{reason::container_config, "FailedMount",
            "Create the ConfigMap or Secret that a volume names, or correct its name or key.", false},
    Special{reason::admission_denied, "failed calling webhook",
            "An admission webhook of this cluster could not be asked, so nothing is decided: tell its owner.", true},
    Special{reason::admission_denied, "error looking up service account",
            "Create the service account, or name another in service_account_name.", false},
    Special{reason::container_config, secret_without_request,
            "Submit the step again: whoever has its request makes its Secret.", true},
};

const Special* special_of(std::string_view why, std::string_view message) {
  for (const auto& special : specials) {
    if (special.reason == why && message.find(special.words) != message.npos) return &special;
  }
  return nullptr;
}

}  // namespace

std::string hint_for(std::string_view why, std::string_view message) {
  if (const auto* special = special_of(why, message)) return std::string(special->hint);
  if (why == reason::unschedulable) {
    if (auto advice = scheduling_advice(message); !advice.empty()) return advice;
  }
  return hint_for(why);
}

bool may_help_to_retry(std::string_view why) {
  static constexpr std::array retryable{
      reason::quota_exceeded, reason::unschedulable,     reason::start_timeout,      reason::init_container_failed,
      reason::evicted,        reason::preempted,         reason::node_lost,          reason::node_rejected,
      reason::deleted,        reason::workload_vanished, reason::cluster_unavailable};
  return std::find(retryable.begin(), retryable.end(), why) != retryable.end();
}

bool may_help_to_retry(std::string_view why, std::string_view message) {
  const auto* special = special_of(why, message);
  return special ? special->retry_helps : may_help_to_retry(why);
}

}  // namespace stepop::lifecycle
