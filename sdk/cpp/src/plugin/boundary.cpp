#include "boundary.hpp"

#include "objects.hpp"

namespace stepop::plugin {

stepop_code fail(stepop_error** error, const Error& failure) noexcept {
  if (error == nullptr) return failure.code();
  try {
    *error = make_error(failure.code(), failure.what(), json::serialize(to_json(failure.findings())));
  } catch (...) {
    *error = nullptr;  // no memory to say more than the code
  }
  return failure.code();
}

stepop_code fail(stepop_error** error, stepop_code code, std::string_view message) noexcept {
  if (error == nullptr) return code;
  try {
    return fail(error, Error(code, std::string(message)));
  } catch (...) {
    *error = nullptr;
  }
  return code;
}

void require(const void* argument, std::string_view name) {
  if (argument == nullptr) throw Error(STEPOP_E_INVALID, "the argument `" + std::string(name) + "` is NULL");
}

void require_timeout(std::int64_t timeout_ms) {
  if (timeout_ms < 0) throw Error(STEPOP_E_INVALID, "`timeout_ms` must be at least 0");
}

}  // namespace stepop::plugin
