// Text whose references are resolved as late as possible and never kept resolved, because they may be secrets: the
// values of a step operator's configuration and a step's `secrets`. The journal holds the text as it is here.
//   ${env:NAME}  ${env:NAME:-default}    the environment of the command
//   ${file:PATH}                         what is in a file, without one newline at its end
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "input/mapping_reader.hpp"
#include "input/reference.hpp"

namespace stepop::orchestrator {

// The text with `${file:PATH}` made absolute (a relative path is relative to the file's directory), so that it can be
// resolved from anywhere. Complains of references that are written wrongly and of those to results. It does not look at the
// environment, nor at a file.
std::string read_late_text(std::string_view written, Place, const std::string& path, FileReading&);
bool has_reference(std::string_view late_text);

struct LateError {
  std::string path;  // in the value, e.g. "pod_settings.labels.a"; "" for the value itself
  std::string what;  // never says what a secret is
};

// Reads the environment and files.
std::string resolve_text(std::string_view late_text, const Environment&, const std::string& path,
                         std::vector<LateError>&);

// The same for every string of a YAML value, and of the JSON that it becomes. Places of values (value_in_file.hpp) are
// resolved too.
boost::json::value read_late_value(const YamlValue&, const std::string& path, FileReading&);
boost::json::object resolve_object(const boost::json::object& late, const Environment&, std::vector<LateError>&);

}  // namespace stepop::orchestrator
