// The references that a string of a stack or pipeline file may hold:
//   ${env:NAME}  ${env:NAME:-default}      the environment of the command, when the file is read
//   ${steps.STEP.result}  ${steps.STEP.result.member.0}     what an earlier step wrote, when the
//   later one is submitted
//   $${                                    a literal ${
// Any other ${...} is left as it is: it belongs to the step's own shell.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "input/reference.hpp"

namespace stepop::orchestrator {

struct ResultReference {
  std::string step;
  std::vector<std::string> path;  // members, or decimal indexes, inside the result; empty for the whole
  bool operator==(const ResultReference&) const = default;
};
std::string to_text(const ResultReference&);  // as it is written: ${steps.a.result.rows}

struct Template {
  using Part = std::variant<std::string, ResultReference>;
  std::vector<Part> parts;  // texts are never empty, and no two are neighbours
  bool operator==(const Template&) const = default;
};

struct TemplateReading {
  Template value;
  std::vector<std::string> errors;  // sentences
};
// Resolves the environment's references; keeps those to results.
TemplateReading read_template(std::string_view text, const Environment& environment);

// As JSON, for the journal: a string, or an array of strings and {"step","path"}.
boost::json::value to_json(const Template&);
Template template_from_json(const boost::json::value&);  // REQUIRES: made by to_json

// Results by step. A step that has no entry wrote none.
using Results = std::map<std::string, boost::json::value, std::less<>>;

// The text with results in place: strings as they are, anything else as compact JSON. `error` says
// what is not there.
struct Rendering {
  std::string text;
  std::string error;
};
Rendering render(const Template&, const Results&);

}  // namespace stepop::orchestrator
