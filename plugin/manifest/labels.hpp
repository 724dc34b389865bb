// The labels and annotations of what stepop creates, and how they are read back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/identity.hpp"
#include "request/policy.hpp"
#include "request/reserved.hpp"
#include "request/settings.hpp"

namespace stepop::manifest {

namespace label {
inline constexpr std::string_view managed_by = request::reserved::managed_by;
inline constexpr std::string_view managed_by_stepop = "stepop";  // its value
inline constexpr std::string_view owner = "stepop.dev/owner";
inline constexpr std::string_view instance = "stepop.dev/instance";  // the open operator that owns the step now
inline constexpr std::string_view attempt = "stepop.dev/attempt";
inline constexpr std::string_view step = "stepop.dev/step";  // step_hash
}  // namespace label

namespace annotation {
inline constexpr std::string_view step_run_id = "stepop.dev/step-run-id";
inline constexpr std::string_view request_hash = "stepop.dev/request-hash";
inline constexpr std::string_view policy = "stepop.dev/policy";              // JSON, request::to_json
inline constexpr std::string_view cancelled_at = "stepop.dev/cancelled-at";  // RFC 3339; its end was asked for
inline constexpr std::string_view given_up =
    "stepop.dev/given-up";  // `<reason>: <message>`: stepop asked for its end by itself
inline constexpr std::string_view restarts = "stepop.dev/restarts";  // how many earlier attempts may have run user code
inline constexpr std::string_view replaced_by = "stepop.dev/replaced-by";  // the attempt that took this one's place
// Full text of what is a label only as far as a label can hold it.
inline constexpr std::string_view step_name = "stepop.dev/step-name";
inline constexpr std::string_view pipeline = "stepop.dev/pipeline";
inline constexpr std::string_view run_id = "stepop.dev/run-id";
inline constexpr std::string_view run_name = "stepop.dev/run-name";
inline constexpr std::string_view project_id = "stepop.dev/project-id";
}  // namespace annotation

// A name as a label value, by ZenML's rule: each run of characters that a label value cannot hold
// becomes one `-`; `.`, `_`, `-` at the ends go; then at most 63 characters. May be empty.
std::string label_value(std::string_view name);

// All labels of a step's pod: stepop's, ZenML's (those whose text is given), the user's.
request::StringMap pod_labels(const request::StepRequest&, const Identity&, std::string_view instance,
                              std::uint32_t attempt);
request::StringMap pod_annotations(const request::StepRequest&);

// Label selectors as the API takes them in `labelSelector`, not percent-encoded.
std::string owner_selector(std::string_view owner);  // every workload of this owner
std::string step_selector(const Identity&);          // every attempt of one step

// What stepop wrote on an object. An empty text: it is not there.
struct Marks {
  std::string owner;
  std::string instance;
  std::optional<std::uint32_t> attempt;
  std::string step_hash;
  std::string step_run_id;
  std::string request_hash;
  std::optional<request::Policy> policy;  // nothing when absent or no JSON object
  std::optional<std::string> cancelled_at;
  std::string given_up;
  std::uint32_t restarts = 0;
  bool replaced = false;
};

// The value of a key, or nothing. What it returns must live until marks_of has returned.
using Lookup = std::function<std::optional<std::string_view>(std::string_view key)>;
Marks marks_of(const Lookup& labels, const Lookup& annotations);

}  // namespace stepop::manifest
