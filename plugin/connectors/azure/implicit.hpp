// Azure's credentials that nobody gave to the connector: found where Azure's own libraries look, in their order.
#pragma once

#include <string>

#include "connectors/azure/token.hpp"

namespace stepop::connectors::azure {

// A service principal's secret or certificate in the environment; workload identity; a managed identity. `tenant`: "" for
// $AZURE_TENANT_ID. `scope` ends in "/.default". Throws plugin::Error, which says where was looked.
Token implicit_token(const Surroundings&, const std::string& tenant, const std::string& scope);

// With a certificate and its key in one PEM.
Token certificate_token(const Surroundings&, const std::string& tenant, const std::string& client,
                        const std::string& pem, const std::string& password, const std::string& scope,
                        const std::string& path);

}  // namespace stepop::connectors::azure
