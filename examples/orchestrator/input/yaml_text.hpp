// JSON as YAML that people read: what a stack file gets, and `-o yaml`. Everything reads back as the same JSON, under
// YAML 1.2's core schema and under YAML 1.1.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace stepop::orchestrator {

// A string as a scalar: plain where every reader takes it for this string, else in double quotes.
std::string string_text(std::string_view);

// On one line: `{a: 1, b: [x, y]}`.
std::string flow_text(const boost::json::value&);

// `key: value`, the first line indented by `indent` blanks and what is inside it by `step` more. No line has a line end.
std::vector<std::string> member_lines(std::string_view key, const boost::json::value&, std::size_t indent,
                                      std::size_t step);

// A whole document, with a final newline.
std::string to_yaml(const boost::json::value&);

}  // namespace stepop::orchestrator
