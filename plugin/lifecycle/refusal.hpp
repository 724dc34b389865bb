#pragma once

#include <string>

#include "kube/status.hpp"

namespace stepop::lifecycle {

// What the API server's "no" to a create means for the step.
struct Refusal {
  enum class Kind {
    final_no,         // it will never be accepted as it is: the step fails at once
    access,           // 401, or 403 in RBAC's words: believed only after a while (an API server that has just started
                      // refuses for a moment what it will allow)
    room,             // quota: the step waits
    name_taken,       // 409 AlreadyExists
    try_again,        // certain to have had no effect: throttled, contention
    unknown_outcome,  // 5xx: it may have had an effect
  };
  Kind kind = Kind::unknown_outcome;
  std::string reason;  // one of reason::*, or empty
  std::string message;
};

Refusal read_create_refusal(const kube::Status& status);

// The same of a step's Secret. Its message has none of the server's words: a validation, or a webhook, may repeat what it
// refuses.
Refusal read_secret_refusal(const kube::Status& status);

// 401, or 403 in RBAC's words, whatever the call was.
bool is_access_refusal(const kube::Status& status);

}  // namespace stepop::lifecycle
