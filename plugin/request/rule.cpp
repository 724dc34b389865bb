#include "request/rule.hpp"

#include <algorithm>
#include <string>

namespace stepop::request {
namespace {

constexpr std::size_t longest_label = 63;       // of RFC 1123, of a label value, of a key's name
constexpr std::size_t longest_subdomain = 253;  // of RFC 1123: a key's prefix
constexpr std::size_t longest_text = 4096;      // ours: a line of text that names something

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_letter_or_digit(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

template <class Edge, class Inner>
bool has_form(std::string_view text, std::size_t most, Edge edge, Inner inner) {
  return !text.empty() && text.size() <= most && edge(text.front()) && edge(text.back()) &&
         std::all_of(text.begin(), text.end(), inner);
}

bool is_dns_label(std::string_view text, std::size_t most = longest_label) {
  return has_form(text, most, is_lower_or_digit, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  if (text.size() > longest_subdomain) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot), longest_subdomain)) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_name_part(std::string_view text) {
  return has_form(text, longest_label, is_letter_or_digit,
                  [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_qualified_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_name_part(text);
  return is_dns_subdomain(text.substr(0, slash)) && is_name_part(text.substr(slash + 1));
}

bool is_annotation_key(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return is_qualified_name(lower);
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_name_part(text);
}

bool is_environment_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

bool is_native_resource(std::string_view name) {
  return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != std::string_view::npos;
}

bool is_resource_name(std::string_view name) {
  if (!is_qualified_name(name)) return false;
  if (name.find('/') == std::string_view::npos) {
    return name == "cpu" || name == "memory" || name == "ephemeral-storage" || name.starts_with(hugepages_prefix);
  }
  return is_native_resource(name) || is_extended_resource(name);
}

// White space and control characters, none of which can stand in an image's name or a word.
bool is_blank_or_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7F;
}

bool is_word(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::none_of(text.begin(), text.end(), is_blank_or_control);
}

// IsConfigMapKey, but for names of dots alone.
bool is_secret_key(std::string_view text) {
  return !text.empty() && text.size() <= longest_subdomain && text.find_first_not_of('.') != std::string_view::npos &&
         !text.starts_with("..") && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

bool is_line(std::string_view text) {
  return !text.empty() && text.size() <= longest_text &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
}

}  // namespace

bool is_extended_resource(std::string_view name) {
  // Quotas put `requests.` before the name, which must then still be a qualified one.
  constexpr std::string_view quota_prefix = "requests.";
  return !is_native_resource(name) && !name.starts_with(quota_prefix) &&
         is_qualified_name(std::string(quota_prefix).append(name));
}

bool can_be_overcommitted(std::string_view name) {
  return is_native_resource(name) && !name.starts_with(hugepages_prefix);
}

namespace rule {

constexpr std::size_t longest_key = longest_subdomain + 1 + longest_label;

const Rule dns_label{[](std::string_view text) { return is_dns_label(text); },
                     "at most 63 lower-case letters, digits and `-`, with a letter or digit at "
                     "both ends (an RFC 1123 label)",
                     "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 1, longest_label};

const Rule dns_subdomain{is_dns_subdomain,
                         "at most 253 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of "
                         "each part (an RFC 1123 subdomain)",
                         "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", 1, longest_subdomain};

const Rule label_key{is_qualified_name,
                     "a label key: `name` or `prefix/name`, the name at most 63 letters, digits, "
                     "`-`, `_` and `.` with a letter or digit at both ends, the prefix a DNS "
                     "subdomain",
                     "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/"
                     ")?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$",
                     1, longest_key};

const Rule annotation_key{
    is_annotation_key,
    "an annotation key: `name` or `prefix/name`, the name at most 63 letters, digits, `-`, `_` and "
    "`.` with a letter or digit at both ends, the prefix a DNS subdomain",
    "^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*/"
    ")?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$",
    1, longest_key};

const Rule label_value{is_label_value,
                       "a label value: at most 63 letters, digits, `-`, `_` and `.` with a letter "
                       "or digit at both ends, or nothing",
                       "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$", 0, longest_label};

const Rule owner{is_name_part, "1 to 63 letters, digits, `-`, `_` and `.` with a letter or digit at both ends",
                 "^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$", 1, longest_label};

const Rule environment_name{is_environment_name, "the name of an environment variable: printable ASCII without `=`",
                            "^[ -<>-~]+$", 1, 0};

const Rule resource_name{is_resource_name,
                         "cpu, memory, ephemeral-storage, hugepages-<size>, or an extended "
                         "resource such as nvidia.com/gpu",
                         "^(cpu|memory|ephemeral-storage|hugepages-.+|.+/.+)$", 1, longest_key};

const Rule image{[](std::string_view text) { return is_word(text, longest_text); },
                 "an image such as registry.example/team/image:tag, without white space",
                 "^[^\\u0000-\\u0020\\u007f]+$", 1, longest_text};

const Rule waiting_reason{[](std::string_view text) { return is_word(text, longest_label); },
                          "a container's waiting reason such as ImagePullBackOff", "^[^\\u0000-\\u0020\\u007f]+$", 1,
                          longest_label};

const Rule word{[](std::string_view text) { return is_word(text, longest_subdomain); },
                "one word of at most 253 characters", "^[^\\u0000-\\u0020\\u007f]+$", 1, longest_subdomain};

const Rule secret_key{[](std::string_view text) { return is_secret_key(text); },
                      "the name of an environment variable: at most 253 letters, digits, `-`, `_` and `.`",
                      "^[-._A-Za-z0-9]+$", 1, longest_subdomain};

const Rule context{is_line, "a line of text that is not empty", "^[^\\u0000-\\u001f]+$", 1, longest_text};

}  // namespace rule
}  // namespace stepop::request
