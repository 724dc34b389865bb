#pragma once

#include <stepop/plugin_connectors.hpp>

namespace stepop::abi {

// The service connectors, as stepop.connectors/1 has them.
plugin::Connectors service_connectors();

}  // namespace stepop::abi
