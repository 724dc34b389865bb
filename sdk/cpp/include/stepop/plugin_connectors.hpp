// For a plugin that has service connectors: the extension stepop.connectors/1 over functions of its own.
#pragma once

#include <stepop/draft/connectors.h>

#include <stepop/plugin.hpp>

namespace stepop::plugin {

// See stepop/draft/connectors.h for each function and what it returns. All may be
// called from any thread at any time, and may throw Error. `resource_id` is empty where the host named none.
struct Connectors {
  json::array (*types)();
  void (*validate)(const json::object& connector);
  json::object (*verify)(const json::object& connector, std::chrono::milliseconds timeout);
  json::array (*list_resources)(const json::object& connector, std::string_view resource_type,
                                std::chrono::milliseconds timeout);
  json::object (*describe_resource)(const json::object& connector, std::string_view resource_id,
                                    std::chrono::milliseconds timeout);
  json::object (*access)(const json::object& connector, std::string_view resource_id,
                         std::chrono::milliseconds timeout);
};

// The extension that calls them: {STEPOP_EXT_CONNECTORS, connectors_extension(mine)}. A plugin has one.
const void* connectors_extension(const Connectors&) noexcept;

}  // namespace stepop::plugin
