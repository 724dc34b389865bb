// What a server says instead of an object: something is made of anything, and only the server's own "no" ends a step.
#include <algorithm>

#include "input.hpp"
#include "kube/status.hpp"
#include "lifecycle/refusal.hpp"
#include "lifecycle/report.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stepop;
  using namespace stepop::fuzz;
  using Kind = lifecycle::Refusal::Kind;
  Input input(data, size);
  constexpr int http[] = {403, 200, 302, 400, 401, 404, 408, 409, 410, 422, 429, 500, 503, 504};
  const int code = http[input.below(std::size(http))];

  const auto status = kube::status_of(code, input.text());
  const auto parsed = kube::parse_status(input.text());
  require(parsed || status.code == code, "what is no Status has the code of HTTP");
  require(parsed || (!status.message.empty() && status.message.size() <= 300), "what is no Status has a short message");
  require(parsed || status.message.find('\n') == std::string::npos, "what is no Status has one line");
  require(!status.details.retry_after || status.details.retry_after->count() >= 0, "a delay is not negative");

  require(!(kube::is_already_exists(status) && kube::is_conflict(status)), "409 means one thing");
  require(!kube::is_other_uid(status) || status.code == 409 || status.code == 422, "another uid is 409 or 422");

  const auto refusal = lifecycle::read_create_refusal(status);
  const auto& reasons = lifecycle::all_reasons();
  require(std::find(reasons.begin(), reasons.end(), refusal.reason) != reasons.end(), "a refusal has a reason");
  require(refusal.message == status.message, "a refusal is in the server's words");
  require(refusal.kind == Kind::access || !lifecycle::is_access_refusal(status), "401 and RBAC's 403 are about access");
  require(refusal.kind != Kind::access || status.code == 401 || status.code == 403, "nothing else is about access");
  if (refusal.kind == Kind::final_no) {
    require(status.code >= 400 && (status.code < 500 || kube::is_admission_denied(status)),
            "nothing is refused for good but by a 4xx, or by a webhook");
    require((status.code != 408 && status.code != 409 && status.code != 429) || kube::is_admission_denied(status),
            "what passes is not refused for good");
  }
  return 0;
}
