#pragma once

#include <span>
#include <stepop/plugin.hpp>
#include <string>
#include <string_view>

#include "kube/http.hpp"

namespace stepop::engine {

// A right that stepop uses. packaging/rbac grants the same ones, a file for each feature: the tests hold the two together.
struct Right {
  std::string_view verb, group, resource, subresource;
  // The step's own objects of this kind cannot do without it; empty: no step needs it.
  std::string_view kind;
  std::string_view role;        // the file of packaging/rbac that grants it
  std::string_view needed_for;  // "…, needed for following steps"
};

// In the order in which a person would grant them.
std::span<const Right> rights();

// A step that consists of objects of these kinds cannot do without it.
bool is_required(const Right& right, std::span<const std::string> kinds);

// "create pods", "get pods/log", "create jobs.batch": as `kubectl auth can-i` has it.
std::string name_of(const Right& right);

// Asks the server whether this account has it (SelfSubjectAccessReview, which every authenticated user may create).
kube::Request ask_right(const Right& right, const std::string& namespace_);

// One finding: ok; an error when it is missing and `required`, else a warning that names what does not work without.
plugin::Finding read_right(const Right& right, const std::string& namespace_, bool required,
                           const kube::Outcome& outcome);

}  // namespace stepop::engine
