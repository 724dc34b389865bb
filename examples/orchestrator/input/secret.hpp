// A step's secrets: where each value comes from, and never the value itself until the moment it is submitted.
//
// A source, as the pipeline and the journal have it:
//   "Bearer ${env:TOKEN}"                  text with references (late_text.hpp)
//   {"file": "/home/me/p.yaml", "step": "train"}   the value stands plainly in that pipeline file
#pragma once

#include <boost/json/object.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "input/late_text.hpp"
#include "input/mapping_reader.hpp"

namespace stepop::orchestrator {

// A step's `secrets`: sources by name. `base` is the pipeline file's directory. No complaint says what a value is.
boost::json::object read_secrets(const YamlValue&, const std::filesystem::path& base, const std::string& step,
                                 FileReading&);

// The names of those that stand plainly in a file.
std::vector<std::string> plain_secrets(const boost::json::object& sources);

// Values by name. Reads the environment and files, at each call anew. An error's path is the secret's name.
boost::json::object resolve_secrets(const boost::json::object& sources, const Environment&, std::vector<LateError>&);

}  // namespace stepop::orchestrator
