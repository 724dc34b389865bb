// Secrets: where each value comes from, and never the value itself until the moment it is submitted.
//
// A source, as settings, configurations and the journal have it:
//   "Bearer ${env:TOKEN}"                 text with references (late_text.hpp)
//   the place of a value that stands plainly in a file (value_in_file.hpp)
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "input/mapping_reader.hpp"

namespace stepop::orchestrator {

// What settings and configurations call them.
inline constexpr const char* kSecrets = "secrets";

// A mapping of names to secrets as sources by name. No complaint says what a value is.
boost::json::object read_secrets(const YamlValue&, const std::string& path, FileReading&);

// The places of those that stand plainly in a file, of settings or of a configuration: value_in_file.hpp.
std::vector<boost::json::value> plain_secrets(const boost::json::object& settings);

// The same settings with something else in the place of each secret.
boost::json::object without_secrets(boost::json::object settings);

}  // namespace stepop::orchestrator
