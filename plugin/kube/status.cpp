#include "kube/status.hpp"

#include <algorithm>

namespace stepop::kube {

namespace {

// A proxy's error page is no message: this much of its first line is enough to recognise it.
constexpr std::size_t longest_foreign_message = 300;

bool says(const Status& status, std::string_view words) noexcept {
  return status.message.find(words) != std::string::npos;
}

bool refused(const Status& status) noexcept {
  return status.code >= 400 && status.code < 500;
}

}  // namespace

Status status_of(int http_status, std::string_view body) {
  if (auto status = parse_status(body)) {
    // A Status repeats the answer's own code. One that says something that no refusal says has not been asked.
    if (status->code < 400 || status->code > 599) status->code = http_status;
    return std::move(*status);
  }
  Status status;
  status.code = http_status;
  const auto begin = body.find_first_not_of(" \t\r\n");
  if (begin != std::string_view::npos) {
    body.remove_prefix(begin);
    status.message = body.substr(0, std::min(body.find_first_of("\r\n"), longest_foreign_message));
  }
  if (status.message.empty()) status.message = "HTTP status " + std::to_string(http_status);
  return status;
}

bool is_rbac_forbidden(const Status& status) noexcept {
  // `x is forbidden: User "y" cannot get resource …`; a path has `forbidden: User "y" cannot get path`.
  if (status.code != 403) return false;
  const auto user = status.message.find("forbidden: User \"");
  return user != std::string::npos && status.message.find("\" cannot ", user) != std::string::npos;
}

bool is_quota_forbidden(const Status& status) noexcept {
  return status.code == 403 && says(status, "exceeded quota: ");
}

bool is_quota_unsatisfied(const Status& status) noexcept {
  return status.code == 403 && (says(status, "failed quota: ") || says(status, "status unknown for quota"));
}

bool is_namespace_terminating(const Status& status) noexcept {
  if (status.code != 403) return false;
  for (const Status::Cause& cause : status.details.causes) {
    if (cause.reason == "NamespaceTerminating") return true;
  }
  return says(status, "because it is being terminated");
}

bool is_namespace_not_found(const Status& status) noexcept {
  return status.code == 404 && (status.details.kind == "namespaces" || status.message.starts_with("namespaces \""));
}

bool is_pod_security_denied(const Status& status) noexcept {
  return status.code == 403 && says(status, "violates PodSecurity \"");
}

bool is_admission_denied(const Status& status) noexcept {
  // A webhook chooses its own code, 400 to 599; one that answers 200 with a refusal gets 403 or 400.
  if (status.code < 400) return false;
  const auto webhook = status.message.find("admission webhook \"");
  if (webhook != std::string::npos && (status.message.find("\" denied the request", webhook) != std::string::npos)) {
    return true;
  }
  return refused(status) && says(status, "ValidatingAdmissionPolicy '") && says(status, "denied request");
}

bool is_admission_call_failed(const Status& status) noexcept {
  return status.code >= 400 && says(status, "failed calling webhook \"");
}

bool is_service_account_missing(const Status& status) noexcept {
  return status.code == 403 && says(status, "error looking up service account ");
}

bool is_already_exists(const Status& status) noexcept {
  return status.code == 409 && status.reason == "AlreadyExists";
}

bool is_conflict(const Status& status) noexcept {
  return status.code == 409 && status.reason != "AlreadyExists";
}

bool is_other_uid(const Status& status) noexcept {
  if (is_conflict(status)) return says(status, "UID in precondition");
  return status.code == 422 && says(status, "metadata.uid");
}

bool is_not_found(const Status& status) noexcept {
  return status.code == 404;
}

bool is_expired(const Status& status) noexcept {
  return status.code == 410 || status.reason == "Expired" || status.reason == "Gone";
}

bool is_throttled(const Status& status) noexcept {
  return status.code == 429 || (status.code == 503 && status.details.retry_after.has_value());
}

std::vector<StrictError> strict_decoding_errors(const Status& status) {
  constexpr std::string_view before = "strict decoding error: ";
  constexpr std::string_view between = " field \"";
  std::vector<StrictError> errors;
  if (status.code != 400) return errors;
  std::string_view rest = status.message;
  const auto begin = rest.find(before);
  if (begin == rest.npos) return errors;
  rest.remove_prefix(begin + before.size());
  // A key that the user chose may hold a comma, but no quote: Go's %q escapes it.
  for (auto at = rest.find(between); at != rest.npos; at = rest.find(between)) {
    const auto kind = rest.rfind(' ', at == 0 ? 0 : at - 1);
    const auto word = kind == rest.npos ? 0 : kind + 1;
    const auto field = at + between.size();
    const auto end = rest.find('"', field);
    if (end == rest.npos) break;
    errors.push_back({std::string(rest.substr(word, end + 1 - word)), std::string(rest.substr(field, end - field))});
    rest.remove_prefix(end + 1);
  }
  return errors;
}

}  // namespace stepop::kube
