// Credentials that nobody gave to the connector: found where AWS's own libraries look, in their order.
#pragma once

#include <string>

#include "connectors/aws/signature.hpp"

namespace stepop::connectors::aws {

// 1. AWS_ACCESS_KEY_ID and its like (not when a profile is named)
// 2. the profile: roles with source_profile or credential_source, web identity, keys
// 3. AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN
// 4. container credentials (ECS, EKS Pod Identity)
// 5. the instance's role, by its metadata service, version 2
// `profile`: "" for $AWS_PROFILE, or `default`. Throws plugin::Error, which says where was looked.
Credentials implicit_credentials(const Surroundings&, const std::string& profile, const std::string& region);

}  // namespace stepop::connectors::aws
