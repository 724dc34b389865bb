#include "manifest/identity.hpp"

#include <algorithm>
#include <boost/json/array.hpp>

#include "manifest/canonical.hpp"
#include "manifest/sha256.hpp"

namespace stepop::manifest {
namespace {

// What a hash is of; a change of what goes into one changes its tag. It is then another request (or
// another step) to every earlier version, so it must be for a reason.
constexpr const char* step_tag = "stepop step 1";
constexpr const char* request_tag = "stepop request 1";

constexpr std::size_t longest_readable = 30;
// An RFC 1123 label's 63, less `-9999-xxxxx` of an Indexed Job's pod.
constexpr std::size_t longest_name = 63 - 11;
constexpr std::size_t hash_length = 16;

constexpr std::size_t request_hash_bytes = 16;

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_letter_or_digit(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

// Lower case; runs of what a name cannot hold are one `-`; a letter first, a letter or digit last;
// never empty.
std::string readable_part(std::string_view text, std::size_t most) {
  constexpr std::string_view stand_in = "step";
  std::string part;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (is_letter_or_digit(c)) {
      part += c;
    } else if (!part.empty() && part.back() != '-') {
      part += '-';
    }
    if (part.size() > most) break;
  }
  if (part.empty()) return std::string(stand_in);
  if (!is_letter(part.front())) part.insert(0, std::string(stand_in) + '-');
  part.resize(std::min(part.size(), most));
  part.erase(part.find_last_not_of('-') + 1);
  return part;
}

}  // namespace

std::string step_hash(const Identity& identity) {
  return base32_of_80_bits(sha256(canonical(json::array{step_tag, identity.owner, identity.step_run_id})));
}

std::string workload_name(std::string_view readable, const Identity& identity, std::uint32_t attempt) {
  const std::string end = '-' + step_hash(identity) + '-' + std::to_string(attempt);
  return readable_part(readable, std::min(longest_readable, longest_name - end.size())) + end;
}

std::string readable_name(const request::StepRequest& request) {
  const std::string& prefix = request.settings.job_name_prefix;
  return prefix.empty() ? request.step_name : prefix + '-' + request.step_name;
}

std::string request_hash(const request::StepRequest& request) {
  return hex(sha256(canonical(json::array{request_tag, request.asked})), request_hash_bytes);
}

}  // namespace stepop::manifest
