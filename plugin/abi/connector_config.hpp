#pragma once

#include <optional>
#include <stepop/plugin.hpp>

#include "connectors/configuration.hpp"

namespace stepop::abi {

// The configuration of `open`, parted: `connector` and `connector_resource_id` are the service connectors', the rest is the
// flavor's own.
struct PartedConfig {
  plugin::json::object rest;
  std::optional<connectors::Configuration> connector;  // its resource_id is the cluster that is meant
};
// Throws plugin::Error (INVALID) with every mistake of the connector, its paths beginning with "connector.".
PartedConfig part_config(const plugin::json::object& config);

// The flavor's JSON Schema with these two members.
plugin::json::object with_connector(plugin::json::object config_schema);

}  // namespace stepop::abi
