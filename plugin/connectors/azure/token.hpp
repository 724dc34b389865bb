// Entra ID's ways to an access token: what is asked, and what is answered ("Microsoft identity platform and the OAuth 2.0
// client credentials flow"; "How to use managed identities to acquire an access token"). Pure.
#pragma once

#include <string>

#include "connectors/connector.hpp"
#include "connectors/jwt.hpp"

namespace stepop::connectors::azure {

// Which of Azure's clouds: $AZURE_AUTHORITY_HOST says it.
struct Cloud {
  std::string authority;         // https://login.microsoftonline.com
  std::string resource_manager;  // https://management.azure.com
};
Cloud cloud_of(const Surroundings&);

// What a token is for; a managed identity is asked for it as the resource, without "/.default".
inline constexpr const char* kAksServer = "6dae42f8-4368-4678-94ff-3960e28e3630";  // of all AKS clusters with Entra ID

std::string token_url(const Cloud&, const std::string& tenant);
Call secret_token(const Cloud&, const std::string& tenant, const std::string& client, const std::string& secret,
                  const std::string& scope);
// `assertion`: a JWT of the client's certificate, or of the issuer that the client trusts (workload identity).
Call assertion_token(const Cloud&, const std::string& tenant, const std::string& client, const std::string& assertion,
                     const std::string& scope);
// `id`: one that was never used before.
std::string certificate_assertion(const PrivateKey&, const std::string& thumbprint, const std::string& client,
                                  const std::string& audience, const std::string& id, Time now);

// A managed identity: of a virtual machine by its metadata service; of a service (App Service, Functions) by its own endpoint.
Call machine_token(const Surroundings&, const std::string& resource, const std::string& client);
Call service_token(const std::string& endpoint, const std::string& header, const std::string& resource,
                   const std::string& client);

Token read_token(const Call&, const Answer&, Time now, const std::string& what);

}  // namespace stepop::connectors::azure
