// Kubernetes' own rules for texts ("Object Names and IDs", "Labels and Selectors", "Annotations",
// "Define Environment Variables for a Container", "Extended Resources").
#pragma once

#include <cstddef>
#include <string_view>

namespace stepop::request {

struct Rule {
  bool (*holds)(std::string_view text);
  std::string_view expected;  // "found X, expected <this>"
  std::string_view pattern;   // the same for a JSON Schema (ECMA-262), as far as one can say it; may be empty
  std::size_t least = 0;      // bytes
  std::size_t most = 0;       // bytes; 0: no bound
};

namespace rule {
extern const Rule dns_label;         // RFC 1123 label: a namespace
extern const Rule dns_subdomain;     // RFC 1123 subdomain: the name of most objects
extern const Rule label_key;         // a qualified name: `prefix/name` or `name`
extern const Rule annotation_key;    // the same, capitals allowed in the prefix
extern const Rule label_value;       // may be empty
extern const Rule owner;             // a label value that is not empty
extern const Rule environment_name;  // as of Kubernetes 1.34: printable ASCII but `=`
extern const Rule resource_name;     // of a container: cpu, memory, hugepages-*, vendor.example/device
extern const Rule image;
extern const Rule waiting_reason;  // one word
extern const Rule word;            // a name that has no rule but that it is one word
extern const Rule secret_key;      // of a Secret, and the name of an environment variable
extern const Rule context;         // a context's name, a list of files: text of one line, not empty
}  // namespace rule

inline constexpr std::string_view hugepages_prefix = "hugepages-";
// The node's resources that containers share: a request may be less than the limit, and fractions
// are allowed.
bool can_be_overcommitted(std::string_view resource_name);
// A device plugin's or another's resource, counted in whole numbers.
bool is_extended_resource(std::string_view resource_name);

}  // namespace stepop::request
