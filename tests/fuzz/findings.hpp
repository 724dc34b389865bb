#pragma once

#include <boost/json.hpp>
#include <optional>
#include <plugin/json_text.hpp>
#include <plugin/utf8.hpp>
#include <stepop/plugin.hpp>

#include "require.hpp"

namespace stepop::fuzz {

// A refusal of what a host handed over, as a host may rely on it.
inline void check_findings(const plugin::Error& error) {
  require(error.code() == STEPOP_E_INVALID, "bad input is INVALID");
  require(!error.findings().empty(), "a refusal says what is wrong");
  for (const auto& finding : error.findings()) {
    require(finding.level == plugin::Finding::Level::error, "a mistake is an error");
    require(!finding.code.empty() && !finding.message.empty(), "a mistake has a code and a message");
    require(plugin::with_valid_utf8(finding.message) == finding.message, "a message is UTF-8");
    require(plugin::with_valid_utf8(finding.path) == finding.path, "a path is UTF-8");
  }
}

// As the SDK reads what a host hands over.
inline std::optional<boost::json::object> object_of(std::string_view text) {
  try {
    return plugin::parse_object(text, "the input");
  } catch (const plugin::Error& error) {
    check_findings(error);
    return std::nullopt;
  }
}

// The same object with its members in the other order.
inline boost::json::object backwards(const boost::json::object& object) {
  boost::json::object out;
  for (auto member = object.end(); member != object.begin();) {
    --member;
    out.emplace(member->key(), member->value());
  }
  return out;
}

}  // namespace stepop::fuzz
