#pragma once

#include <optional>
#include <stepop/plugin.hpp>
#include <string>

#include "engine/engine.hpp"

namespace stepop::abi {

// What `attach` and `forget` take beside an id. Unknown members and wrong types are errors, all told together.
// Throws plugin::Error (STEPOP_E_INVALID). Pure.

engine::AttachFilter read_attach_filter(const plugin::json::object& filter, const std::string& default_namespace);

struct ForgetOptions {
  std::string namespace_;
  std::optional<lifecycle::Cleanup> cleanup;
};
ForgetOptions read_forget_options(const plugin::json::object& options, const std::string& default_namespace);

}  // namespace stepop::abi
