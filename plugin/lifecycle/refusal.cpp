#include "lifecycle/refusal.hpp"

#include "lifecycle/report.hpp"

namespace stepop::lifecycle {

bool is_access_refusal(const kube::Status& status) {
  return status.code == 401 || (status.code == 403 && kube::is_rbac_forbidden(status));
}

namespace {

// Why the step's Secret is not there, in our own words.
std::string_view words_for_secret(std::string_view why) {
  if (why == reason::forbidden) return "This account may not create the step's Secret";
  if (why == reason::quota_exceeded) return "A ResourceQuota has no room for the step's Secret";
  if (why == reason::namespace_missing) return "The namespace for the step's Secret is not there";
  if (why == reason::namespace_terminating) return "The namespace for the step's Secret is being deleted";
  if (why == reason::admission_denied) return "A policy of this cluster refuses the step's Secret";
  if (why == reason::invalid_request) return "The API server finds the step's Secret invalid";
  return "The step's Secret could not be made yet";
}

}  // namespace

Refusal read_create_refusal(const kube::Status& status) {
  using Kind = Refusal::Kind;
  const auto no = [&](Kind kind, std::string_view why) { return Refusal{kind, std::string(why), status.message}; };

  if (is_access_refusal(status)) return no(Kind::access, reason::forbidden);
  if (kube::is_namespace_not_found(status)) return no(Kind::final_no, reason::namespace_missing);
  if (kube::is_namespace_terminating(status)) return no(Kind::final_no, reason::namespace_terminating);
  if (kube::is_already_exists(status)) return no(Kind::name_taken, reason::conflict);
  if (kube::is_quota_forbidden(status) || kube::is_quota_unsatisfied(status)) {
    return no(Kind::room, reason::quota_exceeded);
  }
  // A webhook that cannot be asked comes as 500, or as a 4xx of its own: it did not say no.
  if (kube::is_admission_call_failed(status)) return no(Kind::try_again, reason::admission_denied);
  if (kube::is_admission_denied(status) || kube::is_pod_security_denied(status)) {
    return no(Kind::final_no, reason::admission_denied);
  }
  // In a new namespace its default service account comes a moment later.
  if (kube::is_service_account_missing(status)) return no(Kind::access, reason::admission_denied);
  if (kube::is_throttled(status) || status.code == 429) return no(Kind::try_again, reason::cluster_unavailable);
  if (kube::is_conflict(status)) return no(Kind::try_again, reason::cluster_unavailable);
  // Less than 400 is not an API server's no: something between it and us answered, a login page for example.
  if (status.code >= 500 || status.code == 408 || status.code < 400)
    return no(Kind::unknown_outcome, reason::cluster_unavailable);
  if (status.code == 403) return no(Kind::final_no, reason::admission_denied);
  return no(Kind::final_no, reason::invalid_request);
}

Refusal read_secret_refusal(const kube::Status& status) {
  auto refusal = read_create_refusal(status);
  refusal.message = std::string(words_for_secret(refusal.reason)) + " (HTTP " + std::to_string(status.code) + ").";
  return refusal;
}

}  // namespace stepop::lifecycle
