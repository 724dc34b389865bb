// Who a step is: the names and hashes by which every life of every host finds it again. Pure; what
// these functions return for given arguments must never change, because objects in clusters carry
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "request/step_request.hpp"

namespace stepop::manifest {

struct Identity {
  std::string owner;
  std::string step_run_id;
  bool operator==(const Identity&) const = default;
};

// 80 bits of the SHA-256 of owner and id, in base32 (a-z, 2-7): 16 characters. Valid as a label
// value.
std::string step_hash(const Identity&);

// `<readable>-<step_hash>-<attempt>`: an RFC 1123 label ("Object Names and IDs") that starts with a
// letter, at most 52 characters long, so that an Indexed Job's pods (`<name>-<index>-<5
// characters>`, index at most 9999) stay within 63. `readable` is any text; of it at most 30
// characters are kept, in lower case, others than letters and digits turned to `-`. The hash does
// not depend on it.
std::string workload_name(std::string_view readable, const Identity&, std::uint32_t attempt);

// The readable part that a step's workloads have: job_name_prefix and its step's name.
std::string readable_name(const request::StepRequest&);

// 128 bits of the SHA-256 of what is asked (StepRequest::asked) with a schema number, in hex: 32
// characters. The same for the same request in every version of the plugin.
std::string request_hash(const request::StepRequest&);

}  // namespace stepop::manifest
