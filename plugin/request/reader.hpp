// Where reading stands in the text that was handed over, and the mistakes found so far.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <stepop/plugin.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stepop::request {

namespace json = boost::json;

// A place in the text. It points at the place that it is in, and at its own name: both must outlive
// it. The path is only written out when there is a mistake to report.
class Reader {
 public:
  // `warnings`: for what is taken, but not as it was meant; nothing is kept of it without.
  explicit Reader(std::vector<plugin::Finding>& findings, std::vector<plugin::Finding>* warnings = nullptr)
      : findings_(&findings), warnings_(warnings) {}

  Reader member(std::string_view name) const { return Reader(*this, name, no_index); }
  Reader element(std::size_t index) const { return Reader(*this, {}, index); }

  void report(std::string code, std::string message, std::string hint = "") const;
  void warn(std::string code, std::string message, std::string hint = "") const;
  std::size_t mistakes() const { return findings_->size(); }

  // `settings.pod_settings.labels["example.com/team"]`, `tolerations[0].key`
  std::string path() const;

 private:
  static constexpr std::size_t no_index = static_cast<std::size_t>(-1);
  Reader(const Reader& parent, std::string_view name, std::size_t index)
      : findings_(parent.findings_), warnings_(parent.warnings_), parent_(&parent), name_(name), index_(index) {}

  std::vector<plugin::Finding>* findings_;
  std::vector<plugin::Finding>* warnings_ = nullptr;
  const Reader* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = no_index;
};

// The words of a finding's code.
namespace finding {
inline constexpr const char* unknown_key = "UnknownKey";
inline constexpr const char* missing_key = "MissingKey";
inline constexpr const char* duplicate_key = "DuplicateKey";
inline constexpr const char* reserved_key = "ReservedKey";
inline constexpr const char* wrong_type = "WrongType";
inline constexpr const char* invalid_value = "InvalidValue";
inline constexpr const char* out_of_range = "OutOfRange";
inline constexpr const char* too_long = "TooLong";
inline constexpr const char* contradiction = "Contradiction";  // with another setting
// Of warnings:
inline constexpr const char* deprecated = "Deprecated";
inline constexpr const char* short_time = "ShortTime";
}  // namespace finding

// What was found, for an error: the value, cut short.
std::string found(const json::value& value);
std::string found(std::string_view text);
// The same without its content: for what may hold a secret.
std::string found_kind(const json::value& value);

// "found X, expected Y"
std::string found_expected(const std::string& found, const std::string& expected);

// `misplaced`: keys that are known elsewhere, and what to say of each.
void report_unknown_key(const Reader& place, std::string_view key, const std::vector<std::string>& known,
                        const std::vector<std::pair<std::string, std::string>>& misplaced);
// "did you mean `x`?", or "".
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

// Throws plugin::Error (STEPOP_E_INVALID) when there are findings.
void throw_if_any(std::vector<plugin::Finding> findings);

}  // namespace stepop::request
