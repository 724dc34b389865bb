#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::kube {

/// A Kubernetes `Status`: what the API server says when it does not return an object
/// ("Kubernetes API Concepts"; meta/v1 Status in the API reference).
struct Status {
  struct Cause {
    std::string reason{};   ///< e.g. FieldValueInvalid
    std::string message{};  ///< for people
    std::string field{};    ///< e.g. spec.containers[0].image
  };
  struct Details {
    std::string name{};
    std::string group{};
    std::string kind{};
    std::string uid{};
    std::vector<Cause> causes{};
    std::optional<std::chrono::seconds> retry_after{};
  };

  /// HTTP status; 0 when the body did not say.
  int code = 0;
  std::string reason{};  ///< e.g. AlreadyExists, Forbidden, Expired
  std::string message{};
  Details details{};
};

/// Reads a body. Nothing when it is not a Status (a proxy's HTML page, an object, no JSON).
std::optional<Status> parse_status(std::string_view body);

/// Reads the body of an answer with this HTTP status, and makes the best Status of one that is
/// not a Status: `code` is the HTTP status, `message` the first line of a text body.
Status status_of(int http_status, std::string_view body);

// What kind of refusal it is. The API says it in words only; the words are those of the API
// server's own code (authorizer, quota and webhook admission), quoted beside each.

/// 403 by authorization: `pods is forbidden: User "x" cannot create resource "pods" …`.
bool is_rbac_forbidden(const Status& status) noexcept;
/// 403 by the ResourceQuota plugin: `… exceeded quota: compute, requested: …`.
bool is_quota_forbidden(const Status& status) noexcept;
/// 403 since no quota status is known yet, or a quota demands limits:
/// `failed quota: compute: must specify limits.memory`, `status unknown for quota`.
bool is_quota_unsatisfied(const Status& status) noexcept;
/// 403 by the NamespaceLifecycle plugin: `… because it is being terminated`, or the
/// NamespaceTerminating cause.
bool is_namespace_terminating(const Status& status) noexcept;
/// 404 for a namespace rather than for the object: `namespaces "x" not found`.
bool is_namespace_not_found(const Status& status) noexcept;
/// 403 by the PodSecurity plugin: `… violates PodSecurity "restricted:latest": …`.
bool is_pod_security_denied(const Status& status) noexcept;
/// 4xx by a webhook that answered no: `admission webhook "x" denied the request: …`, or by a
/// ValidatingAdmissionPolicy: `ValidatingAdmissionPolicy 'x' with binding 'y' denied request: …`.
bool is_admission_denied(const Status& status) noexcept;
/// A webhook that could not be asked: `failed calling webhook "x": …` (500, or 4xx of its own).
bool is_admission_call_failed(const Status& status) noexcept;
/// 403 since the service account (or its token) does not exist:
/// `error looking up service account ns/name: serviceaccount "name" not found`.
bool is_service_account_missing(const Status& status) noexcept;
/// 409, reason AlreadyExists: the name is taken.
bool is_already_exists(const Status& status) noexcept;
/// 409, any other reason: contention (a changed resourceVersion or uid, a quota race).
bool is_conflict(const Status& status) noexcept;
/// 409 since the object of that name has another uid than the request's precondition:
/// `Precondition failed: UID in precondition: x, UID in object meta: y`; or 422, `metadata.uid: Invalid value`.
bool is_other_uid(const Status& status) noexcept;
/// 404.
bool is_not_found(const Status& status) noexcept;
/// 410 Gone or Expired: the resourceVersion or continue token is too old.
bool is_expired(const Status& status) noexcept;
/// 429, or 503 with a delay: try again later.
bool is_throttled(const Status& status) noexcept;

/// What `fieldValidation=Strict` refuses (400), one text for each field, in the server's words: `unknown field "spec.x"`,
/// `duplicate field "spec.y"`. The message has them behind `strict decoding error: `, separated by commas.
struct StrictError {
  std::string message{};
  std::string field{};  ///< spec.containers[0].x
};
std::vector<StrictError> strict_decoding_errors(const Status& status);

}  // namespace stepop::kube
