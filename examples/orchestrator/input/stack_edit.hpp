// Changes a stack file's text as a person would: what is not meant stays, comments and order too. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "input/yaml_splice.hpp"

namespace stepop::orchestrator {

struct StackChange {
  MemberPath path;                          // e.g. {"step_operators", "cluster", "configuration", "cleanup"}
  std::optional<boost::json::value> value;  // none: the member goes
};

// The text with all changes made, one after the other. It is read again and compared with what was meant. Throws
// BadInput, with `file` in it, when a change cannot be made or the outcome would say something else: then the file must
// stay as it is.
std::string edited_stack(const std::string& file, const std::string& text, const std::vector<StackChange>&);

// A new stack file.
std::string new_stack_text(const std::string& name);

}  // namespace stepop::orchestrator
