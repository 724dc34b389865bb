// What a plain (unquoted) YAML scalar means: YAML 1.2's core schema
// (https://yaml.org/spec/1.2.2/#103-core-schema), so that `no`, `on` and `2026-01-01` are strings.
// One rule is stricter: a number with a leading zero (0644) stays a string, because YAML 1.1 reads
// it as octal and 1.2 as decimal, and a wrong type is noticed where a wrong number is not.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace stepop::orchestrator {

struct PlainScalar {
  boost::json::value value;
  std::string error;  // not empty when JSON has no such value: .inf, .nan, an integer beyond 64 bits
};

PlainScalar read_plain_scalar(std::string_view text);

}  // namespace stepop::orchestrator
