#include "input/stack_edit.hpp"

#include <boost/json/object.hpp>

#include "input/yaml_document.hpp"
#include "input/yaml_text.hpp"

namespace stepop::orchestrator {
namespace json = boost::json;
namespace {

// The same change, made to what the file says and not to how it says it.
void apply(json::value& root, const StackChange& change) {
  json::value* at = &root;
  for (std::size_t i = 0; i + 1 < change.path.size(); ++i) {
    if (at->is_null()) *at = json::object();
    at = &at->as_object()[change.path[i]];
  }
  if (at->is_null()) *at = json::object();
  if (change.value)
    at->as_object()[change.path.back()] = *change.value;
  else
    at->as_object().erase(change.path.back());
}

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw BadInput(std::vector<Finding>{{file, {}, "", why, "nothing was changed; edit it by hand"}});
}

}  // namespace

std::string edited_stack(const std::string& file, const std::string& text, const std::vector<StackChange>& changes) {
  json::value meant = to_json(parse_yaml(file, text).root);
  std::string now = text;
  for (const StackChange& change : changes) {
    try {
      now = change.value ? with_member(now, change.path, *change.value) : without_member(now, change.path);
    } catch (const BadInput& bad) {
      refuse(file, bad.findings().front().message);
    }
    apply(meant, change);
  }
  std::optional<json::value> said;
  try {
    said = to_json(parse_yaml(file, now).root);
  } catch (const BadInput&) {
  }
  if (said != meant) refuse(file, "with this change it would say something else than was meant");
  return now;
}

std::string new_stack_text(const std::string& name) {
  return "name: " + string_text(name) + "\nstep_operators: {}\n";
}

}  // namespace stepop::orchestrator
