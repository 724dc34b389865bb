// Where C++ ends: an exception becomes a code and a stepop_error.
#pragma once

#include <stepop/plugin.hpp>

#include <new>

namespace stepop::plugin {

// Fills `*error`, where the caller wants one and there is memory for it. Returns `code`.
stepop_code fail(stepop_error** error, stepop_code code, std::string_view message) noexcept;
stepop_code fail(stepop_error** error, const Error& failure) noexcept;

// Runs `call`, which returns a code. Nothing that it throws gets past here.
template <class Call>
stepop_code guarded(stepop_error** error, Call&& call) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return call();
  } catch (const Error& failure) {
    return fail(error, failure);
  } catch (const std::bad_alloc&) {
    return fail(error, STEPOP_E_NO_MEMORY, "out of memory");
  } catch (const std::exception& defect) {
    return fail(error, STEPOP_E_INTERNAL, defect.what());
  } catch (...) {
    return fail(error, STEPOP_E_INTERNAL, "an exception that has no message");
  }
}

// Throws Error(INVALID) for an argument that must not be NULL.
void require(const void* argument, std::string_view name);
// The same for a time that may not be without end.
void require_timeout(std::int64_t timeout_ms);

}  // namespace stepop::plugin
